"""What orders do to their production packs: asked for when paid, renewed when edited, closed when shipped."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from orders.models import Order, OrderLine, PackEvent, ProductionPack
from orders.production.stages import due_date
from orders.production.tasks import ring_pack

_TAKEN_ON = frozenset({"accepted", "in_production"})


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


def packs_leave(order: Order, *, actor: str) -> str:
    """Closes the packs of lines that are shipped: nobody prints them any more. Returns what the history has to warn of.

    Staff may ship what they have printed themselves, so a line may leave whose pack no printer has accepted. That is
    allowed, and written down. What a printer has reported itself is closed by its report and not looked at here.
    """
    packs = _packs_here(order).filter(line__production_status=OrderLine.Status.SHIPPED)
    unaccepted = _unaccepted(packs)
    for pack in packs:
        pack_set_stage(pack, "shipped", actor)
    return f"Shipped without a printer's yes to the pack: {unaccepted}." if unaccepted else ""


def packs_unaccepted(order: Order) -> str:
    """Which packs of lines that are still here no printer has said yes to: "line 1 (sent), line 2 (not built)"."""
    gone = (OrderLine.Status.SHIPPED, OrderLine.Status.DELIVERED, OrderLine.Status.CANCELLED)
    return _unaccepted(_packs_here(order).exclude(line__production_status__in=gone))


def _packs_here(order: Order) -> QuerySet[ProductionPack]:
    packs = ProductionPack.objects.select_related("line").filter(line__order=order)
    return packs.exclude(stage="shipped").order_by("line__number")


def _unaccepted(packs: Iterable[ProductionPack]) -> str:
    return ", ".join(
        f"line {pack.line.number} ({pack.stage if pack.status == ProductionPack.Status.DONE else 'not built'})"
        for pack in packs
        if pack.stage not in _TAKEN_ON
    )


def pack_set_stage(pack: ProductionPack, stage: str, actor: str, note: str = "") -> None:
    """Moves the pack and writes it into its history; nothing where it is there already."""
    if pack.stage == stage:
        return
    PackEvent.objects.create(
        pack=pack,
        kind=PackEvent.Kind.MOVED,
        actor=actor,
        details={"before": pack.stage, "after": stage},
        note=note,
    )
    pack.stage = stage
    pack.save(update_fields=["stage", "updated_at"])


def packs_were_handed_over(order: Order) -> bool:
    """Whether a printer may have them already."""
    return ProductionPack.objects.filter(line__order=order, handed_over_at__isnull=False).exists()
