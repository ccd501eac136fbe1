"""Putting a backup back, and the proof that it is what was saved."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.management import call_command
from django.db import connection

from ops import database_dump
from ops.backup import Backup, BackupFailed, damages
from ops.invariants import Violation, violations
from ops.inventory import missing_files, put_back

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Change:
    """How many rows a table has now, and how many the backup brings; None where there is no such table."""

    table: str
    now: int | None
    backup: int | None


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. `rpo` is the age of what was restored: everything after it is lost."""

    backup: Backup
    differing: tuple[Change, ...]
    files_put_back: int
    files_missing: int
    violations: tuple[Violation, ...]
    seconds: float
    rpo: timedelta

    @property
    def is_whole(self) -> bool:
        return not self.differing and not self.files_missing and not self.violations


def changes(backup: Backup, *, only: list[str] | None = None) -> list[Change]:
    """What a restore would change, table by table."""
    now = database_dump.row_counts() if "django_migrations" in connection.introspection.table_names() else {}
    names = only or sorted(set(now) | set(backup.rows))
    return [Change(name, now.get(name), backup.rows.get(name)) for name in names]


def check(backup: Backup) -> None:
    """Raises BackupFailed for a backup that must not be used: damaged, or of another kind of database."""
    vendor = backup.manifest["database"]["vendor"]
    if vendor != connection.vendor:
        raise BackupFailed(f"{backup.name} is a backup of {vendor}; this shop runs on {connection.vendor}.")
    wrong = damages(backup)
    if wrong:
        raise BackupFailed("\n".join(wrong))


def restore(
    backup: Backup,
    *,
    database: bool = True,
    only: list[str] | None = None,
    files: bool = False,
    now: datetime,
    say: Say,
) -> Restored:
    """Restores the `database`, or its tables in `only`; then the files that the store lacks, if `files`.

    An older backup is migrated to this release. Raises BackupFailed, database_dump.DumpFailed (the database is as it
    was), inventory.StoreDiffers.
    """
    check(backup)
    started = time.monotonic()
    if only:
        unknown = sorted(set(only) - set(backup.rows))
        if unknown:
            raise BackupFailed(f"The backup has no table {', '.join(unknown)}.")
        for table in only:
            database_dump.restore_table(backup.dump_path, table)
            say(f"database: {table} restored")
    elif database:
        database_dump.restore(backup.dump_path)
        say("database: restored")
    compared = changes(backup, only=only) if only or database else []
    differing = tuple(change for change in compared if _differs(change, backup))
    if database and not only:
        call_command("migrate", verbosity=0, interactive=False)
    count = put_back(backup.path, say=say) if files else 0
    lacking = missing_files(backup.path / "inventory.csv")
    found = tuple(violations())
    return Restored(
        backup, differing, count, len(lacking), found, time.monotonic() - started, now - backup.at
    )


def _differs(change: Change, backup: Backup) -> bool:
    return change.table in backup.rows and change.now != change.backup
