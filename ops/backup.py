"""Backups of the database and of the store's inventory: made whole or not at all, checked, found again, forgotten.

A backup is a folder `<time>-<kind>` with the dump, the bare schema, the inventory, the copies of the files if they were
asked for, a manifest, and `SHA256SUMS`, which `sha256sum --check` understands.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from ops.database_dump import DumpFailed, dump, dump_name, server_version
from ops.inventory import damaged_copies, file_sha256, inventory_write
from ops.retention import SCHEDULED, Kept, Rule, to_delete

KINDS = (SCHEDULED, "manual", "before-deploy", "safety")
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
RPO = timedelta(hours=24)  # CONTRACT 12: at most a day is lost
STALE_AFTER = timedelta(days=7)
SHRUNK_PERCENT = 20
_TIME = "%Y%m%dT%H%M%SZ"
_PARTIAL = ".partial"


class BackupFailed(Exception):
    """No backup was made, or there is none to be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup on this machine's disk."""

    path: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.manifest["created_at"])

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"])

    @property
    def dump_path(self) -> Path:
        return self.path / str(self.manifest["database"]["file"])

    @property
    def dump_bytes(self) -> int:
        return int(self.manifest["files"][self.dump_path.name]["bytes"])

    @property
    def rows(self) -> dict[str, int]:
        return dict(self.manifest["database"]["rows"])

    @property
    def has_files(self) -> bool:
        return bool(self.manifest["inventory"]["copied"])


def default_folder() -> Path:
    return Path(settings.VAR_DIR) / "backups"


def backup_create(
    folder: Path,
    *,
    kind: str = SCHEDULED,
    files: bool = False,
    reread: bool = False,
    now: datetime | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Backup:
    """Makes a backup in `folder`. Raises BackupFailed and leaves nothing behind where that does not come about."""
    now = now or timezone.now()
    previous = next((found for found in backups(folder) if found.has_files or not files), None)
    name = f"{now.astimezone(UTC).strftime(_TIME)}-{kind}"
    final, partial = folder / name, folder / f"{name}{_PARTIAL}"
    if final.exists() or partial.exists():
        raise BackupFailed(f"{name} exists already, or is being made.")
    partial.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)  # names, addresses and orders of customers
    try:
        say(f"database: {connection.vendor} {server_version()}")
        rows = dump(partial / dump_name(), partial / "schema.sql")
        say(f"database: {sum(rows.values()):,} rows of {len(rows)} tables")
        found = inventory_write(
            partial / "inventory.csv",
            copies=partial / "files" if files else None,
            previous=previous.path if previous else None,
            say=say,
            reread=reread,
        )
        say(f"files: {found.files:,}, {found.size / 1e6:,.1f} MB, {'copied' if files else 'listed'}")
        manifest = {
            "format": 1,
            "kind": kind,
            "created_at": now.isoformat(),
            "seconds": round((timezone.now() - now).total_seconds(), 2),
            "shop_version": settings.VERSION,
            "database": {
                "vendor": connection.vendor,
                "server_version": server_version(),
                "file": dump_name(),
                "rows": rows,
            },
            "migrations": _migrations(),
            "inventory": {"files": found.files, "bytes": found.size, "copied": files},
            "files": {
                path.name: {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
                for path in sorted(partial.iterdir())
                if path.is_file()
            },
        }
        _seal(partial, manifest)
        partial.rename(final)
    except (DumpFailed, OSError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise BackupFailed(str(error)) from error
    return Backup(final, manifest)


def _seal(partial: Path, manifest: dict[str, Any]) -> None:
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    sums = {name: facts["sha256"] for name, facts in manifest["files"].items()}
    sums[MANIFEST] = file_sha256(partial / MANIFEST)
    (partial / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    for path in partial.iterdir():
        if path.is_file():
            path.chmod(0o600)


def _migrations() -> list[str]:
    recorder = MigrationRecorder(connection)
    return sorted(f"{app}.{name}" for app, name in recorder.applied_migrations())


def backups(folder: Path) -> list[Backup]:
    """Finished backups, newest first. Whatever else lies in the folder is left alone."""
    found = []
    for path in sorted(folder.iterdir(), reverse=True) if folder.is_dir() else []:
        if path.is_dir() and not path.name.endswith(_PARTIAL) and (path / MANIFEST).exists():
            found.append(Backup(path, json.loads((path / MANIFEST).read_text())))
    return sorted(found, key=lambda backup: backup.at, reverse=True)


def backup_find(folder: Path, name: str) -> Backup:
    """By name, or `latest`. Raises BackupFailed."""
    found = backups(folder)
    if name == "latest" and found:
        return found[0]
    for backup in found:
        if backup.name == name:
            return backup
    raise BackupFailed(f"There is no backup {name!r} in {folder}.")


def backups_forget(
    folder: Path, *, now: datetime, rule: Rule | None = None, dry_run: bool = False
) -> list[str]:
    """Deletes what no rule keeps and returns the names, oldest first."""
    kept = [Kept(backup.name, backup.at, backup.kind) for backup in backups(folder)]
    names = to_delete(kept, now, rule)
    for name in [] if dry_run else names:
        shutil.rmtree(folder / name)
    return names


def damages(backup: Backup, *, copies: bool = True) -> list[str]:
    """What is wrong with the files of a backup: gone, or other bytes than were written."""
    wrong = []
    for line in (backup.path / SUMS).read_text().splitlines() if (backup.path / SUMS).exists() else []:
        digest, name = line.split("  ", 1)
        path = backup.path / name
        if not path.exists():
            wrong.append(f"{backup.name}: {name} is missing")
        elif file_sha256(path) != digest:
            wrong.append(f"{backup.name}: {name} is not what was written")
    if not (backup.path / SUMS).exists():
        wrong.append(f"{backup.name}: {SUMS} is missing")
    if copies and backup.has_files and not wrong:
        wrong += [
            f"{backup.name}: the copy of {stored.name} is damaged" for stored in damaged_copies(backup.path)
        ]
    return wrong


def findings(folder: Path, *, now: datetime, files: bool = True) -> list[str]:
    """What somebody should know about the backups in this folder; nothing is good news.

    `files`: copies of the files are expected here, because the store keeps no versions of its own.
    """
    found = backups(folder)
    if not found:
        return [f"There is no backup in {folder}."]
    said = []
    age = now - found[0].at
    if age > STALE_AFTER:
        said.append(f"The newest backup is {age.days} days old; after {STALE_AFTER.days} it is no use.")
    elif age > RPO:
        said.append(
            f"The newest backup is {age.total_seconds() / 3600:.0f} hours old; a day at most may be lost."
        )
    if files and not any(backup.has_files and now - backup.at <= STALE_AFTER for backup in found):
        said.append(f"No copy of the files is younger than {STALE_AFTER.days} days.")
    if len(found) > 1 and found[1].manifest["database"]["vendor"] == found[0].manifest["database"]["vendor"]:
        lost = 100 - found[0].dump_bytes * 100 / max(1, found[1].dump_bytes)
        if lost > SHRUNK_PERCENT:
            said.append(f"The database's dump is {lost:.0f} % smaller than the one before.")
    return said + damages(found[0], copies=files)
