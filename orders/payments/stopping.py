"""Asking that an order's unfinished payments be ended at the provider, in the transaction that ends the order."""

from __future__ import annotations

from orders.models import Order, Payment, PaymentStop
from orders.payments.tasks import ring_stop


def payments_stop(order: Order) -> None:
    """One row per unfinished payment, once, and a bell for each."""
    for payment in order.payments.filter(status__in=Payment.UNFINISHED):
        row, created = PaymentStop.objects.get_or_create(payment=payment)
        if created:
            ring_stop(str(row.pk))
