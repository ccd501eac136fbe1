"""What happens at the test gateway: customers pay with Stripe's test cards, banks answer, staff use the dashboard.

Every act changes the gateway's rows and puts the event that Stripe would send into its outbox, in one transaction.
"""

from __future__ import annotations

import hmac
import secrets
import time
from typing import Any

from django.db import transaction

from common.errors import DomainError, ProviderError
from orders.models import TestIntent, TestObject
from orders.payments.backends.delivery import announce

# https://docs.stripe.com/testing#cards, by payment method id.
DECLINES = {
    "pm_card_chargeDeclined": ("card_declined", "Your card was declined."),
    "pm_card_chargeDeclinedInsufficientFunds": ("card_declined", "Your card has insufficient funds."),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", "Your card has expired."),
}
GOOD = {"pm_card_visa", "pm_card_mastercard", "pm_card_amex"}
THREE_D_SECURE = "pm_card_authenticationRequired"  # the first confirmation asks, the second answers
DELAYED = "pm_usBankAccount_processing"  # stays `processing` until `settle_intent`
_FINAL = ("succeeded", "canceled")


def as_stripe_object(intent: TestIntent) -> dict[str, Any]:
    """The intent in Stripe's shape, as Stripe.js and webhooks carry it."""
    failure = {"code": intent.failure_code, "message": intent.failure_message, "type": "card_error"}
    return {
        "id": intent.pk,
        "object": "payment_intent",
        "amount": intent.amount_cents,
        "amount_received": intent.amount_received_cents,
        "currency": intent.currency,
        "client_secret": intent.client_secret,
        "status": intent.status,
        "metadata": intent.metadata,
        "last_payment_error": failure if intent.failure_code else None,
        "livemode": False,
    }


def _locked(intent_id: str) -> TestIntent:
    """The row, locked. Raises DomainError 404."""
    intent = TestIntent.objects.select_for_update().filter(pk=intent_id).first()
    if intent is None:
        raise DomainError("No such payment_intent", code="resource_missing", status=404)
    return intent


def _move(intent: TestIntent, status: str, event: str, failure: tuple[str, str] = ("", "")) -> dict[str, Any]:
    intent.status = status
    intent.failure_code, intent.failure_message = failure
    if status == "succeeded":
        intent.amount_received_cents = intent.amount_cents
    intent.save()
    payload = as_stripe_object(intent)
    announce(f"payment_intent.{event}", payload)
    return payload


@transaction.atomic
def confirm_intent(intent_id: str, *, client_secret: str, payment_method: str) -> dict[str, Any]:
    """What `stripe.confirmCardPayment` does: the intent moves or the card is declined, and an event goes out.

    Returns the intent in Stripe's shape, with `last_payment_error` set where the card was declined. Raises DomainError
    for an unknown intent, a wrong secret, an unknown test card, or an intent that cannot be confirmed any more.
    """
    intent = _locked(intent_id)
    if not hmac.compare_digest(intent.client_secret.encode(), client_secret.encode()):
        raise DomainError("No such payment_intent", code="resource_missing", status=404)
    if intent.status == "succeeded":
        return as_stripe_object(intent)
    return _charge(intent, payment_method)


def _charge(intent: TestIntent, payment_method: str) -> dict[str, Any]:
    if intent.status in ("canceled", "processing"):
        raise DomainError(f"This intent is {intent.status}.", code="payment_intent_unexpected_state")
    if payment_method in DECLINES:
        return _move(intent, "requires_payment_method", "payment_failed", DECLINES[payment_method])
    if payment_method == THREE_D_SECURE and intent.status != "requires_action":
        return _move(intent, "requires_action", "requires_action")
    if payment_method == DELAYED:
        return _move(intent, "processing", "processing")
    if payment_method not in {*GOOD, THREE_D_SECURE}:
        known = ", ".join(sorted({*GOOD, *DECLINES, THREE_D_SECURE, DELAYED}))
        raise DomainError(f"Unknown test card; known are {known}", code="resource_missing")
    return _move(intent, "succeeded", "succeeded")


@transaction.atomic
def settle_intent(intent_id: str, *, succeeded: bool) -> dict[str, Any]:
    """The bank answers a `processing` payment. Raises DomainError."""
    intent = _locked(intent_id)
    if intent.status != "processing":
        raise DomainError("Nothing is being processed.", code="payment_intent_unexpected_state")
    if succeeded:
        return _move(intent, "succeeded", "succeeded")
    refusal = ("insufficient_funds", "The bank account has insufficient funds.")
    return _move(intent, "requires_payment_method", "payment_failed", refusal)


@transaction.atomic
def cancel_intent(intent_id: str) -> dict[str, Any]:
    """The intent, canceled, or as it is where Stripe would refuse that. Raises ProviderError for an unknown one."""
    intent = TestIntent.objects.select_for_update().filter(pk=intent_id).first()
    if intent is None:
        raise ProviderError("resource_missing", provider="test gateway", retryable=False)
    if intent.status in (*_FINAL, "processing"):
        return as_stripe_object(intent)
    return _move(intent, "canceled", "canceled")


@transaction.atomic
def make_refund(
    intent_id: str,
    amount_cents: int,
    *,
    reason: str = "requested_by_customer",
    metadata: dict[str, str] | None = None,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """A refund, by the shop's call or in the dashboard. Raises ProviderError for more than is left, and for what the
    customer's bank has taken or is about to take, as Stripe does."""
    intent = _locked(intent_id)
    disputes = intent.objects_about.filter(kind=TestObject.Kind.DISPUTE)
    if any(row.data["status"] != "won" for row in disputes):
        raise ProviderError("charge_disputed", provider="test gateway", retryable=False)
    gone = _refunded_cents(intent)
    if amount_cents <= 0 or gone + amount_cents > intent.amount_received_cents:
        code = "charge_already_refunded" if gone == intent.amount_received_cents else "amount_too_large"
        raise ProviderError(code, provider="test gateway", retryable=False)
    refund_id = f"re_test_{secrets.token_hex(12)}"
    data = {
        "id": refund_id,
        "object": "refund",
        "amount": amount_cents,
        "currency": intent.currency,
        "payment_intent": intent.pk,
        "status": "succeeded",
        "reason": reason,
        "failure_reason": None,
        "metadata": metadata or {},
    }
    TestObject.objects.create(
        id=refund_id, kind=TestObject.Kind.REFUND, intent=intent, idempotency_key=idempotency_key, data=data
    )
    announce("charge.refunded", _charge_object(intent, gone + amount_cents))
    announce("refund.updated", data)
    return data


def _refunded_cents(intent: TestIntent) -> int:
    refunds = intent.objects_about.filter(kind=TestObject.Kind.REFUND)
    return sum(row.data["amount"] for row in refunds if row.data["status"] not in ("failed", "canceled"))


def _charge_object(intent: TestIntent, refunded_cents: int) -> dict[str, Any]:
    return {
        "id": f"ch_{intent.pk}",
        "object": "charge",
        "payment_intent": intent.pk,
        "amount": intent.amount_received_cents,
        "amount_refunded": refunded_cents,
        "refunded": refunded_cents == intent.amount_received_cents,
        "currency": intent.currency,
    }


def _change(key: str, event: str, **fields: Any) -> dict[str, Any]:
    row = TestObject.objects.select_for_update().get(pk=key)
    row.data |= fields
    row.save(update_fields=["data"])
    announce(event, row.data)
    return row.data


@transaction.atomic
def fail_refund(refund_id: str) -> dict[str, Any]:
    """The customer's bank sends the money back: the account is closed."""
    return _change(refund_id, "refund.failed", status="failed", failure_reason="expired_or_canceled_card")


@transaction.atomic
def open_dispute(intent_id: str, *, reason: str = "product_not_received") -> dict[str, Any]:
    """The customer asks the bank for what is left of the payment."""
    intent = _locked(intent_id)
    dispute_id = f"dp_test_{secrets.token_hex(12)}"
    data = {
        "id": dispute_id,
        "object": "dispute",
        "amount": intent.amount_received_cents - _refunded_cents(intent),
        "currency": intent.currency,
        "payment_intent": intent.pk,
        "charge": f"ch_{intent.pk}",
        "status": "needs_response",
        "reason": reason,
        "evidence_details": {"due_by": int(time.time()) + 7 * 86400},
    }
    TestObject.objects.create(id=dispute_id, kind=TestObject.Kind.DISPUTE, intent=intent, data=data)
    announce("charge.dispute.created", data)
    return data


@transaction.atomic
def answer_dispute(dispute_id: str) -> dict[str, Any]:
    """The shop has sent its evidence; the bank looks at it."""
    return _change(dispute_id, "charge.dispute.updated", status="under_review")


@transaction.atomic
def close_dispute(dispute_id: str, *, won: bool) -> dict[str, Any]:
    """The bank has decided; `won` is the shop's point of view."""
    return _change(dispute_id, "charge.dispute.closed", status="won" if won else "lost")


@transaction.atomic
def expire_session(session_id: str) -> dict[str, Any]:
    """The page, which takes no money any more, or as it is where it was paid already."""
    row = TestObject.objects.select_for_update().get(pk=session_id)
    if row.data["status"] != "open":
        return row.data
    return _change(session_id, "checkout.session.expired", status="expired")


@transaction.atomic
def pay_session(session_id: str, payment_method: str) -> dict[str, Any]:
    """The customer pays on the hosted page. Returns the intent; raises DomainError where the page is closed."""
    row = TestObject.objects.select_for_update().filter(pk=session_id, kind=TestObject.Kind.SESSION).first()
    if row is None:
        raise DomainError("No such checkout session", code="resource_missing", status=404)
    if row.data["status"] != "open" or row.data["expires_at"] <= time.time():
        raise DomainError("This page takes no payment any more.", code="session_closed")
    intent = row.intent or _intent_of_session(row)
    payload = _charge(intent, payment_method)
    if payload["status"] in ("succeeded", "processing"):
        paid = "paid" if payload["status"] == "succeeded" else "unpaid"
        _change(row.pk, "checkout.session.completed", status="complete", payment_status=paid)
    return payload


def session_data(session_id: str) -> dict[str, Any] | None:
    """The page in Stripe's shape, with the state of its intent as `intent_status`; None for an unknown one."""
    row = (
        TestObject.objects.select_related("intent")
        .filter(pk=session_id, kind=TestObject.Kind.SESSION)
        .first()
    )
    if row is None:
        return None
    return {**row.data, "intent_status": row.intent.status if row.intent else ""}


def _intent_of_session(row: TestObject) -> TestIntent:
    intent_id = f"pi_test_{secrets.token_hex(12)}"
    row.intent = TestIntent.objects.create(
        id=intent_id,
        idempotency_key=f"session:{row.pk}",
        client_secret=f"{intent_id}_secret_{secrets.token_hex(12)}",
        amount_cents=row.data["amount_total"],
        currency=row.data["currency"],
        metadata=row.data["metadata"],
    )
    row.data["payment_intent"] = intent_id
    row.save()
    return row.intent
