"""Django's PostgreSQL engine with a pool that is over an outage of the database at once.

psycopg's pool replaces a dead connection only when somebody draws it, and waits a second, then two, before it draws the
next one: after a restart the first requests fail one by one, each after the whole time-out. Here the first dead
connection makes one thread check all idle ones, so that the next draw is a new connection.

It also doubles the time between its attempts to connect, up to minutes, and serves nobody meanwhile although the
database is back. Here it is about a second for as long as an outage lasts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from stolentee.db.replica import replica
from stolentee.router import REPLICA

RECONNECT_EVERY_S = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    @property
    def pool(self) -> Any:
        is_new = self.alias not in self._connection_pools  # type: ignore[attr-defined]
        pool = super().pool
        if pool is not None and is_new:
            pool.schedule_task = _soon(pool.schedule_task)
            if pool._check is not None:
                pool._check = _checks_all_at_the_first_failure(pool, pool._check)
        return pool

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if self.alias == REPLICA and replica.is_away:
            raise psycopg.OperationalError("the replica is left alone")  # nobody waits for it again
        try:
            return super().get_new_connection(conn_params)
        except psycopg.Error as error:
            if self.alias == REPLICA:
                replica.failed(error)
            raise


def _soon(schedule: Callable[[Any, float], None]) -> Callable[[Any, float], None]:
    """Attempts to connect are not put off for longer than the interval; other tasks of the pool keep their time."""
    from psycopg_pool.pool import AddConnection

    def scheduled(task: Any, delay: float) -> None:
        schedule(task, min(delay, RECONNECT_EVERY_S) if isinstance(task, AddConnection) else delay)

    return scheduled


def _checks_all_at_the_first_failure(pool: Any, check_one: Callable[[Any], None]) -> Callable[[Any], None]:
    checking = threading.Lock()

    def check(connection: Any) -> None:
        try:
            check_one(connection)
        except Exception:
            if checking.acquire(blocking=False):
                try:
                    pool.check()
                finally:
                    checking.release()
            raise

    return check
