"""The stock ledger: who may have which blanks. Every change is a movement, made under one ordered lock of the levels.

Lock order of the shop: order, its payments, discount and gift card, then stock. Nothing is locked after stock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction
from django.db.models import F, Q, Sum

from common.errors import Conflict, Unprocessable
from orders.models import Order, OrderLine, StockLevel, StockMovement
from products.models import Variant

log = structlog.get_logger(__name__)

Pieces = Mapping[UUID, int]
"""How many pieces of which variant."""


def pieces_of(lines: Iterable[OrderLine]) -> Counter[UUID]:
    """What an order needs: its lines without those that were cancelled."""
    pieces: Counter[UUID] = Counter()
    for line in lines:
        if line.production_status != OrderLine.Status.CANCELLED:
            pieces[line.variant_id] += line.quantity
    return pieces


def stock_reserve(order: Order, pieces: Pieces, *, actor: str) -> None:
    """Makes the order hold exactly these pieces of what is tracked: takes what is missing, lets go of what is too much.

    At the end of a transaction, because the levels stay locked until it ends. Raises Conflict `out_of_stock`, naming
    what is left of each variant that does not suffice.
    """
    held = stock_held(order)
    levels = _lock({*pieces, *held})
    short = []
    for level in levels:
        wanted = pieces.get(level.variant_id, 0) if level.is_tracked else 0
        missing = wanted - held[level.variant_id]
        if missing > level.available:
            short.append((level, wanted))
        elif missing:
            kind = StockMovement.Kind.RESERVE if missing > 0 else StockMovement.Kind.RELEASE
            _move(level, kind, order=order, reserved=missing, actor=actor)
    if short:
        raise _out_of_stock(short, held)


def stock_release(order: Order, *, actor: str) -> None:
    """The order ends before it is paid: what it held is free again. Repeating it changes nothing."""
    stock_reserve(order, {}, actor=actor)


def stock_sell(order: Order, *, actor: str) -> None:
    """The order is paid: what it held leaves the shelf. Repeating it changes nothing."""
    held = stock_held(order)
    for level in _lock(held):
        count = held[level.variant_id]
        if count:
            _move(level, StockMovement.Kind.SELL, order=order, on_hand=-count, reserved=-count, actor=actor)


def stock_exchange(order: Order, pieces: Pieces, *, actor: str) -> None:
    """A paid order that is not in production yet takes other blanks. Raises Conflict `out_of_stock`."""
    sold = stock_sold(order)
    levels = _lock({*pieces, *sold})
    short = []
    for level in levels:
        wanted = pieces.get(level.variant_id, 0) if level.is_tracked else 0
        more = wanted - sold[level.variant_id]
        if more > level.available:
            short.append((level, wanted))
        elif more:
            kind = StockMovement.Kind.SELL if more > 0 else StockMovement.Kind.RETURN
            _move(level, kind, order=order, on_hand=-more, actor=actor)
    if short:
        raise _out_of_stock(short, sold)


def stock_return(order: Order, *, actor: str) -> None:
    """A paid order is cancelled before its blanks were printed: they go back. Repeating it changes nothing."""
    sold = stock_sold(order)
    for level in _lock(sold):
        if sold[level.variant_id]:
            _move(level, StockMovement.Kind.RETURN, order=order, on_hand=sold[level.variant_id], actor=actor)


@transaction.atomic
def stock_count(variant: Variant, available: int | None, *, actor: str, note: str = "") -> StockLevel:
    """Staff have counted: so many pieces can be sold, besides those that orders hold. None: not tracked any more."""
    if available is not None and available < 0:
        raise Unprocessable("A shelf cannot hold less than nothing.", code="stock_invalid")
    StockLevel.objects.get_or_create(variant=variant, defaults={"is_tracked": False})
    (level,) = _lock([variant.pk])
    if level.is_tracked != (available is not None):
        level.is_tracked = available is not None
        level.save(update_fields=["is_tracked", "updated_at"])
    change = (available or 0) + level.reserved - level.on_hand
    if change:
        _move(level, StockMovement.Kind.COUNT, on_hand=change, actor=actor, note=note)
    _publish_after_commit(level)
    return level


def stock_held(order: Order) -> Counter[UUID]:
    """The pieces that an unpaid order holds, by variant: the sum of its movements."""
    return _sums(order, "reserved_change")


def stock_sold(order: Order) -> Counter[UUID]:
    """The pieces that left the shelf for a paid order, by variant."""
    return -_sums(order, "on_hand_change")


def _sums(order: Order, column: str) -> Counter[UUID]:
    rows = (
        StockMovement.objects.filter(order=order)
        .order_by()
        .values_list("level__variant_id")
        .annotate(Sum(column))
    )
    return _Signed(dict(rows))


class _Signed(Counter[UUID]):
    """A counter whose negation keeps what is below zero, unlike the standard one's."""

    def __neg__(self) -> Counter[UUID]:
        return _Signed({key: -count for key, count in self.items()})


def _lock(variants: Iterable[UUID]) -> list[StockLevel]:
    """The levels of the tracked ones among them, locked in one statement and always in the same order."""
    wanted = list(variants)
    if not wanted:
        return []
    rows = StockLevel.objects.select_for_update(of=("self",)).select_related("variant")
    return list(rows.filter(variant_id__in=wanted).order_by("pk"))


def _move(
    level: StockLevel,
    kind: StockMovement.Kind,
    *,
    actor: str,
    order: Order | None = None,
    on_hand: int = 0,
    reserved: int = 0,
    note: str = "",
) -> None:
    StockMovement.objects.create(
        level=level,
        order=order,
        kind=kind,
        on_hand_change=on_hand,
        reserved_change=reserved,
        actor=actor,
        note=note,
    )
    level.on_hand += on_hand
    level.reserved += reserved
    level.save(update_fields=["on_hand", "reserved", "updated_at"])
    _publish_after_commit(level)


def _out_of_stock(short: list[tuple[StockLevel, int]], had: Counter[UUID]) -> Conflict:
    errors = [
        {
            "pointer": "/items",
            "code": "out_of_stock",
            "detail": f"{level.variant.sku}: {wanted} wanted, {level.available + had[level.variant_id]} left.",
            "variant_id": str(level.variant_id),
            "available": level.available + had[level.variant_id],
        }
        for level, wanted in short
    ]
    return Conflict(
        "Somebody was faster: we do not have that many any more.", code="out_of_stock", errors=errors
    )


# --- What the catalogue shows ---------------------------------------------------------------------------------


def _publish_after_commit(level: StockLevel) -> None:
    """Afterwards, so that no order waits for the one row that every change of the catalogue locks."""
    transaction.on_commit(lambda: _publish_quietly(level.pk), robust=True)


def _publish_quietly(level_pk: UUID) -> None:
    try:
        stock_publish(level_pk)
    except DatabaseError as error:  # the sweeper publishes it
        log.warning("stock.unpublished", level_id=str(level_pk), error=type(error).__name__)


@transaction.atomic
def stock_publish(level_pk: UUID) -> None:
    """Tells the catalogue what can be sold of one variant."""
    level = StockLevel.objects.select_for_update().get(pk=level_pk)
    shown = level.available if level.is_tracked else None
    if level.published != shown:
        Variant.objects.filter(pk=level.variant_id).update(stock_level=shown)
        StockLevel.objects.filter(pk=level.pk).update(published=shown)


def stock_publish_missed(*, limit: int = 100) -> int:
    """Publishes levels of which the catalogue shows another number. Returns how many."""
    tracked = Q(is_tracked=True) & (Q(published__isnull=True) | ~Q(published=F("on_hand") - F("reserved")))
    missed = StockLevel.objects.filter(tracked | Q(is_tracked=False, published__isnull=False))
    keys = list(missed.values_list("pk", flat=True)[:limit])
    for pk in keys:
        _publish_quietly(pk)
    return len(keys)


def stock_follow(variant: Variant) -> None:
    """Staff have saved a variant with another number than the catalogue shows: that is a count.

    Sheets and the catalogue's admin write `Variant.stock_level`; whatever else saves a variant leaves it as it was.
    """
    level = StockLevel.objects.filter(variant=variant).first()
    if variant.stock_level != (level.published if level else None):
        stock_count(variant, variant.stock_level, actor="staff", note="from the catalogue")
