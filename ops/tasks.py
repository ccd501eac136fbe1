"""The bells of the sweeper, of the clean-up and of the nightly reconciliation."""

from celery import shared_task


@shared_task(name="ops.tasks.sweep")
def sweep() -> None:
    from ops.sweep import sweep_all

    sweep_all()


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
