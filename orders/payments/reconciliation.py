"""Holds the provider's books against ours, both ways: intents, refunds, disputes, and events that never arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import structlog
from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from common.errors import ProviderError
from common.money import from_cents
from orders import holds, lifecycle
from orders.models import Dispute, Payment, Refund, StripeEvent
from orders.payments.alerts import alert
from orders.payments.applying import PaymentUnknown, intent_sync, session_apply
from orders.payments.gateway import Event, Intent, PaymentGateway, payment_gateway
from orders.payments.handlers import handle
from orders.payments.ledger import RefundDoesNotFit, dispute_apply, refund_apply
from orders.payments.refunds import send
from orders.payments.services import event_receive

log = structlog.get_logger(__name__)

NIGHTLY_WINDOW = timedelta(days=3)  # three nights may fail before anything is overlooked
_ABOUT_MONEY = ("payment_intent.", "checkout.session.", "charge.refund", "refund.", "charge.dispute.")
# Younger things are on their way: a webhook takes seconds, its retries minutes.
SETTLED_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class Difference:
    """Something on which the two books do not agree. `repair` makes them agree, where a machine can."""

    kind: str
    reference: str
    detail: str
    repair: Callable[[], object] | None = None


def reconcile(since: datetime, *, until: datetime | None = None) -> Iterator[Difference]:
    """What differs among everything from `since` on that is old enough to have settled. Raises ProviderError."""
    gateway = payment_gateway()
    until = until or timezone.now()
    yield from _events(gateway, since)
    yield from _intents(gateway, since)
    yield from _our_payments(gateway, since, until)
    yield from _refunds(gateway, since)
    yield from _our_refunds(gateway, since, until)
    yield from _disputes(gateway, since)
    yield from _sums()


def repair(difference: Difference) -> bool:
    """Whether the difference is gone as far as we can tell. What fails is logged and stays a difference."""
    if difference.repair is None:
        return False
    try:
        difference.repair()
    except (ProviderError, PaymentUnknown, RefundDoesNotFit) as error:
        log.warning(
            "reconcile.unrepaired", kind=difference.kind, reference=difference.reference, error=str(error)
        )
        return False
    log.info("reconcile.repaired", kind=difference.kind, reference=difference.reference)
    return True


def reconcile_nightly() -> None:
    """Repairs what can be repaired and alerts about the rest. Without the provider's answer, tomorrow does it."""
    now = timezone.now()
    try:
        left = [d for d in list(reconcile(now - NIGHTLY_WINDOW, until=now - SETTLED_AFTER)) if not repair(d)]
    except ProviderError as error:
        log.warning("reconcile.postponed", error=str(error))
        return
    for difference in left:
        alert(f"reconcile_{difference.kind}"[:60], difference.reference, detail=difference.detail)
    log.info("reconcile.finished", differences=len(left))


def _events(gateway: PaymentGateway, since: datetime) -> Iterator[Difference]:
    """Events that the webhook never got, and those that were given up, oldest first."""
    sent = [event for event in gateway.list_events(since) if event.type.startswith(_ABOUT_MONEY)]
    known = dict(
        StripeEvent.objects.filter(event_id__in=[event.id for event in sent]).values_list(
            "event_id", "status"
        )
    )
    for event in reversed(sent):
        if _is_foreign_event(event):
            continue
        if event.id not in known:
            yield Difference("event_missed", event.id, event.type, partial(_receive, event))
        elif known[event.id] == StripeEvent.Status.FAILED:
            yield Difference("event_failed", event.id, event.type, partial(_retry, event))


def _is_foreign_event(event: Event) -> bool:
    metadata = event.payload["data"]["object"].get("metadata") or {}
    return metadata.get("environment", settings.ENVIRONMENT) != settings.ENVIRONMENT


def _receive(event: Event) -> None:
    """Takes the event as the webhook would have, and applies it here and now."""
    event_receive(event)
    row = StripeEvent.objects.get(event_id=event.id)
    handle(str(row.pk))
    row.refresh_from_db()
    if row.error_code:
        raise PaymentUnknown(row.error_code)


def _retry(event: Event) -> None:
    StripeEvent.objects.filter(event_id=event.id, status=StripeEvent.Status.FAILED).update(
        status=StripeEvent.Status.QUEUED, attempts=0, available_at=timezone.now(), completed_at=None
    )
    _receive(event)


def _intents(gateway: PaymentGateway, since: datetime) -> Iterator[Difference]:
    """Stripe has the money and we do not know, or we know of another sum."""
    for intent in gateway.list_intents(since):
        if intent.environment not in ("", settings.ENVIRONMENT) or not intent.order_id:
            continue
        if intent.status == "succeeded":
            yield from _succeeded(intent)


def _succeeded(intent: Intent) -> Iterator[Difference]:
    payment = Payment.objects.filter(intent_id=intent.id).first()
    received = from_cents(intent.amount_received_cents)
    sync = partial(intent_sync, intent.id, actor="reconciliation")
    if payment is None:
        yield Difference("payment_unknown", intent.id, f"{received} for order {intent.order_id}", sync)
    elif payment.captured != received:
        detail = f"Stripe has {received}, we have {payment.captured} ({payment.status})"
        yield Difference("payment_not_applied", intent.id, detail, sync)


def _our_payments(gateway: PaymentGateway, since: datetime, until: datetime) -> Iterator[Difference]:
    """We say paid, or wait, and Stripe says otherwise."""
    ours = Payment.objects.filter(gateway=gateway.name, created_at__gte=since, created_at__lte=until)
    for payment in ours.exclude(status=Payment.Status.CREATING).select_related("order").iterator():
        if payment.intent_id is None:
            yield from _our_session(gateway, payment)
            continue
        try:
            intent = gateway.retrieve_intent(payment.intent_id)
        except ProviderError as error:
            if error.retryable:
                raise
            yield Difference("payment_missing", payment.intent_id, str(error), _holder(payment, str(error)))
            continue
        is_paid = payment.status in (Payment.Status.SUCCEEDED, Payment.Status.SURPLUS)
        if is_paid and intent.status != "succeeded":
            detail = f"we say {payment.status}, Stripe says {intent.status}"
            yield Difference("payment_missing", payment.intent_id, detail, _holder(payment, detail))
        elif payment.status == Payment.Status.OPEN and intent.status in ("canceled", "processing"):
            yield Difference(
                "status",
                payment.intent_id,
                f"we say {payment.status}, Stripe says {intent.status}",
                partial(intent_sync, payment.intent_id, actor="reconciliation"),
            )


def _our_session(gateway: PaymentGateway, payment: Payment) -> Iterator[Difference]:
    if payment.session_id is None or payment.status != Payment.Status.OPEN:
        return
    session = gateway.retrieve_session(payment.session_id)
    if session.status != "open":
        yield Difference(
            "session",
            session.id,
            f"we say {payment.status}, Stripe says {session.status}",
            partial(session_apply, session, actor="reconciliation"),
        )


def _holder(payment: Payment, detail: str) -> Callable[[], None] | None:
    """A paid order without money is nothing that a machine may repair: it is held, and people are told."""
    if payment.status != Payment.Status.SUCCEEDED or payment.order.hold_reason:
        return None

    def hold() -> None:
        lifecycle.order_hold(payment.order, reason=holds.PAYMENT_MISSING, actor="reconciliation", note=detail)
        alert(holds.PAYMENT_MISSING, str(payment.pk), order=payment.order, detail=detail)

    return hold


def _refunds(gateway: PaymentGateway, since: datetime) -> Iterator[Difference]:
    """Refunds at Stripe that are not in the ledger, or stand there in another state or sum."""
    for fact in gateway.list_refunds_since(since):
        payment = Payment.objects.filter(intent_id=fact.intent_id).first()
        if payment is None:
            continue  # another shop's, or of a payment that is a difference of its own
        row = Refund.objects.filter(provider_id=fact.id).first()
        ours = f"{row.amount} {row.state}" if row else "nothing"
        theirs = f"{from_cents(fact.amount_cents)} {fact.status.replace('requires_action', 'pending')}"
        if ours != theirs:
            yield Difference(
                "refund",
                fact.id,
                f"Stripe has {theirs}, we have {ours}",
                partial(refund_apply, fact, payment, actor="reconciliation"),
            )


def _our_refunds(gateway: PaymentGateway, since: datetime, until: datetime) -> Iterator[Difference]:
    """Refunds of ours that Stripe does not know, and those whose sending was given up half-way."""
    ours = Refund.objects.filter(created_at__gte=since, created_at__lte=until, payment__gateway=gateway.name)
    for row in ours.filter(source=Refund.Source.SHOP).select_related("payment").iterator():
        if row.state == Refund.State.REQUESTED and row.status == Refund.Status.FAILED:
            yield Difference("refund_stuck", str(row.pk), row.error_message, partial(_resend, row))
        elif row.provider_id and row.state not in Refund.GIVEN_UP:
            try:
                gateway.retrieve_refund(row.provider_id)
            except ProviderError as error:
                if error.retryable:
                    raise
                yield Difference("refund_missing", row.provider_id, str(error))


def _resend(row: Refund) -> None:
    Refund.objects.filter(pk=row.pk, status=Refund.Status.FAILED).update(
        status=Refund.Status.QUEUED, attempts=1, available_at=timezone.now(), completed_at=None
    )
    send(str(row.pk))
    row.refresh_from_db()
    if row.state == Refund.State.REQUESTED:
        raise ProviderError(row.error_message, provider="payment provider", retryable=True)


def _disputes(gateway: PaymentGateway, since: datetime) -> Iterator[Difference]:
    for fact in gateway.list_disputes(since):
        payment = Payment.objects.filter(intent_id=fact.intent_id).first()
        if payment is None:
            continue
        row = Dispute.objects.filter(provider_id=fact.id).first()
        if row is None or row.status != fact.status:
            ours = row.status if row else "nothing"
            yield Difference(
                "dispute",
                fact.id,
                f"Stripe says {fact.status}, we have {ours}",
                partial(dispute_apply, fact, payment, actor="reconciliation"),
            )


def _sums() -> Iterator[Difference]:
    """The running total of every payment against its rows: they can differ only if somebody wrote by hand."""
    rows = Refund.objects.exclude(state__in=Refund.GIVEN_UP).values_list("payment")
    sums = dict(rows.annotate(total=Sum("amount")).values_list("payment", "total"))
    booked = dict(Payment.objects.exclude(refunded=0).values_list("pk", "refunded"))
    for key in sorted(sums.keys() | booked.keys()):
        ours, theirs = booked.get(key, Decimal(0)), sums.get(key, Decimal(0))
        if ours != theirs:
            yield Difference("ledger", str(key), f"the payment says {ours}, its rows add up to {theirs}")
