"""Rings again for work that nobody does although somebody should: lost bells, dead workers, due retries."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from common.work import WorkItem, ring_all
from orders.models import OutboxMail, ProductionPack, StripeEvent, TestEvent
from orders.notifications.tasks import ring_mail
from orders.payments.tasks import ring_event, ring_test_event
from orders.production.tasks import ring_pack
from uploads.cutout.tasks import ring_cutout
from uploads.models import Job

log = structlog.get_logger(__name__)

QUEUES_OF_RECORD: dict[type[WorkItem], Callable[[str], None]] = {
    Job: ring_cutout,
    StripeEvent: ring_event,
    TestEvent: ring_test_event,
    ProductionPack: ring_pack,
    OutboxMail: ring_mail,
}


def ring_lost_work() -> dict[str, int]:
    """How many bells were rung, by model. Ringing twice is harmless: a row is claimed once."""
    rung = {model.__name__: ring_all(model, bell) for model, bell in QUEUES_OF_RECORD.items()}
    if any(rung.values()):
        log.info("sweep.rang", **rung)
    return rung
