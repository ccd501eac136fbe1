"""The only module that changes an order: every move is locked, checked, written with its history, and announced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.errors import Conflict, NotFound, Unprocessable
from orders import holds
from orders.checkout.tax_records import tax_record_sale, tax_replace_sale, tax_reverse
from orders.models import Dispute, Order, OrderEvent, OrderLine, OutboxMail, Payment, Refund
from orders.notifications.services import mail_enqueue, refund_mails_enqueue
from orders.payments.stopping import payments_stop
from orders.production.handoff import packs_hand_over
from orders.production.services import packs_leave, packs_renew, packs_request, packs_were_handed_over
from orders.states import (
    COUNTS_AS_PAID,
    LINE_MOVES,
    PRODUCTION_MOVES,
    canonical_line_status,
    canonical_production_status,
    line_follows,
    line_refusal,
    may_pay,
    order_status_of_lines,
    payment_status_after_refunds,
    production_refusal,
    steps_between,
)
from orders.stock.services import (
    pieces_of,
    stock_exchange,
    stock_release,
    stock_reserve,
    stock_return,
    stock_sell,
)
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


def _write(
    order: Order,
    kind: str,
    actor: str,
    changes: dict[str, Any],
    note: str = "",
    line: OrderLine | None = None,
) -> None:
    before = {name: getattr(order, name) for name in changes}
    for name, value in changes.items():
        setattr(order, name, value)
    order.save(update_fields=[*changes, "updated_at"])
    OrderEvent.objects.create(
        order=order,
        line=line,
        kind=kind,
        actor=actor,
        before=_plain(before),
        after=_plain(changes),
        note=note,
    )
    log.info(kind, order_id=str(order.pk), actor=actor)


_NOT_TOLD = frozenset({"open_basket_key", "tax_calculation_id"})  # keys, which are nobody's business


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """What JSON can hold: times and amounts as text."""
    kept = {name: value for name, value in values.items() if name not in _NOT_TOLD}
    return {
        name: value.isoformat()
        if hasattr(value, "isoformat")
        else str(value)
        if isinstance(value, (Decimal, UUID))
        else value
        for name, value in kept.items()
    }


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
    tax_record_sale(order)
    if not was_cancelled:
        mail_enqueue(order, OutboxMail.Kind.ORDER_PLACED)
    if not order.hold_reason:
        packs_request(order)
    if not was_cancelled:
        stock_sell(order, actor=actor)


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
        if reason not in holds.NOT_TOLD_TO_CUSTOMERS:
            mail_enqueue(order, OutboxMail.Kind.ORDER_HOLD)


@transaction.atomic
def order_change_production(
    order_id: UUID,
    word: str,
    *,
    actor: str,
    tracking_number: str = "",
    carrier: str = "",
    internal_notes: str = "",
    reason: str = "",
) -> Order:
    """Moves production on and notes tracking. `word` is of either vocabulary (processing or in_production).

    The lines that can come along do. `reason` goes into the history. Raises NotFound, Unprocessable for an unknown
    word, and Conflict with the allowed next states for an illegal move.
    """
    order = order_lock(order_id)
    status = canonical_production_status(word)
    if status is None:
        raise Unprocessable(f"{word!r} is not a status of an order.", code="status_unknown")
    refusal = production_refusal(order.production_status, status, order.payment_status)
    if status != order.production_status:
        refusal = refusal or _held(order, status)
    if refusal:
        allowed = sorted(move for move in PRODUCTION_MOVES[order.production_status] if not _held(order, move))
        raise Conflict(refusal, code="illegal_transition", extra={"allowed": allowed})
    for line in order.lines.all():
        if line_follows(line.production_status, status):
            line.production_status = status
            line.save(update_fields=["production_status", "updated_at"])
    given = {"tracking_number": tracking_number, "carrier": carrier, "internal_notes": internal_notes}
    warning = packs_leave(order, actor=actor)
    _arrive(order, status, actor=actor, given=given, note=f"{reason} {warning}".strip())
    return order


def _held(order: Order, status: str) -> str | None:
    """Why a hold forbids the move; None for moves that take nothing further."""
    if order.hold_reason and status in ("in_production", "shipped"):
        return f"The order is on hold: {order.hold_reason}."
    return None


def _arrive(order: Order, status: str, *, actor: str, given: Mapping[str, str], note: str) -> None:
    """Writes the order's new state, and starts what follows from it."""
    was = order.production_status
    moved = status != order.production_status
    changes: dict[str, Any] = {"production_status": status} if moved else {}
    if moved and status == Order.ProductionStatus.SHIPPED:
        changes["shipped_at"] = timezone.now()
    if moved and status == Order.ProductionStatus.CANCELLED:
        changes["open_basket_key"] = None
        if order.hold_reason == holds.DIFFERENCE_DUE:
            changes["hold_reason"] = ""
    changes |= {name: value for name, value in given.items() if value and value != getattr(order, name)}
    if changes:
        _write(order, f"order.{status}" if moved else "order.edited", actor, changes, note=note)
    if moved and status in _MAIL_OF_STATUS:
        mail_enqueue(order, _MAIL_OF_STATUS[Order.ProductionStatus(status)])
    if moved and status == Order.ProductionStatus.CANCELLED:
        _give_free(order, was, actor)


def _give_free(order: Order, was: str, actor: str) -> None:
    """What a cancelled order held: payments, codes, blanks. What was paid goes back by a refund, which staff decide;
    blanks that were taken into production are gone."""
    payments_stop(order)
    if order.paid_at is None:
        discount_release(order.pk)
        gift_card_give_back(order.pk)
        stock_release(order, actor=actor)
    elif was == Order.ProductionStatus.PENDING:
        if packs_were_handed_over(order):
            mail_enqueue(order, OutboxMail.Kind.PRINTER_CANCELLED)
        stock_return(order, actor=actor)


@transaction.atomic
def line_change_production(order_id: UUID, number: int, word: str, *, actor: str, reason: str = "") -> Order:
    """Moves one line on; the order follows as far as the slowest of its lines.

    Raises NotFound, Unprocessable for an unknown word, and Conflict with the allowed next states for an illegal move.
    """
    order = order_lock(order_id)
    line = order.lines.filter(number=number).first()
    if line is None:
        raise NotFound("This order has no such line.", code="line_not_found")
    status = canonical_line_status(word)
    if status is None:
        raise Unprocessable(f"{word!r} is not a status of a line.", code="status_unknown")
    if status == line.production_status:
        return order
    was = line.production_status
    refusal = line_refusal(was, status, order.payment_status) or _held(order, status)
    if refusal:
        raise Conflict(refusal, code="illegal_transition", extra={"allowed": sorted(LINE_MOVES[was])})
    line.production_status = status
    line.save(update_fields=["production_status", "updated_at"])
    OrderEvent.objects.create(
        order=order,
        line=line,
        kind=f"line.{status}",
        actor=actor,
        before={"production_status": was},
        after={"production_status": status},
        note=f"{reason} {packs_leave(order, actor=actor)}".strip(),
    )
    lines = list(order.lines.all())
    if status == OrderLine.Status.CANCELLED and was == OrderLine.Status.PENDING:
        claim = stock_exchange if order.paid_at else stock_reserve
        claim(order, pieces_of(lines), actor=actor)
    target = order_status_of_lines([other.production_status for other in lines])
    for step in steps_between(order.production_status, target):
        _arrive(order, step, actor=actor, given={}, note=f"line {number}: {reason}".strip(": "))
    return order


@transaction.atomic
def order_rewrite(
    order: Order, changes: dict[str, Any], lines: Sequence[tuple[OrderLine, dict[str, Any]]], *, actor: str
) -> None:
    """Address, sizes and amounts of an order that is not in production yet; `orders.checkout.editing` computes them.

    The order is locked. What was made from the old facts is made anew: packs are rebuilt and handed over again.
    """
    for line, facts in lines:
        before = {name: getattr(line, name) for name in facts}
        for name, value in facts.items():
            setattr(line, name, value)
        line.save(update_fields=[*facts, "updated_at"])
        told = ("size_name", "sku", "unit_price", "total_price")
        OrderEvent.objects.create(
            order=order,
            line=line,
            kind="line.edited",
            actor=actor,
            before=_plain({name: before[name] for name in told}),
            after=_plain({name: facts[name] for name in told}),
        )
    _write(order, "order.edited", actor, changes)
    if order.paid_at is not None:
        tax_replace_sale(order)
        packs_renew(order)


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
def order_claim(order_id: UUID, user: User) -> None:
    """A guest's order joins the account that reads its address; an order of an account stays where it is."""
    order = order_lock(order_id)
    if order.user_id is None:
        _write(order, "order.claimed", f"user:{user.pk}", {"user_id": user.pk})


def order_note(order: Order, kind: str, *, actor: str, note: str) -> None:
    """A row of history about something that changed no field of the order, in the caller's transaction."""
    OrderEvent.objects.create(order=order, kind=kind, actor=actor, note=note)


# --- What refunds and disputes do to an order; called by `orders.payments` alone ------------------------------


@transaction.atomic
def order_refunds_changed(order: Order, *, actor: str, note: str = "") -> None:
    """The ledger has changed: the order is called by what is left of its money. Repeating it changes nothing.

    All of it gone: the discount's budget comes free, a gift card gets its part back, and what is not in production
    yet is cancelled. A part gone: the order goes on, and code and card stay spent.
    """
    order = order_lock(order.pk)
    refund_mails_enqueue(order)
    if order.paid_at is None:
        return
    payments = Payment.objects.filter(order=order, status=Payment.Status.SUCCEEDED)
    captured = sum((payment.captured for payment in payments), Decimal("0.00"))
    gone = Refund.objects.filter(
        payment__in=payments, state__in=[Refund.State.PENDING, Refund.State.SUCCEEDED]
    )
    refunded = sum((refund.amount for refund in gone), Decimal("0.00"))
    status = payment_status_after_refunds(captured, refunded)
    tax_reverse(
        order,
        [refund for refund in gone if refund.state == Refund.State.SUCCEEDED],
        is_all=status == Order.PaymentStatus.REFUNDED,
    )
    if status == order.payment_status:
        if note:
            _write(order, "order.refund_noted", actor, {}, note=note)
        return
    kind = "order.refund_undone" if status == Order.PaymentStatus.PAID else f"order.{status}"
    _write(order, kind, actor, {"payment_status": status}, note=note)
    if status == Order.PaymentStatus.REFUNDED:
        _end_refunded(order, actor)


def _end_refunded(order: Order, actor: str) -> None:
    discount_release(order.pk)
    gift_card_give_back(order.pk)
    if order.production_status == Order.ProductionStatus.PENDING:
        order_change_production(order.pk, Order.ProductionStatus.CANCELLED, actor=actor)


@transaction.atomic
def order_gift_card_returned(order: Order, *, actor: str, note: str = "") -> None:
    """A refund of an order that a gift card has paid in full: the card is filled again."""
    order = order_lock(order.pk)
    if order.payment_status == Order.PaymentStatus.PAID:
        _write(
            order, "order.refunded", actor, {"payment_status": Order.PaymentStatus.REFUNDED.value}, note=note
        )
        mail_enqueue(order, OutboxMail.Kind.ORDER_REFUNDED)
        _end_refunded(order, actor)


@transaction.atomic
def order_release(order: Order, *, reason: str, actor: str, note: str = "") -> None:
    """Ends the hold of this reason, unless a dispute is open; a paid order that was held from the start gets packs."""
    order = order_lock(order.pk)
    if order.hold_reason != reason:
        return
    disputes = Dispute.objects.filter(payment__order=order, status__in=Dispute.OPEN)
    follows = holds.DISPUTED if disputes.exists() else ""
    if follows == reason:
        return
    _write(order, "order.released", actor, {"hold_reason": follows}, note=note)
    is_waiting = order.production_status == Order.ProductionStatus.PENDING
    if not follows and is_waiting and order.payment_status in COUNTS_AS_PAID:
        packs_request(order)
        packs_hand_over(order)  # those that were finished during the hold


@transaction.atomic
def order_difference_paid(order: Order, payment: Payment, *, actor: str) -> None:
    """The customer has paid what an edited order costs more."""
    order = order_lock(order.pk)
    _write(order, "order.difference_paid", actor, {}, note=f"{payment.amount} {payment.currency}")
    order_release(order, reason=holds.DIFFERENCE_DUE, actor=actor)
