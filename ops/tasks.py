"""The sweeper's bell."""

from celery import shared_task


@shared_task(name="ops.tasks.sweep")
def sweep() -> None:
    from ops.sweepers import ring_lost_work

    ring_lost_work()
