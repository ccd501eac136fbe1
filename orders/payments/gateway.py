"""Payment providers behind one interface. Both speak Stripe's vocabulary and sign their events with its scheme."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Event:
    """A verified event. `intent_id` is empty for events that are not about a payment intent."""

    id: str
    type: str
    intent_id: str
    payload: dict[str, Any]


class PaymentGateway(Protocol):
    name: str

    def create_intent(
        self, *, amount_cents: int, currency: str, order_id: str, order_number: str, idempotency_key: str
    ) -> Intent:
        """A new intent, or the one that this key made before. Raises ProviderError."""

    def retrieve_intent(self, intent_id: str) -> Intent:
        """The intent as it is now. Raises ProviderError."""

    def verify_event(self, body: bytes, signature: str) -> Event:
        """The event in a signed body. Raises SignatureInvalid."""


@lru_cache(maxsize=2)
def _gateway(path: str) -> PaymentGateway:
    gateway: PaymentGateway = import_string(path)()
    return gateway


def payment_gateway() -> PaymentGateway:
    """The provider that the settings name."""
    return _gateway(settings.PAYMENT_GATEWAY)
