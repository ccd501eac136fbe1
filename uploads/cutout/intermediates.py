"""What a job puts aside: what it has paid for, and the files of a result that is not recorded yet.

A paid reply is kept so that an attempt after a crash finds it. A result's file is announced here before it is written,
and adopted in the transaction that records the result; whatever nobody adopts is deleted when it expires.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone

from common.storage import private_storage, public_storage, random_name
from uploads.cutout import files
from uploads.models import Intermediate, Job

log = structlog.get_logger(__name__)

_AT_ONCE = 200


def put_aside(job: Job, name: str, data: bytes, *, extension: str, detail: dict[str, Any]) -> None:
    """Keeps private bytes of the job under `name`, for as long as intermediates live."""
    file = files.write(private_storage(), f"intermediates/{random_name(extension)}", data)
    _row(job, name, file, detail=detail)


def found(job: Job, name: str) -> tuple[bytes, dict[str, Any]] | None:
    """What an earlier attempt of the job has put aside under `name`."""
    row = Intermediate.objects.filter(job=job, name=name, expires_at__gt=timezone.now()).first()
    if row is None:
        return None
    try:
        return files.read(private_storage(), row.file), row.detail
    except FileNotFoundError:
        return None


def announce(job: Job, file: str, *, is_public: bool) -> None:
    """Says that the job is about to write a file, so that it can be found if nobody ever records it."""
    _row(job, f"result:{file[-24:]}", file, is_public=is_public)


def adopt(job: Job, names: list[str]) -> None:
    """The files belong to a recorded result from now on. Called in the transaction that records it."""
    Intermediate.objects.filter(job=job, file__in=names).delete()


def expire(now: datetime) -> int:
    """Deletes the files whose time is over, then their rows. Returns how many. An interrupted run goes on next time."""
    overdue = list(Intermediate.objects.filter(expires_at__lte=now)[:_AT_ONCE])
    for row in overdue:
        (public_storage() if row.is_public else private_storage()).delete(row.file)
        row.delete()
    if overdue:
        log.info("intermediates.expired", count=len(overdue))
    return len(overdue)


def _row(
    job: Job, name: str, file: str, *, is_public: bool = False, detail: dict[str, Any] | None = None
) -> None:
    Intermediate.objects.update_or_create(
        job=job,
        name=name,
        defaults={
            "file": file,
            "is_public": is_public,
            "detail": detail or {},
            "expires_at": timezone.now() + settings.INTERMEDIATE_LIFETIME,
        },
    )
