"""Whether the replica may be asked: it answers, and it is not further behind than a client stays with the primary."""

from __future__ import annotations

import threading
import time

import structlog
from django.conf import settings
from django.db import DatabaseError, connections

log = structlog.get_logger(__name__)

_CHECKED_EVERY_S = 1.0
_LEFT_ALONE_S = 10.0
# How many seconds it is behind. One that has lost its primary does not know, and one that has replayed all is not.
_BEHIND = """
SELECT CASE
    WHEN NOT pg_is_in_recovery() THEN 0
    WHEN NOT EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 'Infinity'
    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)
END::float8
"""
_CANCELLED = "57014"  # by our own watchdog: the primary would take as long


class Replica:
    """What one process knows of it. Whoever finds it gone spares the others the time-out for some seconds."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._lock = threading.Lock()
        self._away_until = self._checked_at = float("-inf")
        self.losses = 0

    @property
    def is_away(self) -> bool:
        return time.monotonic() < self._away_until

    def is_usable(self) -> bool:
        """Asks it at most once a second."""
        if self.is_away:
            return False
        now = time.monotonic()
        if now - self._checked_at < _CHECKED_EVERY_S:
            return True
        with self._lock:
            if self.is_away or now - self._checked_at < _CHECKED_EVERY_S:
                return not self.is_away  # somebody has just asked
            try:
                behind_s = self._behind_s()
            except DatabaseError as error:
                self.leave_alone(type(error).__name__)
                return False
            self._checked_at = time.monotonic()
            if behind_s > settings.REPLICA_STICKY_S:
                self.leave_alone("behind", behind_s=behind_s)
                return False
            return True

    def _behind_s(self) -> float:
        with connections[self._alias].cursor() as cursor:
            cursor.execute(_BEHIND)
            return float(cursor.fetchone()[0])

    def failed(self, error: Exception) -> None:
        """A query did not come through."""
        if getattr(error.__cause__, "sqlstate", None) != _CANCELLED:
            self.losses += 1
            self.leave_alone(type(error).__name__)

    def leave_alone(self, reason: str, **facts: float) -> None:
        self._away_until = time.monotonic() + _LEFT_ALONE_S
        log.warning("database.replica_away", reason=reason, **facts)


replica = Replica("replica")
