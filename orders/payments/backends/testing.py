"""The built-in test gateway: the shop's default without keys, refused in production.

It keeps intents, sessions, refunds and disputes in the database, in Stripe's shapes. What customers, banks and
dashboards do to them is in `bank`; how the shop hears of it, in `delivery`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import QuerySet

from common.errors import ProviderError
from orders.models import TestEvent, TestIntent, TestObject
from orders.payments.backends import bank
from orders.payments.backends.delivery import webhook_secrets
from orders.payments.backends.shapes import dispute_of, intent_of, refund_of, session_of
from orders.payments.backends.signature import event_of, verify
from orders.payments.gateway import DisputeFact, Event, Intent, RefundFact, Session


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
                "metadata": _metadata(order_id, order_number),
            },
        )
        if (intent.amount_cents, intent.currency) != (amount_cents, currency):
            raise _refused("idempotency_error")
        return _intent(intent)

    def retrieve_intent(self, intent_id: str) -> Intent:
        intent = TestIntent.objects.filter(pk=intent_id).first()
        if intent is None:
            raise _refused("resource_missing")
        return _intent(intent)

    def cancel_intent(self, intent_id: str) -> Intent:
        return intent_of(bank.cancel_intent(intent_id))

    def list_intents(self, since: datetime) -> Iterator[Intent]:
        for intent in TestIntent.objects.filter(created_at__gte=since).order_by("-created_at"):
            yield _intent(intent)

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
        session_id = f"cs_test_{secrets.token_hex(12)}"
        data = {
            "id": session_id,
            "object": "checkout.session",
            "url": f"{settings.PUBLIC_URL}/test-gateway/checkout/{session_id}",
            "status": "open",
            "payment_intent": None,
            "payment_status": "unpaid",
            "amount_total": amount_cents,
            "currency": currency,
            "client_reference_id": order_id,
            "metadata": _metadata(order_id, order_number),
            "success_url": success_url,
            "cancel_url": cancel_url,
            "expires_at": int(expires_at.timestamp()),
        }
        row, _ = TestObject.objects.get_or_create(
            idempotency_key=idempotency_key,
            defaults={"id": session_id, "kind": TestObject.Kind.SESSION, "data": data},
        )
        return session_of(row.data)

    def retrieve_session(self, session_id: str) -> Session:
        return session_of(_row(TestObject.Kind.SESSION, session_id).data)

    def expire_session(self, session_id: str) -> Session:
        _row(TestObject.Kind.SESSION, session_id)
        return session_of(bank.expire_session(session_id))

    @transaction.atomic
    def create_refund(
        self, *, intent_id: str, amount_cents: int, reason: str, reference: str, idempotency_key: str
    ) -> RefundFact:
        known = TestObject.objects.filter(idempotency_key=idempotency_key).first()
        if known:
            return refund_of(known.data)
        return refund_of(
            bank.make_refund(
                intent_id,
                amount_cents,
                reason=reason,
                metadata={"refund": reference},
                idempotency_key=idempotency_key,
            )
        )

    def retrieve_refund(self, refund_id: str) -> RefundFact:
        return refund_of(_row(TestObject.Kind.REFUND, refund_id).data)

    def list_refunds(self, intent_id: str) -> Iterator[RefundFact]:
        for row in _rows(TestObject.Kind.REFUND).filter(intent_id=intent_id):
            yield refund_of(row.data)

    def list_refunds_since(self, since: datetime) -> Iterator[RefundFact]:
        for row in _rows(TestObject.Kind.REFUND).filter(created_at__gte=since):
            yield refund_of(row.data)

    def retrieve_dispute(self, dispute_id: str) -> DisputeFact:
        return dispute_of(_row(TestObject.Kind.DISPUTE, dispute_id).data)

    def list_disputes(self, since: datetime) -> Iterator[DisputeFact]:
        for row in _rows(TestObject.Kind.DISPUTE).filter(created_at__gte=since):
            yield dispute_of(row.data)

    def list_events(self, since: datetime) -> Iterator[Event]:
        for row in TestEvent.objects.filter(created_at__gte=since).order_by("-created_at"):
            yield event_of(row.payload)

    def verify_event(self, body: bytes, signature: str) -> Event:
        return verify(body, signature, webhook_secrets())


def _metadata(order_id: str, order_number: str) -> dict[str, str]:
    return {"order_id": order_id, "order_number": order_number, "environment": settings.ENVIRONMENT}


def _intent(intent: TestIntent) -> Intent:
    return intent_of(bank.as_stripe_object(intent))


def _rows(kind: str) -> QuerySet[TestObject]:
    return TestObject.objects.filter(kind=kind).order_by("-created_at")


def _row(kind: str, key: str) -> TestObject:
    row = _rows(kind).filter(pk=key).first()
    if row is None:
        raise _refused("resource_missing")
    return row


def _refused(code: str) -> ProviderError:
    return ProviderError(code, provider="test gateway", retryable=False)
