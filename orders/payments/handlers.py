"""Applies the events of the inbox. What kind an event is decides only what is read again from the provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings

from common.errors import ProviderError
from orders.models import Payment, StripeEvent
from orders.payments.alerts import alert
from orders.payments.applying import PaymentUnknown, payment_apply, payment_of, session_apply
from orders.payments.gateway import Intent, PaymentGateway, payment_gateway
from orders.payments.ledger import RefundDoesNotFit, dispute_apply, refund_apply
from orders.payments.tasks import ring_event

log = structlog.get_logger(__name__)


def handle(event_pk: str) -> None:
    """Applies one event if it is ours to apply. The provider is asked what holds *now*, so late and repeated events do
    no harm, and one that overtakes its order is tried again."""
    event = StripeEvent.claim(event_pk)
    if event is None:
        return
    try:
        apply(event.type, event.payload["data"]["object"])
    except PaymentUnknown:
        _again(event, "payment_unknown", "No payment has this intent.", retryable=True)
    except RefundDoesNotFit as error:
        _again(event, "refund_does_not_fit", str(error), retryable=True)
    except ProviderError as error:
        _again(event, "provider_unavailable", str(error), retryable=error.retryable)
    except Exception as error:
        _again(event, "internal_error", type(error).__name__, retryable=True)
        log.exception("stripe_event.crashed", event_id=event.event_id)
    else:
        event.finish()


def apply(event_type: str, about: Mapping[str, Any]) -> None:
    """Raises PaymentUnknown, RefundDoesNotFit and ProviderError; does nothing for kinds that are not about money."""
    gateway = payment_gateway()
    if event_type.startswith("payment_intent."):
        _intent(gateway, str(about["id"]), _failure(event_type, about))
    elif event_type.startswith("checkout.session."):
        _session(gateway, about)
    elif event_type.startswith(("charge.refund", "refund.")):
        _refunds(gateway, about.get("payment_intent"))
    elif event_type.startswith("charge.dispute."):
        _dispute(gateway, str(about["id"]), about.get("payment_intent"))


def refunds_sync(gateway: PaymentGateway, intent_id: str) -> None:
    """Every refund of the intent in our ledger. Raises as `apply`."""
    payment = payment_of(intent_id)
    for fact in gateway.list_refunds(intent_id):
        refund_apply(fact, payment, actor=gateway.name)


def _intent(gateway: PaymentGateway, intent_id: str, failure: str = "") -> bool:
    """Whether the intent is this shop's: an account may serve a test shop, too, and take money for other things."""
    intent = gateway.retrieve_intent(intent_id)
    if _is_foreign(intent):
        log.info("stripe_event.foreign", intent_id=intent_id)
        return False
    payment_apply(intent, actor=gateway.name, failure=failure)
    return True


def _is_foreign(intent: Intent) -> bool:
    if Payment.objects.filter(intent_id=intent.id).exists():
        return False
    return not intent.order_id or intent.environment not in ("", settings.ENVIRONMENT)


def _failure(event_type: str, about: Mapping[str, Any]) -> str:
    """A declined card leaves the intent as open as before; sometimes only the event tells of it."""
    if event_type != "payment_intent.payment_failed":
        return ""
    return str((about.get("last_payment_error") or {}).get("message") or "declined")


def _session(gateway: PaymentGateway, about: Mapping[str, Any]) -> None:
    if (about.get("metadata") or {}).get("order_id"):
        session_apply(gateway.retrieve_session(str(about["id"])), actor=gateway.name)


def _refunds(gateway: PaymentGateway, intent_id: Any) -> None:
    if intent_id and _intent(gateway, str(intent_id)):
        refunds_sync(gateway, str(intent_id))


def _dispute(gateway: PaymentGateway, dispute_id: str, intent_id: Any) -> None:
    if intent_id and _intent(gateway, str(intent_id)):
        dispute_apply(gateway.retrieve_dispute(dispute_id), payment_of(str(intent_id)), actor=gateway.name)


def _again(event: StripeEvent, code: str, message: str, *, retryable: bool) -> None:
    delay = event.fail(code, message, retryable=retryable)
    if delay is not None:
        ring_event(str(event.pk), countdown_s=delay.total_seconds())
    else:
        alert("event_not_applied", event.event_id, detail=f"{event.type}: {code}. {message}")
    log.warning("stripe_event.not_applied", event_id=event.event_id, code=code, again=delay is not None)
