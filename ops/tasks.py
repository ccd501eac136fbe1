"""The bells of the sweeper, of the clean-up and of the nightly reconciliation."""

from celery import shared_task


@shared_task(name="ops.tasks.sweep")
def sweep() -> None:
    from ops.health_samples import health_sample_record
    from ops.sweepers import (
        expire_intermediates,
        expire_unpaid_orders,
        remind_unpaid_orders,
        ring_lost_work,
    )
    from orders.stock.services import stock_publish_missed

    ring_lost_work()
    expire_unpaid_orders()
    remind_unpaid_orders()
    expire_intermediates()
    stock_publish_missed()
    health_sample_record()


@shared_task(name="ops.tasks.reconcile_payments")
def reconcile_payments() -> None:
    from orders.payments.reconciliation import reconcile_nightly

    reconcile_nightly()


@shared_task(name="ops.tasks.expire_uploads")
def expire_uploads() -> None:
    from ops.orphans import uploads_expire

    uploads_expire()


@shared_task(name="ops.tasks.clean_stores")
def clean_stores() -> None:
    from ops.orphans import stores_clean

    stores_clean()
