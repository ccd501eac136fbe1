"""The bells of the sweeper and of the clean-up."""

from celery import shared_task


@shared_task(name="ops.tasks.sweep")
def sweep() -> None:
    from ops.health_samples import health_sample_record
    from ops.sweepers import expire_unpaid_orders, ring_lost_work

    ring_lost_work()
    expire_unpaid_orders()
    health_sample_record()


@shared_task(name="ops.tasks.expire_uploads")
def expire_uploads() -> None:
    from ops.orphans import uploads_expire

    uploads_expire()


@shared_task(name="ops.tasks.clean_stores")
def clean_stores() -> None:
    from ops.orphans import stores_clean

    stores_clean()
