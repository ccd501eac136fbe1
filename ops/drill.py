"""The newest backup restored where it harms nobody: only a backup that has been restored is one."""

from __future__ import annotations

import time
from collections.abc import Callable

from ops.backup import Backup
from ops.database_dump import DumpFailed, scratch_database


def drill(backup: Backup, *, say: Callable[[str], None]) -> list[str]:
    """Restores the dump into a database of its own and counts its rows. Returns what is wrong."""
    started = time.monotonic()
    try:
        with scratch_database(backup.dump_path) as rows:
            wrong = [
                f"{backup.name}: {table} has {rows.get(table, 0):,} rows after the restore, not {count:,}"
                for table, count in backup.rows.items()
                if rows.get(table) != count
            ]
    except DumpFailed as error:
        return [f"{backup.name} cannot be restored. {error}"]
    say(
        f"drill: {sum(rows.values()):,} rows of {len(rows)} tables restored in {time.monotonic() - started:.1f} s"
    )
    return wrong
