"""What a customer may still do with an order, and what is still to be paid."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import QuerySet, Sum

from common.errors import Conflict
from orders import holds
from orders.models import Order, OrderLine, Payment
from orders.totals import ZERO


def refusal_to_change(order: Order) -> Conflict | None:
    """Why the customer cannot change the order any more, or None while it can be changed."""
    if order.production_status == Order.ProductionStatus.CANCELLED:
        return Conflict("This order was cancelled.", code="order_cancelled")
    if order.production_status != Order.ProductionStatus.PENDING or any(
        line.production_status not in (OrderLine.Status.PENDING, OrderLine.Status.CANCELLED)
        for line in order.lines.all()
    ):
        return Conflict("This order is in production already. Please contact us.", code="order_in_production")
    if order.payment_status == Order.PaymentStatus.REFUNDED:
        return Conflict("This order was refunded.", code="order_refunded")
    if order.hold_reason not in ("", holds.DIFFERENCE_DUE):
        return Conflict("This order is being looked at by our staff.", code="order_held")
    if order.payments.filter(status=Payment.Status.PROCESSING).exists():
        return Conflict("A payment of this order is being processed.", code="payment_processing")
    return None


def differences_due(order: Order) -> QuerySet[Payment]:
    """What edits have made the order dearer by, and nobody has paid yet."""
    return order.payments.filter(
        purpose=Payment.Purpose.DIFFERENCE, status__in=Payment.UNFINISHED, stop__isnull=True
    )


def amount_due(order: Order) -> Decimal:
    """What the customer has to pay now: the order, or what an edit has added to it."""
    if order.production_status == Order.ProductionStatus.CANCELLED:
        return ZERO
    if order.paid_at is None:
        return order.total
    return sum((payment.amount for payment in differences_due(order)), ZERO)


def amount_refunded(order: Order) -> Decimal:
    """What went back or is on its way back, to the cards."""
    return order.payments.aggregate(sum=Sum("refunded"))["sum"] or ZERO


def amount_paid(order: Order) -> Decimal:
    """What arrived from cards, before any of it went back."""
    return order.payments.aggregate(sum=Sum("captured"))["sum"] or ZERO
