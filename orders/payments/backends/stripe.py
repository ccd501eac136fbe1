"""Stripe through its official SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import stripe
from django.conf import settings

from common.errors import ProviderError
from common.metrics import vendor_call
from orders.payments.backends.signature import verify
from orders.payments.gateway import Event, Intent

_Result = TypeVar("_Result")


def stripe_client() -> stripe.StripeClient:
    """A client with short time-outs: the SDK's own default is 80 s."""
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": settings.STRIPE_API_URL} if settings.STRIPE_API_URL else {},
        http_client=stripe.RequestsClient(timeout=(3, 10)),
        max_network_retries=2,
    )


def call_stripe(call: Callable[[], _Result]) -> _Result:
    """Runs one SDK call and turns its errors into ProviderError."""
    try:
        with vendor_call("stripe", "request"):
            return call()
    except stripe.StripeError as error:
        retryable = (
            isinstance(error, (stripe.APIConnectionError, stripe.RateLimitError))
            or (error.http_status or 0) >= 500
        )
        code = getattr(error, "code", None) or type(error).__name__
        raise ProviderError(str(code), provider="Stripe", retryable=retryable) from error


class StripeGateway:
    name = "stripe"

    def __init__(self) -> None:
        self._client = stripe_client()

    def create_intent(
        self, *, amount_cents: int, currency: str, order_id: str, order_number: str, idempotency_key: str
    ) -> Intent:
        # https://docs.stripe.com/api/payment_intents/create
        params: stripe.params.PaymentIntentCreateParams = {
            "amount": amount_cents,
            "currency": currency,
            "automatic_payment_methods": {"enabled": True},
            "description": f"Stolen Tee order {order_number}",
            "metadata": {
                "order_id": order_id,
                "order_number": order_number,
                "environment": settings.ENVIRONMENT,
            },
        }
        intents = self._client.v1.payment_intents
        return _intent(call_stripe(lambda: intents.create(params, {"idempotency_key": idempotency_key})))

    def retrieve_intent(self, intent_id: str) -> Intent:
        # https://docs.stripe.com/api/payment_intents/retrieve
        return _intent(call_stripe(lambda: self._client.v1.payment_intents.retrieve(intent_id)))

    def verify_event(self, body: bytes, signature: str) -> Event:
        # https://docs.stripe.com/webhooks#verify-official-libraries
        return verify(body, signature, settings.STRIPE_WEBHOOK_SECRETS)


def _intent(intent: stripe.PaymentIntent) -> Intent:
    metadata = intent.metadata.to_dict() if intent.metadata else {}
    failure = intent.last_payment_error
    return Intent(
        id=intent.id,
        status=intent.status,
        amount_cents=intent.amount,
        amount_received_cents=intent.amount_received or 0,
        currency=intent.currency,
        order_id=str(metadata.get("order_id", "")),
        client_secret=intent.client_secret or "",
        failure=(failure.message or failure.code or "") if failure else "",
    )
