"""Asking for production packs, in the transaction that made the order payable for."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from orders.models import Order, ProductionPack
from orders.production.stages import due_date
from orders.production.tasks import ring_pack


def packs_request(order: Order) -> None:
    """One pack per line, once, and a bell for each."""
    due_on = due_date((order.paid_at or timezone.now()).date(), settings.PRODUCTION_DAYS)
    for line in order.lines.all():
        pack, created = ProductionPack.objects.get_or_create(line=line, defaults={"due_on": due_on})
        if created:
            ring_pack(str(pack.pk))
