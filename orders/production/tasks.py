"""The bell of the production step."""

from celery import shared_task

from common.work import ring


@shared_task(name="orders.production.build_pack")
def build_pack(*, pack_id: str) -> None:
    from orders.production.builder import build

    build(pack_id)


def ring_pack(pack_id: str, *, countdown_s: float = 0) -> None:
    ring(build_pack, countdown_s=countdown_s, pack_id=pack_id)


@shared_task(name="orders.production.build_gang")
def build_gang(*, gang_id: str) -> None:
    from orders.production.ganging import gang_build

    gang_build(gang_id)


def ring_gang(gang_id: str, *, countdown_s: float = 0) -> None:
    ring(build_gang, countdown_s=countdown_s, gang_id=gang_id)
