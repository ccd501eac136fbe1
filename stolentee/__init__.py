"""Project wiring. Nobody imports it; settings are read through `django.conf.settings`."""

from stolentee.celery import app as celery_app

__all__ = ["celery_app"]
