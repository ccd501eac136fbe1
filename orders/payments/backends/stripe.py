"""Stripe through its official SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

import stripe
from django.conf import settings

from common.errors import ProviderError
from common.metrics import vendor_call
from orders.payments.backends.shapes import dispute_of, intent_of, refund_of, session_of
from orders.payments.backends.signature import event_of, verify
from orders.payments.gateway import DisputeFact, Event, Intent, RefundFact, Session

_Result = TypeVar("_Result")
_PAGE = 100  # the most that Stripe lists at once; the SDK turns the pages
# https://docs.stripe.com/api/refunds/create: any other reason of ours travels in the metadata alone.
_REASONS = frozenset({"duplicate", "fraudulent", "requested_by_customer"})


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


def _all(call: Callable[[], Iterator[_Result]]) -> Iterator[_Result]:
    """What the SDK's own paging yields, with its errors turned into ProviderError page by page."""
    rows = call_stripe(call)
    while True:
        try:
            row = call_stripe(lambda: next(rows))
        except StopIteration:
            return
        yield row


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
            "metadata": _metadata(order_id, order_number),
        }
        intents = self._client.v1.payment_intents
        made = call_stripe(lambda: intents.create(params, {"idempotency_key": idempotency_key}))
        return intent_of(made.to_dict())

    def retrieve_intent(self, intent_id: str) -> Intent:
        # https://docs.stripe.com/api/payment_intents/retrieve
        return intent_of(call_stripe(lambda: self._client.v1.payment_intents.retrieve(intent_id)).to_dict())

    def cancel_intent(self, intent_id: str) -> Intent:
        # https://docs.stripe.com/api/payment_intents/cancel ; refused once it is succeeded, processing or canceled.
        try:
            cancelled = call_stripe(lambda: self._client.v1.payment_intents.cancel(intent_id))
        except ProviderError as error:
            if str(error) != "payment_intent_unexpected_state":
                raise
            return self.retrieve_intent(intent_id)
        return intent_of(cancelled.to_dict())

    def list_intents(self, since: datetime) -> Iterator[Intent]:
        # https://docs.stripe.com/api/payment_intents/list
        params: stripe.params.PaymentIntentListParams = {"created": {"gte": _seconds(since)}, "limit": _PAGE}
        intents = self._client.v1.payment_intents
        for intent in _all(lambda: intents.list(params).auto_paging_iter()):
            yield intent_of(intent.to_dict())

    def create_session(
        self,
        *,
        amount_cents: int,
        currency: str,
        order_id: str,
        order_number: str,
        success_url: str,
        cancel_url: str,
        expires_at: datetime,
        idempotency_key: str,
    ) -> Session:
        # https://docs.stripe.com/api/checkout/sessions/create ; one line, so that the sum is ours to the cent.
        metadata = _metadata(order_id, order_number)
        name = f"Stolen Tee order {order_number}"
        params: stripe.params.checkout.SessionCreateParams = {
            "mode": "payment",
            "client_reference_id": order_id,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": currency,
                        "unit_amount": amount_cents,
                        "product_data": {"name": name},
                    },
                }
            ],
            "metadata": metadata,
            "payment_intent_data": {"description": name, "metadata": metadata},
            "success_url": success_url,
            "cancel_url": cancel_url,
            "expires_at": _seconds(expires_at),
        }
        sessions = self._client.v1.checkout.sessions
        made = call_stripe(lambda: sessions.create(params, {"idempotency_key": idempotency_key}))
        return session_of(made.to_dict())

    def retrieve_session(self, session_id: str) -> Session:
        # https://docs.stripe.com/api/checkout/sessions/retrieve
        sessions = self._client.v1.checkout.sessions
        return session_of(call_stripe(lambda: sessions.retrieve(session_id)).to_dict())

    def expire_session(self, session_id: str) -> Session:
        # https://docs.stripe.com/api/checkout/sessions/expire ; refused unless the session is open.
        try:
            expired = call_stripe(lambda: self._client.v1.checkout.sessions.expire(session_id))
        except ProviderError as error:
            if error.retryable:
                raise
            return self.retrieve_session(session_id)
        return session_of(expired.to_dict())

    def create_refund(
        self, *, intent_id: str, amount_cents: int, reason: str, reference: str, idempotency_key: str
    ) -> RefundFact:
        # https://docs.stripe.com/api/refunds/create
        params: stripe.params.RefundCreateParams = {
            "payment_intent": intent_id,
            "amount": amount_cents,
            "metadata": {"refund": reference, "reason": reason},
        }
        if reason in _REASONS:
            params["reason"] = reason
        refunds = self._client.v1.refunds
        made = call_stripe(lambda: refunds.create(params, {"idempotency_key": idempotency_key}))
        return refund_of(made.to_dict())

    def retrieve_refund(self, refund_id: str) -> RefundFact:
        # https://docs.stripe.com/api/refunds/retrieve
        return refund_of(call_stripe(lambda: self._client.v1.refunds.retrieve(refund_id)).to_dict())

    def list_refunds(self, intent_id: str) -> Iterator[RefundFact]:
        # https://docs.stripe.com/api/refunds/list
        return self._refunds({"payment_intent": intent_id, "limit": _PAGE})

    def list_refunds_since(self, since: datetime) -> Iterator[RefundFact]:
        return self._refunds({"created": {"gte": _seconds(since)}, "limit": _PAGE})

    def _refunds(self, params: stripe.params.RefundListParams) -> Iterator[RefundFact]:
        for refund in _all(lambda: self._client.v1.refunds.list(params).auto_paging_iter()):
            yield refund_of(refund.to_dict())

    def retrieve_dispute(self, dispute_id: str) -> DisputeFact:
        # https://docs.stripe.com/api/disputes/retrieve
        return dispute_of(call_stripe(lambda: self._client.v1.disputes.retrieve(dispute_id)).to_dict())

    def list_disputes(self, since: datetime) -> Iterator[DisputeFact]:
        # https://docs.stripe.com/api/disputes/list
        params: stripe.params.DisputeListParams = {"created": {"gte": _seconds(since)}, "limit": _PAGE}
        for dispute in _all(lambda: self._client.v1.disputes.list(params).auto_paging_iter()):
            yield dispute_of(dispute.to_dict())

    def list_events(self, since: datetime) -> Iterator[Event]:
        # https://docs.stripe.com/api/events/list ; Stripe keeps events for 30 days.
        params: stripe.params.EventListParams = {"created": {"gte": _seconds(since)}, "limit": _PAGE}
        for event in _all(lambda: self._client.v1.events.list(params).auto_paging_iter()):
            yield event_of(event.to_dict())

    def verify_event(self, body: bytes, signature: str) -> Event:
        # https://docs.stripe.com/webhooks#verify-official-libraries
        return verify(body, signature, settings.STRIPE_WEBHOOK_SECRETS)


def _metadata(order_id: str, order_number: str) -> dict[str, str]:
    return {"order_id": order_id, "order_number": order_number, "environment": settings.ENVIRONMENT}


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
