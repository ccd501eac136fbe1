"""The bell of the mock-up painter."""

from celery import shared_task

from common.work import ring


@shared_task(name="designs.mockups.draw_mockup")
def draw_mockup(*, mockup_id: str) -> None:
    from designs.mockups.painter import paint

    paint(mockup_id)


def ring_mockup(mockup_id: str, *, countdown_s: float = 0) -> None:
    ring(draw_mockup, countdown_s=countdown_s, mockup_id=mockup_id)
