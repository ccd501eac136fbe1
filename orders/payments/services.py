"""Asking for money and believing that it came: one apply step for webhooks and for the browser's report."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.errors import DomainError, NotFound
from common.money import to_cents
from orders import lifecycle
from orders.models import Order, Payment, StripeEvent
from orders.payments.gateway import Event, Intent, payment_gateway
from orders.payments.tasks import ring_event

log = structlog.get_logger(__name__)


class PaymentUnknown(Exception):
    """No payment has this intent (yet): the event may have overtaken the commit that stores it."""


def payment_open(order: Order, *, attempt: int = 1) -> Payment:
    """The row of an attempt, with its idempotency key, inside the transaction that wants the money."""
    return Payment.objects.create(
        order=order,
        attempt=attempt,
        gateway=payment_gateway().name,
        idempotency_key=f"order:{order.pk}:pi:v{attempt}",
        amount=order.total,
        currency=order.currency,
    )


def payment_ensure(order: Order) -> Payment:
    """The order's newest payment, known to the provider: creates the intent, or heals a creation that was cut off.

    Called outside any transaction. Raises ProviderError; the order then waits, and asking again heals it.
    """
    payment = order.payments.order_by("-attempt").first()
    if payment is None or payment.status == Payment.Status.CANCELED:
        payment = _next_attempt(order, payment.attempt + 1 if payment else 1)
    if payment.status != Payment.Status.CREATING:
        return payment
    intent = payment_gateway().create_intent(
        amount_cents=to_cents(payment.amount),
        currency=payment.currency,
        order_id=str(order.pk),
        order_number=order.number,
        idempotency_key=payment.idempotency_key,
    )
    Payment.objects.filter(pk=payment.pk, status=Payment.Status.CREATING).update(
        status=Payment.Status.OPEN,
        intent_id=intent.id,
        client_secret=intent.client_secret,
        updated_at=timezone.now(),
    )
    payment.refresh_from_db()
    return payment


def _next_attempt(order: Order, attempt: int) -> Payment:
    """The row of this attempt, whichever of several parallel requests has opened it."""
    try:
        with transaction.atomic():
            return payment_open(order, attempt=attempt)
    except IntegrityError:
        return order.payments.get(attempt=attempt)


def payment_apply(intent: Intent, *, actor: str) -> None:
    """Makes the order agree with what the provider says now. Safe to repeat, in any order.

    Raises PaymentUnknown. A payment that does not match its order to the cent holds the order instead of paying it.
    """
    payment = Payment.objects.select_related("order").filter(intent_id=intent.id).first()
    if payment is None:
        raise PaymentUnknown(intent.id)
    order = payment.order
    if intent.status == "succeeded":
        mismatch = _mismatch(intent, payment)
        if mismatch:
            lifecycle.order_hold(order, reason="payment_mismatch", actor=actor, note=mismatch)
            return
        lifecycle.order_mark_paid(order, payment, actor=actor)
    elif intent.status == "canceled":
        Payment.objects.filter(pk=payment.pk, status=Payment.Status.OPEN).update(
            status=Payment.Status.CANCELED
        )
    elif intent.failure:
        lifecycle.order_mark_payment_failed(order, actor=actor, reason=intent.failure)


def _mismatch(intent: Intent, payment: Payment) -> str:
    """What of intent, amount, currency and order differs; empty where the payment pays this order."""
    expected = (to_cents(payment.amount), payment.currency, str(payment.order_id))
    received = (intent.amount_received_cents, intent.currency, intent.order_id)
    if expected == received and payment.amount == payment.order.total:
        return ""
    return f"expected {expected}, received {received}"


def payment_capture(order_id: UUID, intent_id: str) -> Order:
    """The browser's report that its card was charged. The provider is asked; the browser is not believed.

    Raises NotFound, and DomainError 400 where the intent is another order's or is not paid.
    """
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise NotFound("Order not found", code="order_not_found")
    payment = order.payments.filter(intent_id=intent_id).first()
    if payment is None:
        raise DomainError("Payment not completed", code="payment_mismatch")
    if payment.status != Payment.Status.SUCCEEDED:
        intent = payment_gateway().retrieve_intent(intent_id)
        if intent.status != "succeeded":
            raise DomainError("Payment not completed", code="payment_not_completed")
        payment_apply(intent, actor="customer")
    order.refresh_from_db()
    return order


@transaction.atomic
def event_receive(event: Event) -> None:
    """Puts a verified event into the inbox, once; a redelivery is a no-op."""
    row, created = StripeEvent.objects.get_or_create(
        event_id=event.id, defaults={"type": event.type, "payload": event.payload}
    )
    if created:
        ring_event(str(row.pk))
    log.info("stripe_event.received", event_id=event.id, event_type=event.type, first=created)
