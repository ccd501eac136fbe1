"""The ledger of money that goes back. Whoever starts a refund, it becomes one row; the sum is kept on the payment.

`Payment.refunded` counts a row from its first moment until it fails; a constraint keeps it within what was captured.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from common.money import from_cents
from orders import holds, lifecycle
from orders.models import Dispute, Order, OrderLine, Payment, Refund, RefundLine
from orders.payments.alerts import alert
from orders.payments.gateway import DisputeFact, RefundFact
from orders.payments.tasks import ring_refund

_STATES = {
    "pending": Refund.State.PENDING,
    "requires_action": Refund.State.PENDING,
    "succeeded": Refund.State.SUCCEEDED,
    "failed": Refund.State.FAILED,
    "canceled": Refund.State.CANCELED,
}
# A refund may fail after it succeeded, but never the other way round: an answer that is late must not undo a later one.
_RANK = {
    Refund.State.REQUESTED: 0,
    Refund.State.PENDING: 1,
    Refund.State.SUCCEEDED: 2,
    Refund.State.FAILED: 3,
    Refund.State.CANCELED: 3,
}
_CLOSED = frozenset({"won", "lost", "warning_closed", "prevented"})


class RefundDoesNotFit(Exception):
    """The provider tells of more than we count as left: a refund of ours is still on its way to being refused."""


def refund_open(
    payment: Payment,
    amount: Decimal,
    *,
    reason: str,
    actor: str,
    remark: str = "",
    lines: Mapping[OrderLine, tuple[int, Decimal]] | None = None,
) -> Refund:
    """A refund that a worker will ask the provider for. In a transaction that has locked the order.

    Raises IntegrityError where the payment does not hold so much any more: the constraint is the last word.
    """
    refund = Refund.objects.create(
        payment=payment, amount=amount, reason=reason, actor=actor, remark=remark, source=Refund.Source.SHOP
    )
    RefundLine.objects.bulk_create(
        RefundLine(refund=refund, line=line, quantity=quantity, amount=share)
        for line, (quantity, share) in (lines or {}).items()
    )
    _count(payment.pk, amount)
    ring_refund(str(refund.pk))
    return refund


@transaction.atomic
def refund_apply(fact: RefundFact, payment: Payment, *, actor: str) -> Refund:
    """Makes our row of this refund agree with the provider; makes one for a refund from its dashboard.

    Raises RefundDoesNotFit, which time heals.
    """
    order = lifecycle.order_lock(payment.order_id)
    row = _known(fact, payment)
    state = _STATES.get(fact.status, Refund.State.PENDING)
    if row is None:
        row = _from_dashboard(fact, payment, state, actor)
        news = True
    else:
        news = _move(row, fact, state)
    if news:
        if state in Refund.GIVEN_UP:
            note = f"{row.amount} of {order.number} did not go back: {fact.failure or state}"
            _hold(order, holds.REFUND_FAILED, actor, note)
            alert(holds.REFUND_FAILED, str(row.pk), order=order, detail=note)
        lifecycle.order_refunds_changed(order, actor=actor, note=f"{row.amount} {state}: {row.reason}")
    return row


def refund_give_up(refund: Refund, *, failure: str) -> None:
    """The provider has refused the refund for good: the money counts as ours again, and staff are told."""
    with transaction.atomic():
        order = lifecycle.order_lock(refund.payment.order_id)
        moved = Refund.objects.filter(pk=refund.pk, state=Refund.State.REQUESTED).update(
            state=Refund.State.FAILED, failure=failure[:255], updated_at=timezone.now()
        )
        if not moved:
            return
        _count(refund.payment_id, -refund.amount)
        note = f"{refund.amount} of {order.number} was refused: {failure}"
        alert(holds.REFUND_FAILED, str(refund.pk), order=order, detail=note)
        lifecycle.order_refunds_changed(order, actor="system", note=note)


def _known(fact: RefundFact, payment: Payment) -> Refund | None:
    rows = Refund.objects.select_for_update().filter(payment=payment)
    row = rows.filter(provider_id=fact.id).first()
    if row is None and fact.reference:
        try:
            row = rows.filter(pk=UUID(fact.reference), provider_id=None).first()
        except ValueError:
            return None
    return row


def _move(row: Refund, fact: RefundFact, state: Refund.State) -> bool:
    """Whether the row has changed."""
    if _RANK[state] <= _RANK[Refund.State(row.state)] and row.provider_id:
        return False
    if row.state not in Refund.GIVEN_UP and state in Refund.GIVEN_UP:
        _count(row.payment_id, -row.amount)
    if row.state in Refund.GIVEN_UP and state not in Refund.GIVEN_UP:
        _count(row.payment_id, row.amount)  # we had given it up, and it went through all the same
    row.state, row.provider_id, row.failure = state, fact.id, fact.failure[:255]
    row.save(update_fields=["state", "provider_id", "failure", "updated_at"])
    return True


def _from_dashboard(fact: RefundFact, payment: Payment, state: Refund.State, actor: str) -> Refund:
    amount = from_cents(fact.amount_cents)
    if state not in Refund.GIVEN_UP:
        payment = Payment.objects.select_for_update().get(pk=payment.pk)
        if amount > payment.refundable:
            raise RefundDoesNotFit(f"{fact.id}: {amount} of {payment.refundable}")
        _count(payment.pk, amount)
    return Refund.objects.create(
        payment=payment,
        amount=amount,
        state=state,
        reason=fact.reason if fact.reason in Refund.Reason.values else Refund.Reason.OTHER,
        source=Refund.Source.PROVIDER,
        actor=actor,
        provider_id=fact.id,
        failure=fact.failure[:255],
        status=Refund.Status.DONE,
        completed_at=timezone.now(),
    )


def _count(payment_id: UUID, amount: Decimal) -> None:
    changes: dict[str, Any] = {"refunded": F("refunded") + amount, "updated_at": timezone.now()}
    Payment.objects.filter(pk=payment_id).update(**changes)


@transaction.atomic
def dispute_apply(fact: DisputeFact, payment: Payment, *, actor: str) -> None:
    """Holds the order while the bank decides; lets it go when we win; books the money as gone when we lose.

    Raises RefundDoesNotFit, which time heals.
    """
    order = lifecycle.order_lock(payment.order_id)
    row, created = Dispute.objects.select_for_update().get_or_create(
        provider_id=fact.id,
        defaults={
            "payment": payment,
            "status": fact.status,
            "reason": fact.reason[:60],
            "amount": from_cents(fact.amount_cents),
            "evidence_due_at": fact.evidence_due_at,
        },
    )
    was = "" if created else row.status
    if was in _CLOSED or was == fact.status:
        return
    closed = fact.status in _CLOSED
    row.status, row.evidence_due_at = fact.status, fact.evidence_due_at or row.evidence_due_at
    row.closed_at = timezone.now() if closed else None
    row.save(update_fields=["status", "evidence_due_at", "closed_at", "updated_at"])
    detail = f"{fact.reason}, {row.amount}, evidence is due {row.evidence_due_at or 'at no set time'}"
    if not closed:
        _hold(order, holds.DISPUTED, actor, detail)
        alert(holds.DISPUTED, fact.id, order=order, detail=detail)
    elif fact.status == "lost":
        _lose(order, payment, row, actor)
    else:
        lifecycle.order_release(order, reason=holds.DISPUTED, actor=actor, note=f"dispute {fact.status}")


def _lose(order: Order, payment: Payment, dispute: Dispute, actor: str) -> None:
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    asked_for = payment.refunds.filter(state=Refund.State.REQUESTED)
    if dispute.amount > payment.refundable and asked_for.exists():
        raise RefundDoesNotFit(f"{dispute.provider_id}: {dispute.amount} of {payment.refundable}")
    amount = min(dispute.amount, payment.refundable)
    if amount > 0:
        _count(payment.pk, amount)
        Refund.objects.create(
            payment=payment,
            amount=amount,
            state=Refund.State.SUCCEEDED,
            reason=Refund.Reason.DISPUTE_LOST,
            source=Refund.Source.DISPUTE,
            actor=actor,
            provider_id=dispute.provider_id,
            status=Refund.Status.DONE,
            completed_at=timezone.now(),
        )
    lifecycle.order_release(order, reason=holds.DISPUTED, actor=actor, note="dispute lost")
    _hold(order, holds.DISPUTE_LOST, actor, f"The bank has taken {amount}.")
    alert(holds.DISPUTE_LOST, dispute.provider_id, order=order, detail=f"The bank has taken {amount}.")
    lifecycle.order_refunds_changed(order, actor=actor, note=f"{amount}: dispute lost")


def _hold(order: Order, reason: str, actor: str, note: str) -> None:
    """A hold that is there already says something that comes first; releasing it looks for open disputes."""
    order.refresh_from_db(fields=["hold_reason"])
    if not order.hold_reason:
        lifecycle.order_hold(order, reason=reason, actor=actor, note=note)
