"""Ends unfinished payments at the provider. Money that was faster is applied like any other: held, never lost."""

from __future__ import annotations

import structlog
from django.utils import timezone

from common.errors import ProviderError
from orders.models import Payment, PaymentStop
from orders.payments.alerts import alert
from orders.payments.applying import payment_apply, session_apply
from orders.payments.gateway import payment_gateway
from orders.payments.tasks import ring_stop

log = structlog.get_logger(__name__)


def stop(stop_pk: str) -> None:
    """Ends one payment whose order has ended; tries again while the provider does not answer."""
    row = PaymentStop.claim(stop_pk)
    if row is None:
        return
    try:
        payment_end(row.payment, actor="system")
    except ProviderError as error:
        delay = row.fail("provider_unavailable", str(error), retryable=error.retryable)
        if delay is not None:
            ring_stop(stop_pk, countdown_s=delay.total_seconds())
        else:
            alert("payment_not_stopped", str(row.payment_id), order=row.payment.order, detail=str(error))
        log.warning("payment.not_stopped", payment_id=str(row.payment_id), again=delay is not None)
        return
    row.finish()


def payment_end(payment: Payment, *, actor: str) -> None:
    """Makes the provider take no more money for this payment, or applies the money that it has taken.

    Outside any transaction. Raises ProviderError. A payment that the bank works on stays as it is: its event ends it.
    """
    if payment.status == Payment.Status.CREATING and payment_cancel(payment):
        return  # whatever the provider may have made, nobody was ever told its secret or its address
    payment.refresh_from_db()
    gateway = payment_gateway()
    if payment.session_id and not payment.intent_id:
        session = gateway.expire_session(payment.session_id)
        session_apply(session, actor=actor)
        if not session.intent_id:
            return
        payment.refresh_from_db()
    if payment.intent_id and payment.status in Payment.UNFINISHED:
        payment_apply(gateway.cancel_intent(payment.intent_id), actor=actor)


def payment_cancel(payment: Payment) -> bool:
    """Whether a payment that was still being created is cancelled now."""
    return bool(
        Payment.objects.filter(pk=payment.pk, status=Payment.Status.CREATING).update(
            status=Payment.Status.CANCELED, updated_at=timezone.now()
        )
    )
