"""The bell of the compression step."""

from celery import shared_task

from common.work import ring


@shared_task(name="uploads.compression.make_derivatives")
def make_derivatives(*, work_id: str) -> None:
    from uploads.compression.worker import run

    run(work_id)


def ring_derivatives(work_id: str, *, countdown_s: float = 0) -> None:
    ring(make_derivatives, countdown_s=countdown_s, work_id=work_id)
