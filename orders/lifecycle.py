"""The only module that changes an order: every move is locked, checked, written with its history, and announced."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from common.errors import Conflict, NotFound, Unprocessable
from orders.models import Order, OrderEvent, OutboxMail, Payment
from orders.notifications.services import mail_enqueue
from orders.production.services import packs_request
from orders.states import PRODUCTION_MOVES, canonical_production_status, may_pay, production_refusal
from pricing.services.discounts import discount_release
from pricing.services.gift_cards import gift_card_give_back

log = structlog.get_logger(__name__)

_MAIL_OF_STATUS = {
    Order.ProductionStatus.IN_PRODUCTION: OutboxMail.Kind.ORDER_PROCESSING,
    Order.ProductionStatus.SHIPPED: OutboxMail.Kind.ORDER_SHIPPED,
    Order.ProductionStatus.DELIVERED: OutboxMail.Kind.ORDER_DELIVERED,
}


def order_lock(order_id: UUID) -> Order:
    """The row, locked until the transaction ends. Parent before child: lock the order before its payments."""
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound("Order not found", code="order_not_found")
    return order


def _write(order: Order, kind: str, actor: str, changes: dict[str, Any], note: str = "") -> None:
    before = {name: getattr(order, name) for name in changes}
    for name, value in changes.items():
        setattr(order, name, value)
    order.save(update_fields=[*changes, "updated_at"])
    OrderEvent.objects.create(
        order=order, kind=kind, actor=actor, before=_plain(before), after=_plain(changes), note=note
    )
    log.info(kind, order_id=str(order.pk), actor=actor)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Without the basket key, which is nobody's business; times as text."""
    kept = {name: value for name, value in values.items() if name != "open_basket_key"}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in kept.items()}


@transaction.atomic
def order_mark_paid(order: Order, payment: Payment | None, *, actor: str) -> None:
    """The order is paid: packs and the confirmation are asked for in the same commit. Repeating it changes nothing.

    `payment` is None where a gift card has covered everything.
    """
    order = order_lock(order.pk)
    if not may_pay(order.payment_status, Order.PaymentStatus.PAID):
        return
    if payment:
        Payment.objects.filter(pk=payment.pk).update(
            status=Payment.Status.SUCCEEDED, failure="", updated_at=timezone.now()
        )
    changes: dict[str, Any] = {
        "payment_status": Order.PaymentStatus.PAID.value,
        "paid_at": timezone.now(),
        "open_basket_key": None,
    }
    was_cancelled = order.production_status == Order.ProductionStatus.CANCELLED
    if was_cancelled:
        changes["hold_reason"] = "paid_after_cancellation"  # somebody has to give the money back
    _write(order, "order.paid", actor, changes)
    if not was_cancelled:
        mail_enqueue(order, OutboxMail.Kind.ORDER_PLACED)
    if not order.hold_reason:
        packs_request(order)


@transaction.atomic
def order_mark_payment_failed(order: Order, *, actor: str, reason: str) -> None:
    """The customer's card was refused. A paid order stays paid, whenever this arrives."""
    order = order_lock(order.pk)
    if may_pay(order.payment_status, Order.PaymentStatus.FAILED):
        _write(
            order,
            "order.payment_failed",
            actor,
            {"payment_status": Order.PaymentStatus.FAILED.value},
            note=reason,
        )


@transaction.atomic
def order_hold(order: Order, *, reason: str, actor: str, note: str = "") -> None:
    """Nothing of this order is produced until staff have looked at it."""
    order = order_lock(order.pk)
    if order.hold_reason != reason:
        _write(order, "order.held", actor, {"hold_reason": reason}, note=note)
        log.error("order.held", order_id=str(order.pk), reason=reason)


@transaction.atomic
def order_change_production(
    order_id: UUID,
    word: str,
    *,
    actor: str,
    tracking_number: str = "",
    carrier: str = "",
    internal_notes: str = "",
) -> Order:
    """Moves production on and notes tracking. `word` is of either vocabulary (processing or in_production).

    Raises NotFound, Unprocessable for an unknown word, and Conflict with the allowed next states for an illegal move.
    """
    order = order_lock(order_id)
    status = canonical_production_status(word)
    if status is None:
        raise Unprocessable(f"{word!r} is not a status of an order.", code="status_unknown")
    refusal = production_refusal(order.production_status, status, order.payment_status)
    if (
        refusal is None
        and order.hold_reason
        and status in ("in_production", "shipped")
        and status != order.production_status
    ):
        refusal = f"The order is on hold: {order.hold_reason}."
    if refusal:
        allowed = sorted(PRODUCTION_MOVES[order.production_status])
        raise Conflict(refusal, code="illegal_transition", extra={"allowed": allowed})
    moved = status != order.production_status
    changes: dict[str, Any] = {"production_status": status} if moved else {}
    if moved and status == Order.ProductionStatus.SHIPPED:
        changes["shipped_at"] = timezone.now()
    if moved and status == Order.ProductionStatus.CANCELLED:
        changes["open_basket_key"] = None
    given = {"tracking_number": tracking_number, "carrier": carrier, "internal_notes": internal_notes}
    changes |= {name: value for name, value in given.items() if value and value != getattr(order, name)}
    if changes:
        _write(order, f"order.{status}" if moved else "order.edited", actor, changes)
    if moved and status == Order.ProductionStatus.CANCELLED and order.paid_at is None:
        discount_release(order.pk)
        gift_card_give_back(order.pk)
    if moved and status in _MAIL_OF_STATUS:
        mail_enqueue(order, _MAIL_OF_STATUS[Order.ProductionStatus(status)])
    return order


@transaction.atomic
def order_expire(order_id: UUID) -> bool:
    """Cancels an order that nobody has paid; False where it was paid or moved on in the meantime."""
    order = order_lock(order_id)
    if order.paid_at is not None or order.production_status != Order.ProductionStatus.PENDING:
        return False
    order_change_production(order_id, Order.ProductionStatus.CANCELLED, actor="system")
    return True


@transaction.atomic
def order_note_created(order: Order, *, actor: str) -> None:
    """The first row of the history, in the transaction that made the order."""
    OrderEvent.objects.create(
        order=order,
        kind="order.created",
        actor=actor,
        after={"payment_status": order.payment_status, "production_status": order.production_status},
    )


@transaction.atomic
def order_release(order: Order, *, actor: str, note: str) -> None:
    """Staff have looked at a held order and let it go on."""
    order = order_lock(order.pk)
    if order.hold_reason:
        _write(order, "order.released", actor, {"hold_reason": ""}, note=note)


def order_note(order: Order, kind: str, *, actor: str, note: str) -> None:
    """A row of history about something that changed no field of the order, in the caller's transaction."""
    OrderEvent.objects.create(order=order, kind=kind, actor=actor, note=note)
