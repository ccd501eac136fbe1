"""Migrations under traffic: they wait for a lock for seconds only, and then fail instead of stopping the shop."""

from __future__ import annotations

from typing import Any

import structlog
from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate

log = structlog.get_logger(__name__)

LOCK_TIMEOUT = "5s"


class OpsConfig(AppConfig):
    name = "ops"

    def ready(self) -> None:
        pre_migrate.connect(limit_locks, dispatch_uid="ops.limit_locks")
        post_migrate.connect(lift_limits, dispatch_uid="ops.lift_limits")


def limit_locks(using: str, **kwargs: Any) -> None:
    """A statement that waits for a lock makes everybody wait who comes after it. An index may take its time."""
    _execute(using, f"SET lock_timeout = '{LOCK_TIMEOUT}'", "SET statement_timeout = 0")


def lift_limits(using: str, **kwargs: Any) -> None:
    _execute(using, "RESET lock_timeout", "RESET statement_timeout")


def _execute(using: str, *statements: str) -> None:
    connection = connections[using]
    if connection.vendor == "postgresql":
        if connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
            # A pooler by transaction would set it for strangers, and hand us another session for the migration.
            log.warning("migrate.waits_for_locks", hint="Set DATABASE_DIRECT_URL for migrations.")
            return
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
