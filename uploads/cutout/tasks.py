"""The bell of the cut-out step."""

from celery import shared_task

from common.work import ring


@shared_task(name="uploads.cutout.run_job")
def run_job(*, job_id: str) -> None:
    from uploads.cutout.pipeline import run

    run(job_id)


def ring_cutout(job_id: str, *, countdown_s: float = 0) -> None:
    ring(run_job, countdown_s=countdown_s, job_id=job_id)
