"""The built-in test gateway: the shop's default without keys, refused in production.

It keeps intents in the database, takes Stripe's test payment methods, and delivers events signed with Stripe's scheme
over HTTP to the shop's real webhook endpoint.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import Any

import requests
import stripe
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from common.errors import DomainError, ProviderError
from orders.models import TestEvent, TestIntent
from orders.payments.backends.signature import verify
from orders.payments.gateway import Event, Intent
from orders.payments.tasks import ring_test_event

log = structlog.get_logger(__name__)

# https://docs.stripe.com/testing#cards, by payment method id.
_DECLINES = {
    "pm_card_chargeDeclined": ("card_declined", "Your card was declined."),
    "pm_card_chargeDeclinedInsufficientFunds": ("card_declined", "Your card has insufficient funds."),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", "Your card has expired."),
}
_GOOD = {"pm_card_visa", "pm_card_mastercard", "pm_card_amex"}
_DELIVERY_TIMEOUT_S = 10


def webhook_secrets() -> list[str]:
    """The configured secrets, or one that only this installation can derive."""
    if settings.STRIPE_WEBHOOK_SECRETS:
        return list(settings.STRIPE_WEBHOOK_SECRETS)
    digest = hmac.new(settings.SECRET_KEY.encode(), b"test-gateway webhook", hashlib.sha256).hexdigest()
    return [f"whsec_test_{digest}"]


class TestGateway:
    name = "test-gateway"

    def __init__(self) -> None:
        if settings.PRODUCTION:
            raise ImproperlyConfigured("the test gateway must not take orders in production")

    def create_intent(
        self, *, amount_cents: int, currency: str, order_id: str, order_number: str, idempotency_key: str
    ) -> Intent:
        intent_id = f"pi_test_{secrets.token_hex(12)}"
        intent, _ = TestIntent.objects.get_or_create(
            idempotency_key=idempotency_key,
            defaults={
                "id": intent_id,
                "client_secret": f"{intent_id}_secret_{secrets.token_hex(12)}",
                "amount_cents": amount_cents,
                "currency": currency,
                "metadata": {"order_id": order_id, "order_number": order_number},
            },
        )
        return _intent(intent)

    def retrieve_intent(self, intent_id: str) -> Intent:
        intent = TestIntent.objects.filter(pk=intent_id).first()
        if intent is None:
            raise ProviderError("resource_missing", provider="test gateway", retryable=False)
        return _intent(intent)

    def verify_event(self, body: bytes, signature: str) -> Event:
        return verify(body, signature, webhook_secrets())


def _intent(intent: TestIntent) -> Intent:
    return Intent(
        id=intent.pk,
        status=intent.status,
        amount_cents=intent.amount_cents,
        amount_received_cents=intent.amount_received_cents,
        currency=intent.currency,
        order_id=str(intent.metadata.get("order_id", "")),
        client_secret=intent.client_secret,
    )


def as_stripe_object(intent: TestIntent, failure: tuple[str, str] | None = None) -> dict[str, Any]:
    """The intent in Stripe's shape, as Stripe.js and webhooks carry it."""
    return {
        "id": intent.pk,
        "object": "payment_intent",
        "amount": intent.amount_cents,
        "amount_received": intent.amount_received_cents,
        "currency": intent.currency,
        "client_secret": intent.client_secret,
        "status": intent.status,
        "metadata": intent.metadata,
        "last_payment_error": {"code": failure[0], "message": failure[1], "type": "card_error"}
        if failure
        else None,
        "livemode": False,
    }


@transaction.atomic
def confirm_intent(intent_id: str, *, client_secret: str, payment_method: str) -> dict[str, Any]:
    """What `stripe.confirmCardPayment` does: the intent succeeds or the card is declined, and an event goes out.

    Returns the intent in Stripe's shape, with `last_payment_error` set where the card was declined. Raises DomainError
    for an unknown intent, a wrong secret, an unknown test card, or an intent that cannot be confirmed any more.
    """
    intent = TestIntent.objects.select_for_update().filter(pk=intent_id).first()
    if intent is None or not hmac.compare_digest(intent.client_secret.encode(), client_secret.encode()):
        raise DomainError("No such payment_intent", code="resource_missing", status=404)
    if intent.status == "succeeded":
        return as_stripe_object(intent)
    if payment_method in _DECLINES:
        payload = as_stripe_object(intent, _DECLINES[payment_method])
        _announce("payment_intent.payment_failed", payload)
        return payload
    if payment_method not in _GOOD:
        known = ", ".join(sorted({*_GOOD, *_DECLINES}))
        raise DomainError(f"Unknown test card; known are {known}", code="resource_missing")
    intent.status, intent.amount_received_cents = "succeeded", intent.amount_cents
    intent.save(update_fields=["status", "amount_received_cents"])
    payload = as_stripe_object(intent)
    _announce("payment_intent.succeeded", payload)
    return payload


def _announce(event_type: str, payload: dict[str, Any]) -> None:
    event_id = f"evt_test_{secrets.token_hex(12)}"
    body = {
        "id": event_id,
        "object": "event",
        "type": event_type,
        "api_version": stripe.api_version,
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": payload},
    }
    event = TestEvent.objects.create(event_id=event_id, payload=body)
    ring_test_event(str(event.pk))


def deliver(event_pk: str) -> None:
    """Posts one event to the shop's webhook, signed; tries again until it is taken, as Stripe does."""
    event = TestEvent.claim(event_pk)
    if event is None:
        return
    body = DjangoJSONEncoder(separators=(",", ":")).encode(event.payload)
    signature = stripe.WebhookSignature.generate_signature_header(body, webhook_secrets()[0])
    try:
        answer = requests.post(
            f"{settings.PUBLIC_URL}/api/webhooks/stripe",
            data=body.encode(),
            headers={"Stripe-Signature": signature, "Content-Type": "application/json"},
            timeout=_DELIVERY_TIMEOUT_S,
        )
        answer.raise_for_status()
    except requests.RequestException as error:
        delay = event.fail("undelivered", str(error), retryable=True)
        if delay is not None:
            ring_test_event(event_pk, countdown_s=delay.total_seconds())
        log.warning("test_gateway.undelivered", event_id=event.event_id, error=type(error).__name__)
        return
    event.finish()
