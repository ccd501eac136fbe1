"""What a worker does besides tasks: it stays small at the database, shows that it lives, and measures its tasks."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from types import FrameType
from typing import Any, NoReturn

import structlog
from celery import Task
from celery.apps.worker import Worker
from celery.worker.state import active_requests
from django.conf import settings
from django.db import DatabaseError, connections

from common.metrics import TASK_SECONDS, TASKS
from common.work import release_held
from stolentee.db.watchdog import limit_queries

log = structlog.get_logger(__name__)

BEAT_INTERVAL_S = 60.0
_LEAVE_TIMEOUT_S = 3.0
_GIVE_BACK_AFTER_S, _KILL_AFTER_S = 5.0, 8.0
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
    """In a forked process of the worker: it gets the network, and ends in good order where it has to end early."""
    signal.signal(signal.SIGTERM, _leave)
    start_warming()


def give_back_soon() -> None:
    """The worker has been asked to stop, and its warm shutdown would wait for a task's whole time.

    What has not ended after some seconds is told to, and then made to, so that all is over before the platform's ten.
    """
    for after_s, number in ((_GIVE_BACK_AFTER_S, signal.SIGTERM), (_KILL_AFTER_S, signal.SIGKILL)):
        timer = threading.Timer(after_s, _signal_busy_processes, [number])
        timer.daemon = True
        timer.start()


def _signal_busy_processes(number: signal.Signals) -> None:
    for request in tuple(active_requests):
        if request.worker_pid:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(request.worker_pid, number)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """The worker ends, or has lost its broker, and the task has had its time: unwind it (`process_leaves` follows)."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + number)


def process_leaves() -> None:
    """A process of the worker ends. What it has not finished is the next one's at once, not after the lease."""
    connections.close_all()  # one may have been interrupted in the middle of a query
    try:
        released = release_held()
    except DatabaseError as error:  # the lease runs out by itself
        log.warning("worker.release_failed", error=type(error).__name__)
        return
    if released:
        log.info("worker.gave_back", rows=released)
    connections.close_all()


def start_warming() -> None:
    """The network is loaded before the first photo comes, if photos come here."""
    if "cutouts" in _queues():
        threading.Thread(target=_warm, name="warm-up", daemon=True).start()


def _warm() -> None:
    from ops.health_samples import worker_model_warm
    from uploads.cutout.providers import warm_up

    if warm_up():
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
