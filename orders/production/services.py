"""Asking for production packs, in the transaction that made the order payable for."""

from __future__ import annotations

from orders.models import Order, ProductionPack
from orders.production.tasks import ring_pack


def packs_request(order: Order) -> None:
    """One pack per line, once, and a bell for each."""
    for line in order.lines.all():
        pack, created = ProductionPack.objects.get_or_create(line=line)
        if created:
            ring_pack(str(pack.pk))
