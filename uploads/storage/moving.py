"""One file from one store to the other: copied as a stream, read back, compared, and only then looked for there."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import IO, Any

import structlog
from django.core.files.base import File
from django.core.files.storage import Storage

from common.storage import area_storage, file_digest
from uploads.storage.located import LocatedStorage, address_of
from uploads.storage.models import StoredObject

log = structlog.get_logger(__name__)


class MoveFailed(Exception):
    """The file stays where it was; `code` says why: `missing`, `changed` (not the recorded bytes), `not_verified`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Direction(StrEnum):
    TO_R2 = "r2"
    TO_HOME = "home"


class _HashingFile(File):
    """A file that hashes what is read of it, so that copying needs one reading of the source."""

    def __init__(self, source: IO[Any], name: str) -> None:
        super().__init__(source, name)
        self.source = source
        self.digest = hashlib.sha256()
        self.size_bytes = 0

    def read(self, size: int = -1) -> bytes:
        at = self.source.tell()
        data: bytes = self.source.read(size)
        # A client that signs, or tries again, reads some bytes twice.
        fresh = data[max(0, self.size_bytes - at) :]
        self.digest.update(fresh)
        self.size_bytes += len(fresh)
        return data


def located(area: str) -> LocatedStorage:
    """The area's two stores. Raises MoveFailed where the shop has only one."""
    storage = area_storage(area)
    if not isinstance(storage, LocatedStorage):
        raise MoveFailed("not_configured", "R2_BUCKET_NAME and its companions are not set.")
    return storage


def object_move(area: str, name: str, *, sha256: str = "", direction: Direction = Direction.TO_R2) -> int:
    """Moves one file and returns its bytes. The copy it leaves behind is what a rollback goes back to.

    `sha256` is what the shop recorded when the file was new. The new copy is read back in full and must have the same
    digest. Any number of movers may do this at once: the bytes under a name never change. Raises MoveFailed.
    """
    storage = located(area)
    to_r2 = direction is Direction.TO_R2
    source, target = (storage.home, storage.target) if to_r2 else (storage.target, storage.home)
    try:
        digest, size_bytes = _copied(source, target, name, wanted=sha256)
    except FileNotFoundError as error:
        raise MoveFailed("missing", f"{area}/{name} is not in its store") from error
    StoredObject.objects.update_or_create(
        area=area,
        name=name,
        defaults={
            "store": StoredObject.Store.R2 if to_r2 else StoredObject.Store.HOME,
            "address": address_of(target, name),
            "previous_address": address_of(source, name),
            "sha256": digest,
            "size_bytes": size_bytes,
        },
    )
    if not source.exists(name):  # deleted by the shop while we copied: our copy must not outlive it
        storage.delete(name)
        raise MoveFailed("missing", f"{area}/{name} was deleted meanwhile")
    return size_bytes


def _copied(source: Storage, target: Storage, name: str, *, wanted: str) -> tuple[str, int]:
    """Digest and size of the verified copy. What a broken-off move left is verified and kept, or replaced."""
    if target.exists(name):
        there = file_digest(target, name)
        if there[0] == (wanted or file_digest(source, name)[0]):
            return there
        target.delete(name)
    with source.open(name, "rb") as file:
        reading = _HashingFile(file, name)
        chosen = target.save(name, reading)
    copied = (reading.digest.hexdigest(), reading.size_bytes)
    if chosen != name:  # another mover was a moment faster
        target.delete(chosen)
    if wanted and copied[0] != wanted:
        target.delete(name)
        raise MoveFailed(
            "changed", f"{name} is not the file that was stored: its SHA-256 differs from the record"
        )
    if file_digest(target, name) != copied:
        target.delete(name)
        raise MoveFailed("not_verified", f"{name} came back from the new store with other bytes")
    log.debug("storage.copied", name=name, size_bytes=copied[1])
    return copied
