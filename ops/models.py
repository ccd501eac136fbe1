"""What the shop remembers of its own state: a sample of its health each minute, and the sign of life of each worker."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class HealthSample(models.Model):
    """The shop's health in one minute, as a worker saw it. A minute without a row is one in which nobody worked."""

    class Status(models.TextChoices):
        HEALTHY = "healthy"
        DEGRADED = "degraded"
        UNHEALTHY = "unhealthy"

    at = models.DateTimeField(unique=True, help_text="The minute, in UTC.")
    status = models.CharField(max_length=10, choices=Status)
    database_ms = models.FloatField()
    redis_ms = models.FloatField(
        null=True, blank=True, help_text="Empty: Redis did not answer, or there is none."
    )
    waiting = models.JSONField(default=dict, help_text="How many rows wait, by kind of work.")
    oldest_s = models.JSONField(
        default=dict, help_text="For how long the oldest of them has been due, by kind."
    )
    workers = models.PositiveSmallIntegerField(default=0, help_text="Workers with a recent sign of life.")

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.status}"


class WorkerBeat(models.Model):
    """The newest sign of life of one worker, and whether it has the cut-out's network in memory."""

    name = models.CharField(max_length=200, unique=True)
    queues = models.JSONField(default=list)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)
    model_warm_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
