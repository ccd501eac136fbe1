"""Server-sent events of a job: its state whenever that changes, until it has ended or the stream's time is over.

A stream holds a thread of the web server, so a process has few of them; whoever gets none goes on polling. A browser's
EventSource connects again by itself when a stream ends early.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator, Iterator

from django.db import close_old_connections, connection

from common.canonical import canonical_hash
from common.errors import DomainError, NotFound
from uploads.selectors import job_get
from uploads.serializers import JobSerializer

POLL_S = 0.5
KEEP_ALIVE_S = 10
LONGEST_S = 55
_RECONNECT_MS = 2000
_ENDED = ("done", "failed")

STREAMS_PER_PROCESS = 4

_free = threading.BoundedSemaphore(STREAMS_PER_PROCESS)


class TooManyStreams(DomainError):
    """Every stream of this process is taken; polling works as ever."""

    status = 503
    code = "too_many_streams"


class JobStream:
    """The lines of one stream. Iterating it again gives nothing; closing it gives its place back, once."""

    def __init__(self, job_id: str, *, last_seen: str = "") -> None:
        """Raises NotFound for a job that is not there, TooManyStreams where no place is free."""
        job_get(job_id)
        if not _free.acquire(blocking=False):
            raise TooManyStreams("Too many event streams are open. Please poll the job.", retry_after_s=2)
        self._lines = self._events(job_id, last_seen)
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        return self._lines

    def close(self) -> None:
        if self._open:
            self._open = False
            self._lines.close()
            _free.release()

    def _events(self, job_id: str, last_seen: str) -> Generator[bytes]:
        yield f"retry: {_RECONNECT_MS}\n\n".encode()
        ends_at = time.monotonic() + LONGEST_S
        quiet_since = time.monotonic()
        while True:
            try:
                body = JobSerializer(job_get(job_id)).data
            except NotFound:
                return
            finally:
                if not connection.in_atomic_block:
                    close_old_connections()  # a stream must not keep a connection of the pool while it waits
            state = canonical_hash({name: body[name] for name in ("status", "logs", "errorCode")})[:16]
            if state != last_seen:
                last_seen, quiet_since = state, time.monotonic()
                data = json.dumps(body, default=str)
                yield f"id: {state}\nevent: job\ndata: {data}\n\n".encode()
            elif time.monotonic() - quiet_since >= KEEP_ALIVE_S:
                quiet_since = time.monotonic()
                yield b": still here\n\n"
            if body["status"] in _ENDED or time.monotonic() >= ends_at:
                return
            time.sleep(POLL_S)
