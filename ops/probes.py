"""Questions to the database and to Redis whose answers say how the shop does. Each is one small query."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.work import WorkItem
from ops.models import WorkerBeat
from ops.sweepers import QUEUES_OF_RECORD

WORKER_SILENT_AFTER = timedelta(minutes=3)
# The runbook's word: a worker is stuck when nothing is under way and more than ten wait (CONTRACT 9, 12).
STUCK_WAITING = 10
STUCK_OLDEST_S = 1800
_REDIS_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """One kind of work: rows that wait and are due, rows being worked on, and the age of the oldest in seconds."""

    waiting: int
    running: int
    oldest_waiting_s: float
    oldest_running_s: float

    @property
    def is_stuck(self) -> bool:
        nobody_works = self.running == 0 and self.waiting > STUCK_WAITING
        return nobody_works or self.oldest_waiting_s > STUCK_OLDEST_S


@dataclass(frozen=True, slots=True)
class WorkFacts:
    queues: dict[str, QueueFacts]
    workers_alive: int
    workers_known: int
    last_beat_s: float | None
    model_warm: bool

    @property
    def worker_state(self) -> str:
        """ok; stuck: work waits and nobody takes it; down: all workers are silent; none: there has never been one."""
        if any(facts.is_stuck for facts in self.queues.values()):
            return "stuck"
        if self.workers_alive:
            return "ok"
        return "down" if self.workers_known else "none"


def database_ms() -> float:
    """How long the database takes to say 1."""
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return (time.perf_counter() - started) * 1000


def redis_ms() -> float | None:
    """How long Redis takes to answer; None where the shop has none. Raises redis.RedisError."""
    if not settings.REDIS_URL:
        return None
    client = _redis_client(settings.REDIS_URL)
    started = time.perf_counter()
    client.ping()
    return (time.perf_counter() - started) * 1000


@lru_cache(maxsize=4)
def _redis_client(url: str) -> Any:
    return redis.Redis.from_url(
        url,
        socket_timeout=_REDIS_TIMEOUT_S,
        socket_connect_timeout=_REDIS_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),  # by default a dead server is asked for four seconds
    )


def queue_facts(model: type[WorkItem], now: datetime) -> QueueFacts:
    due = Q(status=WorkItem.Status.QUEUED, available_at__lte=now)
    running = Q(status=WorkItem.Status.RUNNING)
    found = model._default_manager.filter(
        status__in=[WorkItem.Status.QUEUED, WorkItem.Status.RUNNING]
    ).aggregate(
        waiting=Count("pk", filter=due),
        running=Count("pk", filter=running),
        oldest_waiting=Min("available_at", filter=due),
        oldest_running=Min("available_at", filter=running),
    )
    return QueueFacts(
        waiting=found["waiting"],
        running=found["running"],
        oldest_waiting_s=_age_s(found["oldest_waiting"], now),
        oldest_running_s=_age_s(found["oldest_running"], now),
    )


def work_facts(now: datetime) -> WorkFacts:
    beats = list(WorkerBeat.objects.values_list("seen_at", "model_warm_at"))
    alive = [(seen, warm) for seen, warm in beats if seen >= now - WORKER_SILENT_AFTER]
    newest = max((seen for seen, _ in beats), default=None)
    return WorkFacts(
        queues={model.__name__: queue_facts(model, now) for model in QUEUES_OF_RECORD},
        workers_alive=len(alive),
        workers_known=len(beats),
        last_beat_s=None if newest is None else _age_s(newest, now),
        model_warm=any(warm is not None for _, warm in alive),
    )


def _age_s(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else round(max(0.0, (now - moment).total_seconds()), 1)
