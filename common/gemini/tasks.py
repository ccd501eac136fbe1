"""The bell of the texts."""

from celery import shared_task

from common.work import ring


@shared_task(name="common.gemini.answer_text")
def answer_text(*, request_id: str) -> None:
    from common.gemini.text import run

    run(request_id)


def ring_text(request_id: str, *, countdown_s: float = 0) -> None:
    ring(answer_text, countdown_s=countdown_s, request_id=request_id)
