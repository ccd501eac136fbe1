"""The bells of the payment step."""

from celery import shared_task

from common.work import ring


@shared_task(name="orders.payments.apply_event")
def apply_event(*, event_pk: str) -> None:
    from orders.payments.handlers import handle

    handle(event_pk)


@shared_task(name="orders.payments.deliver_test_event")
def deliver_test_event(*, event_pk: str) -> None:
    from orders.payments.backends.testing import deliver

    deliver(event_pk)


def ring_event(event_pk: str, *, countdown_s: float = 0) -> None:
    ring(apply_event, countdown_s=countdown_s, event_pk=event_pk)


def ring_test_event(event_pk: str, *, countdown_s: float = 0) -> None:
    ring(deliver_test_event, countdown_s=countdown_s, event_pk=event_pk)
