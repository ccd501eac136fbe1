"""The web application with the queue's worker and its scheduler as threads of the same process.

For `manage.py dev`: one process needs no broker service (`memory://` lives inside it), and a restart loses nothing,
because the database is the queue of record and the scheduler rings for what is due as soon as it starts.
"""

import atexit
import logging
import os
import threading

from stolentee.wsgi import application  # first: it shares the metrics before anything imports them

# isort: split
from celery.beat import Scheduler, Service
from celery.worker import WorkController
from django.conf import settings

# What the first sweep and the first job need is imported before there are threads: several at once that import packages
# which import each other can meet one that is half there, and it stays so for as long as the process lives.
import ops.sweep  # noqa: F401
import uploads.cutout.pipeline  # noqa: F401
from stolentee import workers
from stolentee.celery import app

__all__ = ["application"]

log = logging.getLogger(__name__)
_STOP_TIMEOUT_S = 10
_GIVE_BACK_AFTER_S = 6


class _Worker(threading.Thread):
    """A Celery worker without signal handlers, which only a main thread may have."""

    def __init__(self) -> None:
        super().__init__(name="celery-worker", daemon=True)
        self.controller = WorkController(
            app=app,
            hostname=f"embedded@{os.getpid()}",
            pool_cls="threads",
            concurrency=2,
            queues=list(settings.WORKER_QUEUES),
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            loglevel=logging.WARNING,
        )

    def run(self) -> None:
        self.controller.start()


def _start() -> None:
    worker = _Worker()
    worker.start()
    beat = Service(
        app, scheduler_cls=Scheduler
    )  # keeps its times in memory: the first sweep is at once anyway
    threading.Thread(
        target=beat.start, kwargs={"embedded_process": False}, name="celery-beat", daemon=True
    ).start()
    app.tasks["ops.tasks.sweep"].delay()
    workers.start_beating()
    workers.start_warming()

    def stop() -> None:
        workers.stop_beating()
        beat.stop()
        giving_back = threading.Timer(_GIVE_BACK_AFTER_S, workers.process_leaves)
        giving_back.daemon = True
        giving_back.start()
        worker.controller.stop()
        worker.join(_STOP_TIMEOUT_S)

    atexit.register(stop)


_start()
