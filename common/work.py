"""Work that must end exactly once: the database row is the queue of record, a task is only the bell.

A worker *claims* a row (one conditional update, with a lease), does the slow work outside any transaction, and
*records* the outcome only if the lease is still its own. A worker that dies loses its lease; the sweeper rings again.
"""

from __future__ import annotations

import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Self

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, models, transaction
from django.db.models import F, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from common.records import Record

log = structlog.get_logger(__name__)

RETRY_DELAYS_S = (5, 30, 120)  # after the first, second, ... failed attempt; the last repeats
_LONGEST_WISH_S = 600  # what a vendor's Retry-After can delay an attempt by
# The rows that this process works on, by lease, for as long as somebody in it knows them.
_held: weakref.WeakValueDictionary[uuid.UUID, WorkItem] = weakref.WeakValueDictionary()


class WorkItem(Record):
    """The state, the lease and the attempts of one piece of work."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField(default=timezone.now)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    MAX_ATTEMPTS = 3
    LEASE = timedelta(seconds=settings.WORK_LEASE_S)

    class Meta:
        abstract = True

    @classmethod
    def due(cls, now: datetime) -> models.QuerySet[Self]:
        """Rows that nobody works on although somebody should: never rung, due again, or left by a dead worker."""
        queued = Q(status=cls.Status.QUEUED, available_at__lte=now)
        abandoned = Q(status=cls.Status.RUNNING, lease_expires_at__lt=now)
        return cls._default_manager.filter(queued | abandoned)

    @classmethod
    def claim(cls, pk: Any, *, now: datetime | None = None) -> Self | None:
        """Takes the row for this worker, or returns None where it is done, not due, or another worker's.

        A row whose last allowed attempt was abandoned becomes `failed`: it kills whoever touches it.
        """
        now = now or timezone.now()
        token = uuid.uuid4()
        claimed = (
            cls.due(now)
            .filter(pk=pk, attempts__lt=cls.MAX_ATTEMPTS)
            .update(
                status=cls.Status.RUNNING,
                attempts=F("attempts") + 1,
                lease_token=token,
                lease_expires_at=now + cls.LEASE,
            )
        )
        if claimed:
            item = cls._default_manager.get(pk=pk)
            _held[token] = item
            return item
        buried = (
            cls.due(now)
            .filter(pk=pk, attempts__gte=cls.MAX_ATTEMPTS)
            .update(
                status=cls.Status.FAILED,
                error_code="abandoned",
                error_message="The work was interrupted too often.",
                lease_token=None,
                lease_expires_at=None,
                completed_at=now,
            )
        )
        if buried:
            log.error("work.abandoned", model=cls.__name__, pk=str(pk))
        return None

    def _mine(self) -> models.QuerySet[Self]:
        return type(self)._default_manager.filter(
            pk=self.pk, status=self.Status.RUNNING, lease_token=self.lease_token
        )

    def note(self, **fields: Any) -> bool:
        """Writes `fields` and extends the lease, if the row is still ours."""
        return bool(self._mine().update(lease_expires_at=timezone.now() + self.LEASE, **fields))

    def finish(self, **fields: Any) -> bool:
        """Writes the result, if the row is still ours. False means that another worker has taken over."""
        now = timezone.now()
        return bool(
            self._mine().update(
                status=self.Status.DONE,
                completed_at=now,
                updated_at=now,
                lease_token=None,
                lease_expires_at=None,
                error_code="",
                error_message="",
                **fields,
            )
        )

    def fail(
        self, code: str, message: str, *, retryable: bool, after_s: float | None = None
    ) -> timedelta | None:
        """Writes a failed attempt. Returns the delay until the next one, or None where this was the last.

        after_s: the least delay that whoever refused has asked for; up to ten minutes of it are granted.
        """
        now = timezone.now()
        again = retryable and self.attempts < self.MAX_ATTEMPTS
        delay_s = float(RETRY_DELAYS_S[min(self.attempts, len(RETRY_DELAYS_S)) - 1])
        delay = timedelta(seconds=max(delay_s, min(after_s or 0, _LONGEST_WISH_S)))
        self._mine().update(
            status=self.Status.QUEUED if again else self.Status.FAILED,
            available_at=now + delay if again else now,
            completed_at=None if again else now,
            updated_at=now,
            error_code=code,
            error_message=message[:2000],
            lease_token=None,
            lease_expires_at=None,
        )
        return delay if again else None

    def release(self) -> bool:
        """Gives the row back untried, if it is still ours: this claim is no attempt."""
        return bool(
            self._mine().update(
                status=self.Status.QUEUED,
                attempts=F("attempts") - 1,
                available_at=timezone.now(),
                lease_token=None,
                lease_expires_at=None,
            )
        )

    @classmethod
    def requeue(cls, pk: Any) -> bool:
        """Asks for work that has ended to be done once more; the caller rings. False while it is on its way anyway."""
        return bool(
            cls._default_manager.filter(pk=pk, status__in=[cls.Status.DONE, cls.Status.FAILED]).update(
                status=cls.Status.QUEUED,
                attempts=0,
                available_at=timezone.now(),
                completed_at=None,
                error_code="",
                error_message="",
            )
        )

    @classmethod
    def cancel(cls, pk: Any, *, code: str = "cancelled", message: str = "Cancelled.") -> bool:
        """Ends what has not ended yet. A worker that is at it finds its lease gone and records nothing."""
        now = timezone.now()
        return bool(
            cls._default_manager.filter(pk=pk, status__in=[cls.Status.QUEUED, cls.Status.RUNNING]).update(
                status=cls.Status.FAILED,
                error_code=code,
                error_message=message,
                lease_token=None,
                lease_expires_at=None,
                completed_at=now,
                updated_at=now,
            )
        )

    @contextmanager
    def heartbeat(self, *, limit_s: float) -> Iterator[None]:
        """Keeps the lease for as long as the work inside runs, but no longer than `limit_s`: a hung worker loses it.

        So a lease can be short, and the work of a worker that died is taken over soon.
        """
        over = threading.Event()
        every_s = self.LEASE.total_seconds() / 3
        deadline = time.monotonic() + limit_s

        def beat() -> None:
            try:
                while not over.wait(every_s) and time.monotonic() < deadline:
                    try:
                        if not self.note():
                            return
                    except DatabaseError as error:  # the next beat may get through; the lease outlives two
                        log.warning("work.beat_missed", pk=str(self.pk), error=type(error).__name__)
            finally:
                connection.close()

        thread = threading.Thread(target=beat, name=f"heartbeat-{self.pk}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def release_held() -> int:
    """Gives back untried what this process works on, for one that has to end now. Returns how many rows.

    Their work may go on behind its back until the end of the process: it has lost the lease and records nothing.
    """
    return sum(item.release() for item in list(_held.values()))


def ring(task: Any, *, countdown_s: float = 0, **ids: str) -> None:
    """Sends `task` after the commit. A dead broker costs time, not work: the sweeper rings again."""

    def send() -> None:
        try:
            task.apply_async(kwargs=ids, countdown=countdown_s or None)
        except (OperationalError, OSError) as error:
            log.warning("bell.silent", task=task.name, error=type(error).__name__, **ids)

    transaction.on_commit(send)


def ring_all(model: type[WorkItem], bell: Callable[[str], None], *, limit: int = 100) -> int:
    """Rings for up to `limit` due rows of `model`, oldest first. Returns how many."""
    keys = list(model.due(timezone.now()).order_by("available_at").values_list("pk", flat=True)[:limit])
    for pk in keys:
        bell(str(pk))
    return len(keys)
