"""Reads of the catalogue and of reports go to the replica, if there is one; everything else to the primary.

A request is let onto the replica by the middleware of the same name, for its address and for its client: one who has
just written reads from the primary for some seconds. From the first write of a request on, the rest of it is the
primary's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings

PRIMARY, REPLICA = "default", "replica"
_apps_on_replica: ContextVar[frozenset[str]] = ContextVar("apps_on_replica", default=frozenset())


@contextmanager
def replica_serves(apps: frozenset[str]) -> Iterator[None]:
    """Until the end of the block, or the first write in it, the tables of these apps are read from the replica."""
    before = _apps_on_replica.set(apps)
    try:
        yield
    finally:
        _apps_on_replica.reset(before)


class ReplicaRouter:
    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        if REPLICA in settings.DATABASES and model._meta.app_label in _apps_on_replica.get():
            return REPLICA
        return None

    def db_for_write(self, model: Any, **hints: Any) -> str:
        _apps_on_replica.set(frozenset())
        return PRIMARY

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool:
        return True  # both are the same rows

    def allow_migrate(self, database: str, app_label: str, **hints: Any) -> bool:
        return database == PRIMARY
