"""Every file that a row of the shop refers to, and what lies in the stores beyond that."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from django.core.files.storage import Storage
from django.db import models

from common.storage import PRIVATE, PUBLIC
from orders.models import OrderLine, ProductionPack
from uploads.models import Asset, Derivative

Item = TypeVar("Item")
_CHUNK_ROWS = 500


@dataclass(frozen=True)
class FileReference:
    """One file of the shop: since when, where it belongs, under which name, what it is, and what is recorded of it.

    Files of one `group` (an asset, an order line) take part in a rollout together.
    """

    created_at: datetime
    area: str
    name: str
    kind: str
    group: str
    sha256: str = ""
    size_bytes: int | None = None


def referenced_files() -> Iterator[FileReference]:
    """All of them, oldest first, without holding them in memory."""
    yield from heapq.merge(
        _originals(), _displays(), _derivatives(), _packs(), _mockups(), key=lambda file: file.created_at
    )


def _originals() -> Iterator[FileReference]:
    for asset in Asset.objects.order_by("created_at").iterator(_CHUNK_ROWS):
        yield FileReference(
            asset.created_at,
            PRIVATE,
            asset.original_file,
            "cut-out" if asset.kind == Asset.Kind.TRANSPARENT else "original",
            str(asset.pk),
            asset.sha256,
            asset.file_size,
        )


def _displays() -> Iterator[FileReference]:
    rows = Asset.objects.order_by("created_at").values_list("pk", "created_at", "public_name")
    for key, created_at, name in rows.iterator(_CHUNK_ROWS):
        yield FileReference(created_at, PUBLIC, name, "display", str(key))


def _derivatives() -> Iterator[FileReference]:
    rows = Derivative.objects.exclude(role=Derivative.Role.DISPLAY).order_by("created_at")
    for row in rows.iterator(_CHUNK_ROWS):
        yield FileReference(
            row.created_at, PUBLIC, row.name, row.role, str(row.asset_id), size_bytes=row.size_bytes
        )


def _packs() -> Iterator[FileReference]:
    for pack in ProductionPack.objects.exclude(file="").order_by("created_at").iterator(_CHUNK_ROWS):
        yield FileReference(
            pack.created_at, PRIVATE, pack.file, "pack", str(pack.line_id), pack.sha256, pack.size_bytes
        )


def _mockups() -> Iterator[FileReference]:
    for line in OrderLine.objects.order_by("created_at").iterator(_CHUNK_ROWS):
        for name in filter(None, (line.front_mockup_name, line.back_mockup_name)):
            yield FileReference(line.created_at, PUBLIC, name, "mock-up", str(line.pk))


def names_in_use(area: str, names: Iterable[str]) -> set[str]:
    """Those of `names` that a row refers to. A few queries, however many names."""
    columns: list[tuple[type[models.Model], str]]
    if area == PRIVATE:
        columns = [(Asset, "original_file"), (ProductionPack, "file")]
    else:
        columns = [(Asset, "public_name"), (Derivative, "name")]
        columns += [(OrderLine, "front_mockup_name"), (OrderLine, "back_mockup_name")]
    wanted = list(names)
    found: set[str] = set()
    for model, column in columns:
        rows = model._default_manager.filter(**{f"{column}__in": wanted})
        found |= set(rows.values_list(column, flat=True))
    return found


def in_chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of `size`; the last one may be shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def names_in_store(storage: Storage, folder: str = "") -> Iterator[str]:
    """Every file in a store, folder by folder."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:  # a store on disk has no folder before its first file
        return
    for name in sorted(files):
        yield f"{folder}/{name}" if folder else name
    for name in sorted(folders):
        yield from names_in_store(storage, f"{folder}/{name}" if folder else name)


def unreferenced_names(area: str, storage: Storage) -> Iterator[str]:
    """Files that no row refers to: what a broken-off write left, or what is being written at this moment."""
    for names in in_chunks(names_in_store(storage), _CHUNK_ROWS):
        used = names_in_use(area, names)
        yield from (name for name in names if name not in used)
