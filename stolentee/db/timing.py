"""How long every query takes, the slow ones in the log: with the request's id, without the data."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from common.metrics import DATABASE_QUERIES
from stolentee.db.replica import replica
from stolentee.db.watchdog import watchdog
from stolentee.router import REPLICA

log = structlog.get_logger(__name__)

_VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE")
_SQL_MAX_LENGTH = 1000


def install(sender: object, connection: Any, **kwargs: object) -> None:
    """For Django's `connection_created`, which a pool sends again for each connection that it hands out."""
    if timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(timed)


def timed(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Runs one query, measured and within the application's time-out."""
    connection = context["connection"]
    started = time.perf_counter()
    try:
        with watchdog.watches(connection):
            return execute(sql, params, many, context)
    except (OperationalError, InterfaceError) as error:
        if connection.alias == REPLICA:
            replica.failed(error)
        raise
    finally:
        seconds = time.perf_counter() - started
        text = str(sql)
        verb = text.lstrip(" (\n")[:6].upper()
        DATABASE_QUERIES.labels(connection.alias, verb if verb in _VERBS else "OTHER").observe(seconds)
        if seconds * 1000 > settings.DATABASE_SLOW_QUERY_MS:
            # `params` hold the data; the text has placeholders in their place.
            log.warning(
                "database.slow_query",
                duration_ms=round(seconds * 1000, 1),
                sql=text[:_SQL_MAX_LENGTH],
                database=connection.alias,
            )
