"""Django's PostgreSQL engine with a pool that is over a restart of the database at once.

psycopg's pool replaces a dead connection only when somebody draws it, and waits a second, then two, before it draws the
next one: after a restart the first requests fail one by one, each after the whole time-out. Here the first dead
connection makes one thread check all idle ones, so that the next draw is a new connection.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    @property
    def pool(self) -> Any:
        is_new = self.alias not in self._connection_pools  # type: ignore[attr-defined]
        pool = super().pool
        if pool is not None and is_new and pool._check is not None:
            pool._check = _checks_all_at_the_first_failure(pool, pool._check)
        return pool


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
