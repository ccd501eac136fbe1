"""What a worker does besides tasks: it stays small at the database, shows that it lives, and measures its tasks."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import structlog
from celery import Task
from celery.apps.worker import Worker
from django.conf import settings
from django.db import connections

from common.errors import ProviderError
from common.metrics import TASK_SECONDS, TASKS
from stolentee.db.watchdog import limit_queries

log = structlog.get_logger(__name__)

BEAT_INTERVAL_S = 60.0
_LEAVE_TIMEOUT_S = 3.0
_POOL_MAX = 2  # a process of the worker runs one task at a time

_started: dict[str, float] = {}
_stopped = threading.Event()
_beating: threading.Thread | None = None
_worker: Any = None


def prepare(worker: Any) -> None:
    """Before a worker forks. The worker inside the web process (`stolentee.embedded`) shares what that has."""
    global _worker
    _worker = worker
    if not isinstance(worker, Worker):
        return
    for alias in connections:
        pool = connections[alias].settings_dict["OPTIONS"].get("pool")
        if isinstance(pool, dict):
            pool |= {"min_size": 0, "max_size": _POOL_MAX}
    limit_queries()
    if settings.WORKER_METRICS_PORT:
        _serve_metrics(settings.WORKER_METRICS_PORT)


def _serve_metrics(port: int) -> None:
    from prometheus_client import start_http_server

    from stolentee.metrics import process_registry

    start_http_server(port, addr="127.0.0.1", registry=process_registry())


def prepare_process() -> None:
    """In a forked process of the worker: the network is loaded before the first photo comes, if photos come here."""
    if "cutouts" in _queues():
        threading.Thread(target=warm_model, name="warm-model", daemon=True).start()


def warm_model() -> None:
    from ops.health_samples import worker_model_warm
    from uploads.cutout.providers import rembg_backend

    try:
        rembg_backend().load()
    except ProviderError as error:  # a job tries again, and may have the paid service
        log.warning("worker.model_cold", error=str(error))
        return
    worker_model_warm(_name())
    connections.close_all()


def _name() -> str:
    return str(_worker.hostname)


def _queues() -> list[str]:
    return sorted(_worker.app.amqp.queues.consume_from)


def start_beating() -> None:
    """Writes a sign of life now and each minute until `stop_beating`."""
    global _beating
    _stopped.clear()
    _beating = threading.Thread(target=_beat, name="worker-beat", daemon=True)
    _beating.start()


def _beat() -> None:
    from ops.health_samples import worker_gone, worker_seen

    started_at = datetime.now(UTC)
    while True:
        worker_seen(_name(), _queues(), started_at=started_at)
        _let_go()
        if _stopped.wait(BEAT_INTERVAL_S):
            break
    worker_gone(_name())
    _let_go()


def _let_go() -> None:
    """A process that is forked meanwhile must not find a pool, whose threads it would lack."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        if isinstance(_worker, Worker) and connection.settings_dict["OPTIONS"].get("pool"):
            connection.close_pool()  # type: ignore[attr-defined]


def stop_beating() -> None:
    """Takes the sign of life back: a worker that has left in good order is not missed."""
    _stopped.set()
    if _beating is not None:
        _beating.join(_LEAVE_TIMEOUT_S)


def task_begins(task: Task) -> None:
    if task.request.id:
        _started[task.request.id] = time.perf_counter()


def task_ended(task: Task, state: str) -> None:
    TASKS.labels(task.name, state.lower()).inc()
    started = _started.pop(task.request.id or "", None)
    if started is not None:
        TASK_SECONDS.labels(task.name).observe(time.perf_counter() - started)
