"""Applies the events of the inbox."""

from __future__ import annotations

import structlog

from common.errors import ProviderError
from orders.models import StripeEvent
from orders.payments.gateway import Intent, payment_gateway
from orders.payments.services import PaymentUnknown, payment_apply
from orders.payments.tasks import ring_event

log = structlog.get_logger(__name__)

_ABOUT_PAYMENT = {
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.canceled",
}


def handle(event_pk: str) -> None:
    """Applies one event if it is ours to apply. What kind it was decides nothing: the intent is read again, and
    whatever the provider says now holds, so late and repeated events do no harm."""
    event = StripeEvent.claim(event_pk)
    if event is None:
        return
    if event.type not in _ABOUT_PAYMENT:
        event.finish()
        return
    gateway = payment_gateway()
    about = event.payload["data"]["object"]
    try:
        intent = gateway.retrieve_intent(str(about["id"]))
        payment_apply(_with_failure(intent, event), actor=gateway.name)
    except PaymentUnknown:
        _again(event, "payment_unknown", "No payment has this intent.", retryable=True)
    except ProviderError as error:
        _again(event, "provider_unavailable", str(error), retryable=error.retryable)
    except Exception as error:
        _again(event, "internal_error", type(error).__name__, retryable=True)
        log.exception("stripe_event.crashed", event_id=event.event_id)
    else:
        event.finish()


def _with_failure(intent: Intent, event: StripeEvent) -> Intent:
    """A declined card leaves the intent as open as before; only the event tells of it."""
    if event.type != "payment_intent.payment_failed" or intent.status == "succeeded":
        return intent
    reason = (event.payload["data"]["object"].get("last_payment_error") or {}).get("message") or "declined"
    return Intent(**{**intent.__dict__, "failure": reason})


def _again(event: StripeEvent, code: str, message: str, *, retryable: bool) -> None:
    delay = event.fail(code, message, retryable=retryable)
    if delay is not None:
        ring_event(str(event.pk), countdown_s=delay.total_seconds())
    log.warning("stripe_event.not_applied", event_id=event.event_id, code=code, again=delay is not None)
