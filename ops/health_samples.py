"""One row a minute of how the shop does: what its uptime and its figures over time are computed from."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from ops.models import HealthSample, WorkerBeat
from ops.probes import WorkFacts, database_ms, redis_ms, work_facts

log = structlog.get_logger(__name__)

KEPT = timedelta(days=90)
_BEATS_KEPT = timedelta(days=1)
# From here on a dependency counts as slow (CONTRACT 9).
DATABASE_SLOW_MS = 1000.0
REDIS_SLOW_MS = 500.0


def health_sample_record(now: datetime | None = None) -> HealthSample | None:
    """Writes the sample of this minute, or returns None where a worker has done so already.

    Old samples, and workers that have been gone for a day, are forgotten at the same time.
    """
    now = now or timezone.now()
    minute = now.replace(second=0, microsecond=0)
    if HealthSample.objects.filter(at=minute).exists():
        return None
    redis_down = False
    redis_took = None
    try:
        redis_took = redis_ms()
    except (RedisError, OSError):
        redis_down = True
    database_took, facts = database_ms(), work_facts(now)
    try:
        with transaction.atomic():
            sample = HealthSample.objects.create(
                at=minute,
                status=_status(database_took, redis_took, redis_down, facts),
                database_ms=round(database_took, 2),
                redis_ms=None if redis_took is None else round(redis_took, 2),
                waiting={name: queue.waiting for name, queue in facts.queues.items()},
                oldest_s={name: queue.oldest_waiting_s for name, queue in facts.queues.items()},
                workers=facts.workers_alive,
            )
    except IntegrityError:
        return None  # another worker was first
    HealthSample.objects.filter(at__lt=now - KEPT).delete()
    WorkerBeat.objects.filter(seen_at__lt=now - _BEATS_KEPT).delete()
    return sample


def _status(database_took: float, redis_took: float | None, redis_down: bool, facts: WorkFacts) -> str:
    is_degraded = (
        redis_down
        or database_took > DATABASE_SLOW_MS
        or (redis_took or 0.0) > REDIS_SLOW_MS
        or facts.worker_state in ("stuck", "down")
    )
    return HealthSample.Status.DEGRADED if is_degraded else HealthSample.Status.HEALTHY


def worker_seen(name: str, queues: list[str], *, started_at: datetime) -> None:
    """The sign of life of one worker."""
    try:
        WorkerBeat.objects.update_or_create(
            name=name,
            defaults={"queues": queues, "seen_at": timezone.now(), "started_at": started_at},
        )
    except DatabaseError as error:  # the next minute tries again, and until then the silence is the truth
        log.warning("worker.beat_lost", error=type(error).__name__)


def worker_model_warm(name: str) -> None:
    """That a worker has the network. It may say so before its first sign of life."""
    try:
        WorkerBeat.objects.update_or_create(name=name, defaults={"model_warm_at": timezone.now()})
    except DatabaseError as error:  # it is warm all the same, and only health does not know
        log.warning("worker.beat_lost", error=type(error).__name__)


def worker_gone(name: str) -> None:
    """Forgets a worker that has left in good order. Its silence tells of one that has not."""
    try:
        WorkerBeat.objects.filter(name=name).delete()
    except DatabaseError as error:
        log.warning("worker.beat_lost", error=type(error).__name__)
