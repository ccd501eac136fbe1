"""The test gateway's events: signed with Stripe's scheme, and posted to the shop's real webhook until it takes them."""

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
from django.core.serializers.json import DjangoJSONEncoder

from orders.models import TestEvent
from orders.payments.tasks import ring_test_event

log = structlog.get_logger(__name__)

_DELIVERY_TIMEOUT_S = 10


def webhook_secrets() -> list[str]:
    """The configured secrets, or one that only this installation can derive."""
    if settings.STRIPE_WEBHOOK_SECRETS:
        return list(settings.STRIPE_WEBHOOK_SECRETS)
    digest = hmac.new(settings.SECRET_KEY.encode(), b"test-gateway webhook", hashlib.sha256).hexdigest()
    return [f"whsec_test_{digest}"]


def announce(event_type: str, about: dict[str, Any]) -> TestEvent:
    """Puts an event into the gateway's own outbox, inside the transaction of what it tells."""
    event_id = f"evt_test_{secrets.token_hex(12)}"
    body = {
        "id": event_id,
        "object": "event",
        "type": event_type,
        "api_version": stripe.api_version,
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": about},
    }
    event = TestEvent.objects.create(event_id=event_id, payload=body)
    ring_test_event(str(event.pk))
    return event


def deliver(event_pk: str) -> None:
    """Posts one event to the shop's webhook, signed; tries again until it is taken, as Stripe does."""
    event = TestEvent.claim(event_pk)
    if event is None:
        return
    try:
        post_event(event)
    except requests.RequestException as error:
        delay = event.fail("undelivered", str(error), retryable=True)
        if delay is not None:
            ring_test_event(event_pk, countdown_s=delay.total_seconds())
        log.warning("test_gateway.undelivered", event_id=event.event_id, error=type(error).__name__)
        return
    event.finish()


def post_event(event: TestEvent) -> None:
    """One delivery, whatever was delivered before. Raises requests.RequestException."""
    body = DjangoJSONEncoder(separators=(",", ":")).encode(event.payload)
    signature = stripe.WebhookSignature.generate_signature_header(body, webhook_secrets()[0])
    answer = requests.post(
        f"{settings.PUBLIC_URL}/api/webhooks/stripe",
        data=body.encode(),
        headers={"Stripe-Signature": signature, "Content-Type": "application/json"},
        timeout=_DELIVERY_TIMEOUT_S,
    )
    answer.raise_for_status()
