"""Asking for money: payment intents for the card form of the storefront, and pages of Stripe's hosted Checkout."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from common.errors import Conflict, DomainError, NotFound
from common.money import to_cents
from orders.models import Order, Payment, StripeEvent
from orders.payments.applying import payment_apply
from orders.payments.ending import payment_end
from orders.payments.gateway import Event, payment_gateway
from orders.payments.tasks import ring_event

log = structlog.get_logger(__name__)

# Stripe takes 30 minutes to 24 hours (https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-expires_at).
_SESSION_LIFETIME = timedelta(hours=2)
_SESSION_SHORTEST = timedelta(minutes=31)


def payment_open(
    order: Order,
    *,
    attempt: int = 1,
    channel: str = Payment.Channel.INTENT,
    purpose: str = Payment.Purpose.ORDER,
    amount: Decimal | None = None,
) -> Payment:
    """The row of an attempt, with its idempotency key, inside the transaction that wants the money."""
    is_session = channel == Payment.Channel.SESSION
    return Payment.objects.create(
        order=order,
        attempt=attempt,
        channel=channel,
        purpose=purpose,
        gateway=payment_gateway().name,
        idempotency_key=f"order:{order.pk}:{'cs' if is_session else 'pi'}:v{attempt}",
        amount=order.total if amount is None else amount,
        currency=order.currency,
        session_expires_at=timezone.now() + _SESSION_LIFETIME if is_session else None,
    )


def payment_ensure(order: Order) -> Payment:
    """The order's payment intent, known to the provider: creates it, or heals a creation that was cut off.

    Called outside any transaction. Raises ProviderError; the order then waits, and asking again heals it. An intent of
    another amount, or a hosted page, is ended first: two open doors would let a customer pay twice.
    """
    return _register(_attempt(order, Payment.Channel.INTENT))


def checkout_session_ensure(order_id: UUID) -> Payment:
    """The order's hosted page, open and of the right amount; the same one for as long as it is.

    Called outside any transaction. Raises NotFound, Conflict where the order takes no money, and ProviderError.
    """
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise NotFound("Order not found", code="order_not_found")
    _refuse_unpayable(order)
    payment = _register(_attempt(order, Payment.Channel.SESSION))
    order.refresh_from_db()
    _refuse_unpayable(order)
    if payment.status != Payment.Status.OPEN:
        raise Conflict("A payment of this order is being processed.", code="payment_processing")
    return payment


def difference_open(order: Order, amount: Decimal) -> Payment:
    """The row for what an edited, paid order costs more, in the transaction that edits it."""
    return payment_open(
        order, attempt=_last_attempt(order) + 1, purpose=Payment.Purpose.DIFFERENCE, amount=amount
    )


def difference_ensure(payment: Payment) -> Payment:
    """The intent of such a payment, outside any transaction. Raises ProviderError; asking again heals it."""
    return _register(payment)


def _refuse_unpayable(order: Order) -> None:
    if order.paid_at is not None:
        raise Conflict("This order has been paid.", code="already_paid")
    if order.production_status == Order.ProductionStatus.CANCELLED:
        raise Conflict("This order was cancelled. Please place it again.", code="order_cancelled")
    if order.hold_reason:
        raise Conflict("This order is being looked at by our staff.", code="order_held")


def _attempt(order: Order, channel: str) -> Payment:
    """The newest attempt if it is of this channel and still right, else the next one after ending it."""
    # Read first: an attempt that a twin opens from here on has the number that we want.
    last = _last_attempt(order)
    payment = order.payments.filter(purpose=Payment.Purpose.ORDER).order_by("-attempt").first()
    if payment is not None and payment.status in Payment.UNFINISHED and not _fits(payment, order, channel):
        payment_end(payment, actor="customer")
        payment.refresh_from_db()
    if payment is None or payment.status == Payment.Status.CANCELED:
        return _next_attempt(order, last + 1, channel)
    return payment


def _fits(payment: Payment, order: Order, channel: str) -> bool:
    if payment.status == Payment.Status.PROCESSING:
        return True
    if (payment.channel, payment.amount) != (channel, order.total):
        return False
    if payment.session_expires_at is None:
        return True
    shortest = _SESSION_SHORTEST if payment.status == Payment.Status.CREATING else timedelta(minutes=1)
    return payment.session_expires_at > timezone.now() + shortest


def _last_attempt(order: Order) -> int:
    last: int | None = order.payments.aggregate(last=Max("attempt"))["last"]
    return last or 0


def _next_attempt(order: Order, attempt: int, channel: str) -> Payment:
    """The row of this attempt, whichever of several parallel requests has opened it."""
    try:
        with transaction.atomic():
            return payment_open(order, attempt=attempt, channel=channel)
    except IntegrityError:
        return order.payments.get(attempt=attempt)


def _register(payment: Payment) -> Payment:
    """Makes the provider know of a payment that is being created; the same key makes the same thing again."""
    if payment.status != Payment.Status.CREATING:
        return payment
    order, gateway = payment.order, payment_gateway()
    if payment.session_expires_at is not None:
        session = gateway.create_session(
            amount_cents=to_cents(payment.amount),
            currency=payment.currency,
            order_id=str(order.pk),
            order_number=order.number,
            success_url=f"{settings.FRONTEND_URL}/orders/{order.number}",
            cancel_url=f"{settings.FRONTEND_URL}/checkout",
            expires_at=payment.session_expires_at,
            idempotency_key=payment.idempotency_key,
        )
        known: dict[str, object] = {"session_id": session.id, "session_url": session.url}
    else:
        intent = gateway.create_intent(
            amount_cents=to_cents(payment.amount),
            currency=payment.currency,
            order_id=str(order.pk),
            order_number=order.number,
            idempotency_key=payment.idempotency_key,
        )
        known = {"intent_id": intent.id, "client_secret": intent.client_secret}
    Payment.objects.filter(pk=payment.pk, status=Payment.Status.CREATING).update(
        status=Payment.Status.OPEN, updated_at=timezone.now(), **known
    )
    payment.refresh_from_db()
    if not (payment.intent_id or payment.session_id):
        raise Conflict("This order was cancelled. Please place it again.", code="order_cancelled")
    return payment


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
    if payment.status not in (Payment.Status.SUCCEEDED, Payment.Status.SURPLUS):
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
