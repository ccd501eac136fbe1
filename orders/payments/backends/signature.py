"""Stripe's signature scheme, verified by its SDK; also the scheme of the test gateway."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import stripe

from orders.payments.gateway import Event, SignatureInvalid

TOLERANCE_S = 300


def verify(body: bytes, signature: str, secrets: Sequence[str]) -> Event:
    """The event in `body`, if any of `secrets` signed it. No secret at all closes the endpoint."""
    if not signature.isascii():  # the SDK would crash comparing it
        raise SignatureInvalid
    text = body.decode("utf-8", errors="replace")
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE_S)
        except stripe.SignatureVerificationError:
            continue
        return _parse(text)
    raise SignatureInvalid


def _parse(text: str) -> Event:
    try:
        return event_of(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SignatureInvalid("the body is not an event") from error


def event_of(payload: dict[str, Any]) -> Event:
    """An event in Stripe's shape. Raises KeyError, TypeError or AttributeError for anything else."""
    about: dict[str, Any] = payload["data"]["object"]
    intent_id = about["id"] if about.get("object") == "payment_intent" else about.get("payment_intent") or ""
    return Event(id=str(payload["id"]), type=str(payload["type"]), intent_id=str(intent_id), payload=payload)
