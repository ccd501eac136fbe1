"""A store that is two: the home store, and the one that the shop is moving to.

Reading asks the table where the file lies and falls back to the other store, so that nothing is ever out of reach while
files move. Writing chooses by STORAGE_ROLLOUT_PERCENT. Without R2_* in the environment none of this is in use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils.deconstruct import deconstructible
from storages.backends.s3 import S3Storage

from common.storage import storage_group
from uploads.storage.models import StoredObject

Result = TypeVar("Result")


def is_rolled_out(key: str, percent: int) -> bool:
    """Whether the share `percent` of all keys includes this one. It stays included when the share grows."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % 100 < percent


def address_of(storage: Storage, name: str) -> str:
    """The file's address for the record: of its object in a bucket, or `file:///path`."""
    if isinstance(storage, S3Storage):
        key = PurePosixPath(storage.location or "") / name
        return f"{storage.endpoint_url or 's3:/'}/{storage.bucket_name}/{key}"
    if isinstance(storage, FileSystemStorage):
        return f"file://{storage.path(name)}"
    return name


@deconstructible
class LocatedStorage(Storage):
    """The two stores of one area, read and written as one."""

    def __init__(self, *, area: str) -> None:
        self.area = area

    @property
    def home(self) -> Storage:
        return storages[f"{self.area}-home"]

    @property
    def target(self) -> Storage:
        return storages[f"{self.area}-r2"]

    def row_of(self, name: str) -> StoredObject | None:
        return StoredObject.objects.filter(area=self.area, name=name).first()

    def store_holding(self, name: str) -> Storage:
        """The store to ask first. The other one may still have the file."""
        row = self.row_of(name)
        return self.target if row is not None and row.store == StoredObject.Store.R2 else self.home

    def _asked(self, name: str, ask: Callable[[Storage], Result]) -> Result:
        first = self.store_holding(name)
        second = self.home if first is self.target else self.target
        try:
            return ask(first)
        except FileNotFoundError:
            return ask(second)
        except (BotoCoreError, ClientError) as error:  # the store is down, and most files are in both
            try:
                return ask(second)
            except FileNotFoundError:
                raise error from None

    def _open(self, name: str, mode: str = "rb") -> File:
        return self._asked(name, lambda store: store.open(name, mode))

    def _save(self, name: str, content: File) -> str:
        # Outside of an asset's making, a file is its own group.
        key = storage_group() or PurePosixPath(name).stem
        if not is_rolled_out(key, settings.STORAGE_ROLLOUT_PERCENT):
            return self.home.save(name, content)
        chosen = self.target.save(name, content)
        StoredObject.objects.update_or_create(
            area=self.area,
            name=chosen,
            defaults={
                "store": StoredObject.Store.R2,
                "address": address_of(self.target, chosen),
                "size_bytes": self.target.size(chosen),
            },
        )
        return chosen

    def delete(self, name: str) -> None:
        """Both copies, then the row: a row whose files are gone is harmless, a file without a row would come back."""
        self.target.delete(name)
        self.home.delete(name)
        StoredObject.objects.filter(area=self.area, name=name).delete()

    def exists(self, name: str) -> bool:
        return self.home.exists(name) or self.target.exists(name)

    def size(self, name: str) -> int:
        return self._asked(name, lambda store: store.size(name))

    def get_modified_time(self, name: str) -> datetime:
        return self._asked(name, lambda store: store.get_modified_time(name))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Folders and files of both stores, each once."""
        folders: set[str] = set()
        files: set[str] = set()
        for store in (self.home, self.target):
            try:
                found = store.listdir(path)
            except FileNotFoundError:
                continue
            folders |= set(found[0])
            files |= set(found[1])
        return sorted(folders), sorted(files)

    def url(self, name: str | None, **options: Any) -> str:
        return self.store_holding(name or "").url(name, **options)


def s3_store(storage: Storage, name: str) -> S3Storage | None:
    """The S3 store that holds `name`, or that would receive it from a client; None where it lies on this disk."""
    if isinstance(storage, LocatedStorage):
        storage = storage.store_holding(name)
    return storage if isinstance(storage, S3Storage) else None
