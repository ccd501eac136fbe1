"""From Stripe's objects, as plain dictionaries, to the typed values of the gateway: one reading for both adapters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from orders.payments.gateway import DisputeFact, Intent, RefundFact, Session


def _id(value: Any) -> str:
    """The id of what may be an id, an expanded object, or nothing."""
    if isinstance(value, Mapping):
        return str(value.get("id") or "")
    return str(value or "")


def _moment(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None


def intent_of(data: Mapping[str, Any]) -> Intent:
    """https://docs.stripe.com/api/payment_intents/object"""
    metadata = data.get("metadata") or {}
    failure = data.get("last_payment_error") or {}
    return Intent(
        id=str(data["id"]),
        status=str(data["status"]),
        amount_cents=int(data["amount"]),
        amount_received_cents=int(data.get("amount_received") or 0),
        currency=str(data["currency"]),
        order_id=str(metadata.get("order_id", "")),
        client_secret=str(data.get("client_secret") or ""),
        failure=str(failure.get("message") or failure.get("code") or ""),
        environment=str(metadata.get("environment", "")),
    )


def session_of(data: Mapping[str, Any]) -> Session:
    """https://docs.stripe.com/api/checkout/sessions/object"""
    return Session(
        id=str(data["id"]),
        url=str(data.get("url") or ""),
        status=str(data.get("status") or ""),
        intent_id=_id(data.get("payment_intent")),
        order_id=str((data.get("metadata") or {}).get("order_id", "")),
        expires_at=datetime.fromtimestamp(int(data["expires_at"]), UTC),
    )


def refund_of(data: Mapping[str, Any]) -> RefundFact:
    """https://docs.stripe.com/api/refunds/object"""
    return RefundFact(
        id=str(data["id"]),
        status=str(data.get("status") or "pending"),
        amount_cents=int(data["amount"]),
        currency=str(data["currency"]),
        intent_id=_id(data.get("payment_intent")),
        reference=str((data.get("metadata") or {}).get("refund", "")),
        reason=str(data.get("reason") or ""),
        failure=str(data.get("failure_reason") or ""),
    )


def dispute_of(data: Mapping[str, Any]) -> DisputeFact:
    """https://docs.stripe.com/api/disputes/object"""
    return DisputeFact(
        id=str(data["id"]),
        status=str(data["status"]),
        amount_cents=int(data["amount"]),
        currency=str(data["currency"]),
        intent_id=_id(data.get("payment_intent")),
        reason=str(data.get("reason") or ""),
        evidence_due_at=_moment((data.get("evidence_details") or {}).get("due_by")),
    )
