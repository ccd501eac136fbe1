"""Reading jobs and the queue that they wait in."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from common.errors import NotFound
from uploads.models import Job

_RECENT = 30
_USUAL_KEY = "uploads:usual-job-s"
_USUAL_CACHED_S = 15
# What a job takes before any has been measured.
_USUAL_DEFAULT_S = 6.0


@dataclass(frozen=True)
class Place:
    """Where a job stands in the queue.

    position: how many are before it; 0 for one that runs. queue_age_s: how long the oldest of all has waited.
    eta_s: the likely time until the end.
    """

    position: int
    queue_age_s: int
    eta_s: int


def job_get(job_id: str) -> Job:
    """The job with its pictures; knowing its id is the permission. Raises NotFound, for malformed ids as well."""
    try:
        return Job.objects.prefetch_related("assets").get(pk=UUID(job_id))
    except (ValueError, Job.DoesNotExist) as error:
        raise NotFound("Job not found", code="job_not_found") from error


def place_of(job: Job, now: datetime | None = None) -> Place | None:
    """None for a job that has ended."""
    if job.status not in (Job.Status.QUEUED, Job.Status.RUNNING):
        return None
    now = now or timezone.now()
    usual_s = usual_job_s()
    if job.status == Job.Status.RUNNING:
        return Place(0, queue_age_s(now), max(1, round(usual_s / 2)))
    queued = Job.objects.filter(status=Job.Status.QUEUED)
    before = queued.filter(
        Q(available_at__lt=job.available_at) | Q(available_at=job.available_at, created_at__lt=job.created_at)
    ).count()
    running = Job.objects.filter(status=Job.Status.RUNNING, lease_expires_at__gte=now).count()
    wait_s = max(0.0, (job.available_at - now).total_seconds())
    return Place(before, queue_age_s(now), max(1, round(wait_s + usual_s * (1 + before / max(1, running)))))


def queue_age_s(now: datetime | None = None) -> int:
    """How long the oldest job that is due has waited."""
    now = now or timezone.now()
    oldest = (
        Job.objects.filter(status=Job.Status.QUEUED, available_at__lte=now)
        .order_by("available_at")
        .values_list("available_at", flat=True)
        .first()
    )
    return max(0, round((now - oldest).total_seconds())) if oldest else 0


def usual_job_s() -> float:
    """The median time of the newest finished jobs, from the times of their stages."""
    known = cache.get(_USUAL_KEY)
    if known is not None:
        return float(known)
    newest = Job.objects.filter(status=Job.Status.DONE).exclude(stages={}).order_by("-completed_at")
    times = [sum(stages.values()) / 1000 for stages in newest.values_list("stages", flat=True)[:_RECENT]]
    usual = statistics.median(times) if times else _USUAL_DEFAULT_S
    cache.set(_USUAL_KEY, usual, _USUAL_CACHED_S)
    return usual
