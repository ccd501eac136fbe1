"""The bell of the tax records."""

from celery import shared_task

from common.work import ring


@shared_task(name="orders.checkout.record_tax")
def record_tax(*, record_id: str) -> None:
    from orders.checkout.tax_records import record

    record(record_id)


def ring_tax(record_id: str, *, countdown_s: float = 0) -> None:
    ring(record_tax, countdown_s=countdown_s, record_id=record_id)
