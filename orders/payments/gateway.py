"""Payment providers behind one interface. Both speak Stripe's vocabulary and sign their events with its scheme."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class SignatureInvalid(Exception):
    """The webhook body was not signed by the provider, is altered, or is too old."""


@dataclass(frozen=True)
class Intent:
    """A payment intent as the provider sees it now.

    `status` is Stripe's: requires_payment_method, requires_action, processing, succeeded, canceled, ...
    """

    id: str
    status: str
    amount_cents: int
    amount_received_cents: int
    currency: str
    order_id: str
    client_secret: str
    failure: str = ""
    environment: str = ""


@dataclass(frozen=True)
class Session:
    """A hosted Checkout page. `status` is open, complete or expired; its intent exists once the customer pays."""

    id: str
    url: str
    status: str
    intent_id: str
    order_id: str
    expires_at: datetime


@dataclass(frozen=True)
class RefundFact:
    """A refund as the provider sees it now. `reference` is the id of our own row, empty if it was not made by us.

    `status` is Stripe's: pending, requires_action, succeeded, failed or canceled.
    """

    id: str
    status: str
    amount_cents: int
    currency: str
    intent_id: str
    reference: str = ""
    reason: str = ""
    failure: str = ""


@dataclass(frozen=True)
class DisputeFact:
    """A dispute as the provider sees it now. `status` is Stripe's, from needs_response to won or lost."""

    id: str
    status: str
    amount_cents: int
    currency: str
    intent_id: str
    reason: str = ""
    evidence_due_at: datetime | None = None


@dataclass(frozen=True)
class Event:
    """A verified event. `intent_id` is empty for events that are not about a payment intent."""

    id: str
    type: str
    intent_id: str
    payload: dict[str, Any]


class PaymentGateway(Protocol):
    """Every method but the last raises ProviderError, and none is called inside a transaction."""

    name: str

    def create_intent(
        self, *, amount_cents: int, currency: str, order_id: str, order_number: str, idempotency_key: str
    ) -> Intent:
        """A new intent, or the one that this key made before."""

    def retrieve_intent(self, intent_id: str) -> Intent:
        """The intent as it is now."""

    def cancel_intent(self, intent_id: str) -> Intent:
        """The intent, which takes no money any more, or as it is where it was too late for that."""

    def list_intents(self, since: datetime) -> Iterator[Intent]:
        """Every intent that was created since."""

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
        """A new Checkout page, or the one that this key made before."""

    def retrieve_session(self, session_id: str) -> Session:
        """The page as it is now."""

    def expire_session(self, session_id: str) -> Session:
        """The page, which takes no money any more, or as it is where it was too late for that."""

    def create_refund(
        self, *, intent_id: str, amount_cents: int, reason: str, reference: str, idempotency_key: str
    ) -> RefundFact:
        """A new refund, or the one that this key made before."""

    def retrieve_refund(self, refund_id: str) -> RefundFact:
        """The refund as it is now."""

    def list_refunds(self, intent_id: str) -> Iterator[RefundFact]:
        """Every refund of this intent."""

    def list_refunds_since(self, since: datetime) -> Iterator[RefundFact]:
        """Every refund that was created since."""

    def retrieve_dispute(self, dispute_id: str) -> DisputeFact:
        """The dispute as it is now."""

    def list_disputes(self, since: datetime) -> Iterator[DisputeFact]:
        """Every dispute that was opened since."""

    def list_events(self, since: datetime) -> Iterator[Event]:
        """Every event since, the newest first; a provider keeps them for a month."""

    def verify_event(self, body: bytes, signature: str) -> Event:
        """The event in a signed body. Raises SignatureInvalid."""


@lru_cache(maxsize=2)
def _gateway(path: str) -> PaymentGateway:
    gateway: PaymentGateway = import_string(path)()
    return gateway


def payment_gateway() -> PaymentGateway:
    """The provider that the settings name."""
    return _gateway(settings.PAYMENT_GATEWAY)
