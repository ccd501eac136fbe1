"""What lies in the file store: a list with sizes and checksums, copies of the files, and the way back."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from django.core.files import File
from django.core.files.storage import Storage

from common.storage import private_storage, public_storage

AREAS: dict[str, Callable[[], Storage]] = {"private": private_storage, "public": public_storage}
COLUMNS = ("area", "name", "bytes", "sha256")
_CHUNK_BYTES = 1024 * 1024
_TOLD_EVERY = 1000
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stored:
    """One file of the store. `name` is relative to its area."""

    area: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Summary:
    files: int
    size: int


class StoreDiffers(Exception):
    """A file could not be put back as it was; the message names it."""


def inventory_write(
    path: Path, *, copies: Path | None, previous: Path | None, say: Say, reread: bool = False
) -> Summary:
    """Writes a row for each file of both areas, and copies the files into the folder `copies`, if there is one.

    Files are written once and never changed, so a checksum is taken from the `previous` inventory where name and size
    agree, unless `reread`. A copy that the previous backup holds becomes a hard link. Raises OSError.
    """
    known = {} if reread or previous is None else _by_name(previous / "inventory.csv")
    count = size = 0
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for area, name in store_names():
            stored = _take(area, name, known.get((area, name)), copies, previous)
            writer.writerow([stored.area, stored.name, stored.size, stored.sha256])
            count, size = count + 1, size + stored.size
            if count % _TOLD_EVERY == 0:
                say(f"files: {count:,} so far, {size / 1e6:,.1f} MB")
    return Summary(count, size)


def inventory_read(path: Path) -> Iterator[Stored]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            yield Stored(row["area"], row["name"], int(row["bytes"]), row["sha256"])


def store_names() -> Iterator[tuple[str, str]]:
    """Area and name of every file, folder by folder."""
    for area, storage in AREAS.items():
        for name in _walk(storage(), ""):
            yield area, name


def _walk(storage: Storage, folder: str) -> Iterator[str]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return  # a shop that has stored nothing yet
    prefix = f"{folder}/" if folder else ""
    for name in sorted(files):
        if name:
            yield prefix + name
    for name in sorted(folders):
        yield from _walk(storage, prefix + name)


def _by_name(path: Path) -> dict[tuple[str, str], Stored]:
    if not path.exists():
        return {}
    return {(stored.area, stored.name): stored for stored in inventory_read(path)}


def _take(area: str, name: str, known: Stored | None, copies: Path | None, previous: Path | None) -> Stored:
    storage = AREAS[area]()
    size = storage.size(name)
    is_known = known is not None and known.size == size
    if is_known and (copies is None or _linked(previous, copies, area, name)):
        return cast(Stored, known)
    target = copies / area / name if copies is not None else None
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
    return Stored(area, name, size, _stream(storage, name, target))


def _linked(previous: Path | None, copies: Path, area: str, name: str) -> bool:
    """Whether the copy of the previous backup could become this one's, too."""
    source = previous / "files" / area / name if previous is not None else None
    if source is None or not source.exists():
        return False
    target = copies / area / name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        return False  # another disk: the file is read from the store
    return True


def _stream(storage: Storage, name: str, target: Path | None) -> str:
    """The SHA-256 of a stored file; on the way, its bytes go to `target`."""
    digest = hashlib.sha256()
    out = target.open("wb") if target is not None else None
    try:
        with storage.open(name, "rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                if out is not None:
                    out.write(chunk)
    finally:
        if out is not None:
            out.close()
    return digest.hexdigest()


def missing_files(path: Path) -> list[Stored]:
    """What the inventory lists and the store lacks, or has in another size."""
    lacking = []
    for stored in inventory_read(path):
        storage = AREAS[stored.area]()
        if not storage.exists(stored.name) or storage.size(stored.name) != stored.size:
            lacking.append(stored)
    return lacking


def damaged_copies(backup: Path) -> list[Stored]:
    """Copies of the backup that are gone or not what the inventory says."""
    return [
        stored
        for stored in inventory_read(backup / "inventory.csv")
        if not (copy := backup / "files" / stored.area / stored.name).exists()
        or file_sha256(copy) != stored.sha256
    ]


def put_back(backup: Path, *, say: Say) -> int:
    """Writes the copies whose files the store lacks, and returns how many. What is there is never overwritten.

    Raises StoreDiffers where the store holds another file of that name, or the copy is damaged.
    """
    lacking = missing_files(backup / "inventory.csv")
    for number, stored in enumerate(lacking, start=1):
        storage = AREAS[stored.area]()
        copy = backup / "files" / stored.area / stored.name
        if not copy.exists() or file_sha256(copy) != stored.sha256:
            raise StoreDiffers(f"The copy of {stored.area}/{stored.name} is missing or damaged.")
        with copy.open("rb") as file:
            written = storage.save(stored.name, File(file))
        if written != stored.name:
            storage.delete(written)
            raise StoreDiffers(f"Another file is called {stored.area}/{stored.name}.")
        if number % _TOLD_EVERY == 0:
            say(f"files: {number:,} of {len(lacking):,} put back")
    return len(lacking)


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
