"""A payment provider without latency and without memory: every intent that is asked about has been paid."""

from __future__ import annotations

from orders.payments.backends.signature import verify
from orders.payments.gateway import Event, Intent


class InstantGateway:
    """Its intents carry in their id what there is to know of them, so that any process can answer for them."""

    name = "instant"

    def create_intent(
        self, *, amount_cents: int, currency: str, order_id: str, order_number: str, idempotency_key: str
    ) -> Intent:
        intent_id = f"pi_{amount_cents}-{currency}-{order_id}"
        return self._intent(intent_id, "requires_payment_method", 0)

    def retrieve_intent(self, intent_id: str) -> Intent:
        return self._intent(intent_id, "succeeded", int(intent_id[3:].split("-", 1)[0]))

    def _intent(self, intent_id: str, status: str, received: int) -> Intent:
        cents, currency, order_id = intent_id[3:].split("-", 2)
        secret = f"{intent_id}_secret_bench"
        return Intent(intent_id, status, int(cents), received, currency, order_id, secret)

    def verify_event(self, body: bytes, signature: str) -> Event:
        from django.conf import settings

        return verify(body, signature, settings.STRIPE_WEBHOOK_SECRETS)
