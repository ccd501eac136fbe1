"""Cancels a query that takes longer than the application waits.

PostgreSQL's own `statement_timeout` is the longer of the two limits, and a pooler in transaction mode refuses to set
it; this one works through any pooler, because a cancel request travels on a connection of its own. Only serving
processes switch it on: a migration or an export may take its time.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

_CANCEL_TIMEOUT_S = 2.0


class Watchdog:
    """One thread per process, started at the first query after `limit_queries`."""

    def __init__(self) -> None:
        self._timeout_s = 0.0
        self._watched: dict[int, tuple[float, Any]] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread_of: int = 0

    def limit(self, timeout_s: float) -> None:
        """Every later query of this process is cancelled after `timeout_s`; 0 lets them run."""
        self._timeout_s = timeout_s

    @contextmanager
    def watches(self, connection: Any) -> Iterator[None]:
        raw = getattr(connection, "connection", None)
        if not self._timeout_s or raw is None or not hasattr(raw, "cancel_safe"):
            yield
            return
        self._start()
        number = next(self._numbers)
        self._watched[number] = (time.monotonic() + self._timeout_s, raw)
        self._wake.set()
        try:
            yield
        finally:
            with self._lock:  # a cancel that is under way must not hit the connection's next query
                self._watched.pop(number, None)

    def _start(self) -> None:
        if self._thread_of == os.getpid():
            return
        with self._lock:
            if self._thread_of != os.getpid():  # a fork has no threads of its parent
                self._thread_of = os.getpid()
                threading.Thread(target=self._run, name="query-watchdog", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._watched:
                time.sleep(min(self._timeout_s / 10, 0.5))
                self._cancel_overdue()

    def _cancel_overdue(self) -> None:
        now = time.monotonic()
        for number, (deadline, _) in list(self._watched.items()):
            if deadline > now:
                continue
            with self._lock:
                found = self._watched.pop(number, None)
                if found is None:
                    continue  # it has just ended
                log.warning("database.query_cancelled", after_s=self._timeout_s)
                try:
                    found[1].cancel_safe(timeout=_CANCEL_TIMEOUT_S)
                except Exception as error:  # the connection is lost, which its own thread finds out as well
                    log.warning("database.cancel_failed", error=type(error).__name__)


watchdog = Watchdog()


def limit_queries() -> None:
    """For a process that serves: DATABASE_QUERY_TIMEOUT_S holds from now on."""
    watchdog.limit(settings.DATABASE_QUERY_TIMEOUT_S)
