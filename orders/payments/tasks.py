"""The bells of the payment step. One task rings for every kind of row; `WORK` names the function that does the work."""

from functools import partial
from importlib import import_module

from celery import shared_task

from common.work import ring

WORK = {
    "event": "orders.payments.handlers.handle",
    "refund": "orders.payments.refunds.send",
    "stop": "orders.payments.ending.stop",
    "alert": "orders.payments.alerts.send",
    "test_event": "orders.payments.backends.delivery.deliver",
}


@shared_task(name="orders.payments.work")
def work(*, kind: str, pk: str) -> None:
    module, function = WORK[kind].rsplit(".", 1)
    getattr(import_module(module), function)(pk)


def ring_work(kind: str, pk: str, *, countdown_s: float = 0) -> None:
    ring(work, countdown_s=countdown_s, kind=kind, pk=pk)


ring_event = partial(ring_work, "event")
ring_refund = partial(ring_work, "refund")
ring_stop = partial(ring_work, "stop")
ring_alert = partial(ring_work, "alert")
ring_test_event = partial(ring_work, "test_event")
