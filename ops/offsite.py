"""Backups in a bucket of their own (`BACKUP_BUCKET`), so that they survive the machine that made them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

from ops.backup import MANIFEST, SUMS, Backup, BackupFailed, backup_find, damages
from ops.inventory import inventory_read

_CHUNK_BYTES = 1024 * 1024


def offsite_storage() -> Storage | None:
    """None where the shop has no such bucket."""
    return storages["backups"] if "backups" in settings.STORAGES else None


def backup_send(backup: Backup, *, say: Callable[[str], None]) -> int:
    """Copies a backup into the bucket, its manifest last: what has none is not whole. Returns how many files.

    Copies of files that the bucket has from an earlier backup are not sent again: they are written once, under
    `files/`. Raises BackupFailed.
    """
    storage = _storage()
    sent = 0
    for local, name in _parts(backup):
        if not storage.exists(name):
            with local.open("rb") as file:
                storage.save(name, File(file))
            sent += 1
        if storage.size(name) != local.stat().st_size:
            raise BackupFailed(f"{name} is not in the bucket as it is here.")
    say(f"bucket: {sent:,} files sent")
    return sent


def backup_fetch(folder: Path, name: str, *, say: Callable[[str], None]) -> Backup:
    """Brings a backup from the bucket into `folder`, by name or `latest`. Raises BackupFailed."""
    storage = _storage()
    if name == "latest":
        name = max((each for each in storage.listdir("")[0] if each != "files"), default="")
    if not name or not storage.exists(f"{name}/{SUMS}"):
        raise BackupFailed(f"There is no whole backup {name!r} in the bucket.")
    target = folder / name
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for each in storage.listdir(name)[1]:
        _download(storage, f"{name}/{each}", target / each)
    backup = backup_find(folder, name)
    if backup.has_files:
        for stored in inventory_read(target / "inventory.csv"):
            copy = target / "files" / stored.area / stored.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            _download(storage, f"files/{stored.area}/{stored.name}", copy)
    wrong = damages(backup)
    if wrong:
        raise BackupFailed("\n".join(wrong))
    say(f"bucket: {name} fetched")
    return backup


def _storage() -> Storage:
    storage = offsite_storage()
    if storage is None:
        raise BackupFailed("There is no BACKUP_BUCKET.")
    return storage


def _parts(backup: Backup) -> Iterator[tuple[Path, str]]:
    """Local file and name in the bucket: the copies first, then the dump, the manifest and the sums last."""
    if backup.has_files:
        for stored in inventory_read(backup.path / "inventory.csv"):
            relative = f"files/{stored.area}/{stored.name}"
            yield backup.path / relative, relative
    last = (MANIFEST, SUMS)
    names = sorted(path.name for path in backup.path.iterdir() if path.is_file() and path.name not in last)
    for name in [*names, *last]:
        yield backup.path / name, f"{backup.name}/{name}"


def _download(storage: Storage, name: str, target: Path) -> None:
    with storage.open(name, "rb") as file, target.open("wb") as out:
        while chunk := file.read(_CHUNK_BYTES):
            out.write(chunk)
    target.chmod(0o600)
