"""The sweeper's bell."""

from celery import shared_task


@shared_task(name="ops.tasks.sweep")
def sweep() -> None:
    from ops.sweepers import expire_unpaid_orders, ring_lost_work

    ring_lost_work()
    expire_unpaid_orders()
