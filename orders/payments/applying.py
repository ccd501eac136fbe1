"""The one step that makes orders agree with the provider: used by webhooks, browsers, reconciliation and staff.

Every function takes what the provider says *now*, locks the order, and may be repeated in any order.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from common.money import from_cents, to_cents
from orders import holds, lifecycle
from orders.models import Order, Payment, PaymentStop, Refund
from orders.payments.alerts import alert
from orders.payments.gateway import Intent, Session, payment_gateway
from orders.payments.ledger import refund_open

_TAKEN = (Payment.Status.SUCCEEDED, Payment.Status.SURPLUS)


class PaymentUnknown(Exception):
    """No payment has this intent (yet): the event may have overtaken the commit that stores it."""


def payment_of(intent_id: str) -> Payment:
    """The payment of an intent. Raises PaymentUnknown."""
    payment = Payment.objects.select_related("order").filter(intent_id=intent_id).first()
    if payment is None:
        raise PaymentUnknown(intent_id)
    return payment


def intent_sync(intent_id: str, *, actor: str, failure: str = "") -> Intent:
    """Reads the intent again and applies it. Raises PaymentUnknown and ProviderError."""
    intent = payment_gateway().retrieve_intent(intent_id)
    payment_apply(intent, actor=actor, failure=failure)
    return intent


def payment_apply(intent: Intent, *, actor: str, failure: str = "") -> None:
    """Makes the order agree with the intent. `failure` is what an event told of a declined card.

    Raises PaymentUnknown. A payment that does not match its order to the cent holds the order instead of paying it.
    """
    payment = Payment.objects.select_related("order").filter(intent_id=intent.id).first()
    payment = payment or _of_session(intent)
    unfinished = Payment.objects.filter(pk=payment.pk, status__in=Payment.UNFINISHED)
    now = timezone.now()
    if intent.status == "succeeded":
        _take(intent, payment, actor)
    elif intent.status == "canceled":
        unfinished.update(status=Payment.Status.CANCELED, updated_at=now)
    elif intent.status == "processing":
        unfinished.update(status=Payment.Status.PROCESSING, updated_at=now)
    else:
        unfinished.filter(status=Payment.Status.PROCESSING).update(status=Payment.Status.OPEN, updated_at=now)
        reason = intent.failure or failure
        if reason:
            unfinished.update(failure=reason[:255])
            lifecycle.order_mark_payment_failed(payment.order, actor=actor, reason=reason)


def session_apply(session: Session, *, actor: str) -> None:
    """Makes the payment of a hosted page agree with it, and with its intent once there is one.

    Raises PaymentUnknown and ProviderError.
    """
    payments = Payment.objects.filter(session_id=session.id)
    if not payments.exists():
        raise PaymentUnknown(session.id)
    if session.intent_id:
        payments.filter(intent_id=None).update(intent_id=session.intent_id, updated_at=timezone.now())
        intent_sync(session.intent_id, actor=actor)
    if session.status == "expired":
        payments.filter(status=Payment.Status.OPEN).update(
            status=Payment.Status.CANCELED, updated_at=timezone.now()
        )


def _of_session(intent: Intent) -> Payment:
    """The payment of a hosted page whose intent we hear of before the page's own event. Raises PaymentUnknown."""
    order_id = _uuid(intent.order_id)
    if order_id:
        waiting = Payment.objects.filter(session_id__isnull=False, intent_id=None)
        for payment in waiting.filter(order_id=order_id):
            session = payment_gateway().retrieve_session(str(payment.session_id))
            if session.intent_id == intent.id:
                Payment.objects.filter(pk=payment.pk, intent_id=None).update(intent_id=intent.id)
                return payment_of(intent.id)
    raise PaymentUnknown(intent.id)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@transaction.atomic
def _take(intent: Intent, payment: Payment, actor: str) -> None:
    """Money has arrived: it pays the order, holds it, or goes back where the order was paid already."""
    order = lifecycle.order_lock(payment.order_id)
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    if payment.status in _TAKEN:
        return
    Payment.objects.filter(pk=payment.pk).update(
        captured=from_cents(intent.amount_received_cents), updated_at=timezone.now()
    )
    payment.captured = from_cents(intent.amount_received_cents)
    mismatch = _mismatch(intent, payment)
    is_for_order = payment.purpose == Payment.Purpose.ORDER
    if not mismatch and is_for_order and order.paid_at is not None:
        _give_back(order, payment, "paid twice")
        return
    if not mismatch and not is_for_order and PaymentStop.objects.filter(payment=payment).exists():
        _give_back(order, payment, "the order was cancelled or edited once more")
        return
    if not mismatch and is_for_order and payment.amount != order.total:
        mismatch = f"paid {payment.amount}, the order comes to {order.total}"
    if mismatch:
        lifecycle.order_hold(order, reason=holds.PAYMENT_MISMATCH, actor=actor, note=mismatch)
        alert(holds.PAYMENT_MISMATCH, str(payment.pk), order=order, detail=mismatch)
    elif is_for_order:
        lifecycle.order_mark_paid(order, payment, actor=actor)
        order.refresh_from_db()
        if order.hold_reason == holds.PAID_AFTER_CANCELLATION:
            alert(
                order.hold_reason,
                str(payment.pk),
                order=order,
                detail="The order had ended. Refund it, please.",
            )
    else:
        _succeed(payment, Payment.Status.SUCCEEDED)
        lifecycle.order_difference_paid(order, payment, actor=actor)


def _mismatch(intent: Intent, payment: Payment) -> str:
    """What of intent, amount, currency and order differs; empty where the payment is what was asked for."""
    expected = (to_cents(payment.amount), payment.currency, str(payment.order_id))
    received = (intent.amount_received_cents, intent.currency, intent.order_id)
    return "" if expected == received else f"expected {expected}, received {received}"


def _succeed(payment: Payment, status: Payment.Status) -> None:
    Payment.objects.filter(pk=payment.pk).update(status=status, failure="", updated_at=timezone.now())


def _give_back(order: Order, payment: Payment, why: str) -> None:
    """Money that is not due goes back by itself: paid on two pages at once, or for an edit that no longer stands."""
    _succeed(payment, Payment.Status.SURPLUS)
    refund_open(payment, payment.captured, reason=Refund.Reason.DUPLICATE, actor="system", remark=why)
    alert("paid_twice", str(payment.pk), order=order, detail=f"This payment is being refunded: {why}.")
