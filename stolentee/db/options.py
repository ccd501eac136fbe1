"""What a PostgreSQL URL becomes: a connection with a pool, time-outs, and what the pooler before it allows."""

from __future__ import annotations

from typing import Any

_TRANSACTION_POOLER_PORT = "6543"  # Supabase's


def postgresql(
    database: dict[str, Any],
    *,
    pooler: str,
    pool_min: int,
    pool_max: int,
    pool_idle_s: int,
    connect_timeout_s: int,
    statement_timeout_s: int,
) -> dict[str, Any]:
    """Django's dictionary of the connection.

    A pooler in transaction mode refuses start-up options, prepared statements and server-side cursors; its statement
    time-out is the role's. `pooler` is auto, none, session or transaction; auto tells it by the port.
    """
    by_transaction = pooler == "transaction" or (
        pooler == "auto" and str(database.get("PORT")) == _TRANSACTION_POOLER_PORT
    )
    options = {
        **(database.get("OPTIONS") or {}),
        "connect_timeout": connect_timeout_s,
        # A network that has gone silent is noticed about as soon as a query that takes too long.
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "prepare_threshold": None,
        "pool": {
            "min_size": pool_min,
            "max_size": pool_max,
            "max_idle": pool_idle_s,
            "timeout": connect_timeout_s,
        },
    }
    if statement_timeout_s and not by_transaction:
        options["options"] = f"-c statement_timeout={statement_timeout_s * 1000}"
    return database | {
        "ENGINE": "stolentee.db.postgresql",
        "CONN_MAX_AGE": 0,  # the pool keeps the connections
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": by_transaction,
        "OPTIONS": options,
    }
