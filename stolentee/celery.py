"""The Celery application. Tasks live beside the step that they ring for, so the step packages are listed."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_init
from django.core.exceptions import ImproperlyConfigured
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stolentee.settings")

STEPS_WITH_TASKS = [
    "uploads.cutout",
    "uploads.compression",
    "designs.mockups",
    "orders.payments",
    "orders.production",
    "orders.notifications",
    "ops",
]

app = Celery("stolentee")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)  # the request id travels into the task
app.autodiscover_tasks(STEPS_WITH_TASKS)


@setup_logging.connect
def _keep_our_logging(**kwargs: object) -> None:
    """Connecting this signal keeps Celery from replacing the handlers of `settings.LOGGING`."""


@worker_init.connect
def _refuse_bad_settings(**kwargs: object) -> None:
    from stolentee.checks import refuse_bad_settings

    try:
        refuse_bad_settings()
    except ImproperlyConfigured as error:  # signals log exceptions and go on; only leaving stops the worker
        raise SystemExit(f"ImproperlyConfigured: {error}") from error
