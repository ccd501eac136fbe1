"""The Celery application. Tasks live beside the step that they ring for, so the step packages are listed."""

import os

from celery import Celery, Task
from celery.signals import (
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)
from django.core.exceptions import ImproperlyConfigured
from django_structlog.celery.steps import DjangoStructLogInitStep

from stolentee.queue import TASKS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stolentee.settings")

STEPS_WITH_TASKS = [
    "common.gemini",
    "accounts.mail",
    "uploads.cutout",
    "uploads.compression",
    "designs.mockups",
    "orders.checkout",
    "orders.payments",
    "orders.production",
    "orders.notifications",
    "ops",
]

app = Celery("stolentee")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(TASKS)
app.steps["worker"].add(DjangoStructLogInitStep)  # the request id travels into the task
app.autodiscover_tasks(STEPS_WITH_TASKS)


@setup_logging.connect
def _keep_our_logging(**kwargs: object) -> None:
    """Connecting this signal keeps Celery from replacing the handlers of `settings.LOGGING`."""


@worker_init.connect
def _prepare_worker(sender: object, **kwargs: object) -> None:
    from stolentee import workers
    from stolentee.checks import refuse_bad_settings

    try:
        refuse_bad_settings()
    except ImproperlyConfigured as error:  # signals log exceptions and go on; only leaving stops the worker
        raise SystemExit(f"ImproperlyConfigured: {error}") from error
    workers.prepare(sender)


@worker_ready.connect
def _worker_ready(**kwargs: object) -> None:
    from stolentee import workers

    workers.start_beating()


@worker_process_init.connect
def _prepare_process(**kwargs: object) -> None:
    from stolentee import workers

    workers.prepare_process()


@worker_shutting_down.connect
def _worker_will_stop(**kwargs: object) -> None:
    from stolentee import workers

    workers.give_back_soon()


@worker_process_shutdown.connect
def _process_leaves(**kwargs: object) -> None:
    from stolentee import workers

    workers.process_leaves()


@worker_shutdown.connect
def _worker_leaves(**kwargs: object) -> None:
    from stolentee import workers

    workers.stop_beating()


@task_prerun.connect
def _task_begins(task: Task, **kwargs: object) -> None:
    from stolentee import workers

    workers.task_begins(task)


@task_postrun.connect
def _task_ended(task: Task, state: str | None = None, **kwargs: object) -> None:
    from stolentee import workers

    workers.task_ended(task, state or "UNKNOWN")
