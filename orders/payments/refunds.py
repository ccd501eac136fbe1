"""Giving money back: the ask of staff and of the shop itself, and the worker that asks the provider."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Sum

from common.errors import Conflict, ProviderError, Unprocessable
from common.money import to_cents
from orders import lifecycle
from orders.models import Order, OrderLine, Payment, Refund, RefundLine
from orders.payments.alerts import alert
from orders.payments.gateway import PaymentGateway, RefundFact, payment_gateway
from orders.payments.ledger import refund_apply, refund_give_up, refund_open
from orders.payments.shares import Paid, paid_shares, pieces_share
from orders.payments.tasks import ring_refund
from orders.totals import ZERO

log = structlog.get_logger(__name__)

Pieces = Mapping[int, int]
"""How many pieces of which line, by the line's number."""


@transaction.atomic
def refund_request(
    order_id: UUID,
    *,
    actor: str,
    amount: Decimal | None = None,
    pieces: Pieces | None = None,
    shipping: bool = False,
    reason: str = Refund.Reason.REQUESTED_BY_CUSTOMER,
    remark: str = "",
) -> list[Refund]:
    """Refunds an amount, or some pieces (and shipping), or, with neither, all that is left. A worker asks the provider.

    One row per payment that the money came by, which is one unless the order was edited and paid more. Raises NotFound,
    Unprocessable for an amount that is none, and Conflict where less is left than was asked for. An order that a gift
    card has paid in full gets the card filled again, and no row.
    """
    order = lifecycle.order_lock(order_id)
    payments = list(
        Payment.objects.select_for_update().filter(order=order, captured__gt=0).order_by("created_at", "pk")
    )
    left = sum((payment.refundable for payment in payments), ZERO)
    if not payments and order.paid_at and order.gift_card and amount is None and not pieces:
        lifecycle.order_gift_card_returned(order, actor=actor, note=remark)
        return []
    lines = _lines(order, pieces) if pieces else {}
    wanted = _wanted(order, left, amount, lines, shipping)
    if wanted > left:
        raise Conflict(
            f"Only {left} can still be refunded.",
            code="refund_exceeds_payment",
            extra={"refundable": float(left)},
        )
    if wanted <= 0:
        raise Unprocessable("There is nothing to refund.", code="nothing_to_refund")
    refunds = []
    for payment in payments:
        part = min(wanted, payment.refundable)
        if part > 0:
            refunds.append(refund_open(payment, part, reason=reason, actor=actor, remark=remark, lines=lines))
            wanted, lines = wanted - part, {}
    return refunds


def _wanted(
    order: Order,
    left: Decimal,
    amount: Decimal | None,
    lines: Mapping[OrderLine, tuple[int, Decimal]],
    shipping: bool,
) -> Decimal:
    if amount is not None:
        if amount <= 0 or amount != amount.quantize(Decimal("0.01")):
            raise Unprocessable("An amount is above zero and in whole cents.", code="refund_amount_invalid")
        return amount
    if not lines and not shipping:
        return left
    parts = sum((share for _, share in lines.values()), ZERO)
    return parts + (order_shares(order).shipping if shipping else ZERO)


def order_shares(order: Order) -> Paid:
    """What each line (in the order of their numbers) and shipping have cost the customer's card."""
    totals = list(order.lines.order_by("number").values_list("total_price", flat=True))
    return paid_shares(
        totals, shipping=order.shipping, tax=order.tax, discount=order.discount, total=order.total
    )


def pieces_refunded(order: Order) -> dict[UUID, int]:
    """How many pieces of each line have gone back or are on their way."""
    rows = RefundLine.objects.filter(line__order=order).exclude(refund__state__in=Refund.GIVEN_UP)
    return dict(rows.values_list("line").annotate(pieces=Sum("quantity")).values_list("line", "pieces"))


def _lines(order: Order, pieces: Pieces) -> dict[OrderLine, tuple[int, Decimal]]:
    rows = list(order.lines.order_by("number"))
    unknown = sorted(set(pieces) - {row.number for row in rows})
    if unknown:
        raise Unprocessable(f"The order has no line {unknown[0]}.", code="line_unknown")
    before = pieces_refunded(order)
    chosen = {}
    for row, paid in zip(rows, order_shares(order).lines, strict=True):
        wanted = pieces.get(row.number, 0)
        left = row.quantity - before.get(row.pk, 0)
        if wanted < 0 or wanted > left:
            raise Conflict(
                f"Of line {row.number}, {left} pieces can still be refunded.", code="refund_exceeds_line"
            )
        if wanted:
            chosen[row] = (wanted, pieces_share(paid, row.quantity, before.get(row.pk, 0), wanted))
    return chosen


def send(refund_pk: str) -> None:
    """Asks the provider for one refund, once, whatever dies in between: the row's id is the idempotency key."""
    refund = Refund.claim(refund_pk)
    if refund is None:
        return
    gateway = payment_gateway()
    try:
        if refund.state == Refund.State.REQUESTED:
            fact = _made_before(gateway, refund) or _make(gateway, refund)
            refund_apply(fact, refund.payment, actor=refund.actor)
    except ProviderError as error:
        _not_made(refund, error)
    except Exception as error:
        _again(refund, "internal_error", type(error).__name__, retryable=True)
        log.exception("refund.crashed", refund_id=refund_pk)
    else:
        refund.finish()


def _made_before(gateway: PaymentGateway, refund: Refund) -> RefundFact | None:
    """What an earlier attempt has made whose answer was lost: providers forget idempotency keys after a day."""
    if refund.attempts == 1:
        return None
    made = gateway.list_refunds(str(refund.payment.intent_id))
    return next((fact for fact in made if fact.reference == str(refund.pk)), None)


def _make(gateway: PaymentGateway, refund: Refund) -> RefundFact:
    return gateway.create_refund(
        intent_id=str(refund.payment.intent_id),
        amount_cents=to_cents(refund.amount),
        reason=refund.reason,
        reference=str(refund.pk),
        idempotency_key=refund.idempotency_key,
    )


def _not_made(refund: Refund, error: ProviderError) -> None:
    if not error.retryable:
        refund_give_up(refund, failure=str(error))
    _again(refund, "provider_unavailable", str(error), retryable=error.retryable)


def _again(refund: Refund, code: str, message: str, *, retryable: bool) -> None:
    delay = refund.fail(code, message, retryable=retryable)
    if delay is not None:
        ring_refund(str(refund.pk), countdown_s=delay.total_seconds())
    elif retryable:
        alert("refund_stuck", str(refund.pk), order=refund.payment.order, detail=message)
    log.warning("refund.not_sent", refund_id=str(refund.pk), code=code, again=delay is not None)
