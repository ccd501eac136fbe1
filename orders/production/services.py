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


def packs_renew(order: Order) -> None:
    """The order was edited after its packs were asked for: they are built anew, and the printer is told again.

    A builder at work on the old facts loses its lease, so what it brings is not taken.
    """
    packs = ProductionPack.objects.filter(line__order=order)
    fresh = {
        "status": ProductionPack.Status.QUEUED,
        "attempts": 0,
        "available_at": timezone.now(),
        "lease_token": None,
        "lease_expires_at": None,
        "handed_over_at": None,
        "stage": "waiting",
    }
    packs.update(**fresh)
    for pack in packs:
        ring_pack(str(pack.pk))


def packs_were_handed_over(order: Order) -> bool:
    """Whether a printer may have them already."""
    return ProductionPack.objects.filter(line__order=order, handed_over_at__isnull=False).exists()
