"""What the tax office hears of: rows in the transaction of what they tell, sent to Stripe Tax by a worker.

An order whose tax came from the offline table has no rows: it says so itself (`tax_source`).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import structlog

from common.errors import ProviderError
from orders.checkout.tasks import ring_tax
from orders.checkout.tax import tax_calculator
from orders.models import Order, Refund, TaxRecord

log = structlog.get_logger(__name__)


def tax_record_sale(order: Order) -> None:
    """The order is paid: its calculation becomes a transaction. Repeating it changes nothing."""
    if order.tax_calculation_id:
        reference = f"order:{order.pk}:{order.tax_calculation_id}"
        _enqueue(order, reference, kind=TaxRecord.Kind.SALE, calculation_id=order.tax_calculation_id)


def tax_replace_sale(order: Order) -> None:
    """A paid order was edited and taxed anew: the sale before is taken back as a whole, and the new one recorded."""
    sale = _sale(order)
    if sale and sale.calculation_id != order.tax_calculation_id:
        _enqueue(order, f"edit:{sale.pk}", kind=TaxRecord.Kind.REVERSAL, sale=sale)
    tax_record_sale(order)


def tax_reverse(order: Order, refunds: Iterable[Refund], *, is_all: bool) -> None:
    """Money went back: so does the tax in it. Repeating it changes nothing.

    A refund because of an edit is none of these: the edit has recorded the order anew.
    """
    sale = _sale(order)
    if sale is None:
        return
    is_first = not sale.reversals.exists()
    for refund in refunds:
        if refund.reason != Refund.Reason.PRICE_DIFFERENCE:
            amount: Decimal | None = None if is_all and is_first else refund.amount
            _enqueue(
                order,
                f"refund:{refund.pk}",
                kind=TaxRecord.Kind.REVERSAL,
                sale=sale,
                refund=refund,
                amount=amount,
            )
            is_first = False


def _sale(order: Order) -> TaxRecord | None:
    """The newest sale of the order that stands."""
    sales = order.tax_records.filter(kind=TaxRecord.Kind.SALE)
    return sales.exclude(reversals__refund=None, reversals__isnull=False).order_by("-created_at").first()


def _enqueue(order: Order, reference: str, **facts: object) -> None:
    row, created = TaxRecord.objects.get_or_create(reference=reference, defaults={"order": order, **facts})
    if created:
        ring_tax(str(row.pk))


def record(record_pk: str) -> None:
    """Tells Stripe of one sale or reversal. A reversal waits for its sale; the last failure alerts staff."""
    from orders.payments.alerts import alert

    row = TaxRecord.claim(record_pk)
    if row is None:
        return
    try:
        transaction_id = _send(row)
    except ProviderError as error:
        delay = row.fail("provider_unavailable", str(error), retryable=error.retryable)
        if delay is not None:
            ring_tax(record_pk, countdown_s=delay.total_seconds())
        else:
            alert("tax_not_recorded", row.reference, order=row.order, detail=str(error))
        log.warning("tax.not_recorded", record_id=record_pk, again=delay is not None)
        return
    row.finish(transaction_id=transaction_id)


def _send(row: TaxRecord) -> str:
    calculator = tax_calculator()
    if row.sale is None:
        return calculator.record_sale(row.calculation_id, row.reference)
    if not row.sale.transaction_id:
        raise ProviderError("its sale is not recorded yet", provider="Stripe", retryable=True)
    return calculator.record_reversal(row.sale.transaction_id, row.reference, row.amount)
