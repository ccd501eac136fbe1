"""The two areas of the file store, and writing that is safe to repeat.

A stored file is known by its area and its name alone. Rows keep names, never addresses of a store, so files can move
from one store to another without touching a row.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import IO, Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, storages

PRIVATE, PUBLIC = "private", "public"
_ALIASES = {PRIVATE: "default", PUBLIC: "public"}
_CHUNK_BYTES = 256 * 1024
_group: ContextVar[str] = ContextVar("storage_group", default="")


def area_storage(area: str) -> Storage:
    """The store of an area, `private` or `public`."""
    return storages[_ALIASES[area]]


def private_storage() -> Storage:
    """Originals and production packs: read by the server only."""
    return area_storage(PRIVATE)


def public_storage() -> Storage:
    """Derivatives under unguessable names, readable by whoever knows the name, for as long as carts live."""
    return area_storage(PUBLIC)


def random_name(extension: str) -> str:
    """A name with 160 random bits: knowing it is the permission to read it."""
    return f"{secrets.token_urlsafe(20)}.{extension}"


def content_name(secret: str, data: bytes, *, extension: str, suffix: str = "") -> str:
    """A name that belongs to these bytes and cannot be guessed by who has them: 160 bits keyed with `secret`."""
    digest = hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()[:40]
    return f"{digest}{suffix}.{extension}"


def write_file(storage: Storage, name: str, data: bytes | IO[Any]) -> str:
    """Stores bytes, or a binary file from its beginning without reading it whole, under `name`.

    Returns the name that the store chose: another one where `name` was taken.
    """
    return storage.save(name, ContentFile(data) if isinstance(data, bytes) else File(data))


def write_once(storage: Storage, name: str, data: bytes) -> str:
    """Stores `data` under a name that belongs to its content, unless it is there already. Returns `name`."""
    if storage.exists(name):
        return name
    chosen = write_file(storage, name, data)
    if chosen != name:  # another worker stored the same bytes a moment ago
        storage.delete(chosen)
    return name


def read_file(storage: Storage, name: str) -> bytes:
    """The whole content of a stored file. Raises FileNotFoundError."""
    with storage.open(name, "rb") as file:
        return bytes(file.read())


def read_chunks(storage: Storage, name: str) -> Iterator[bytes]:
    """The content of a stored file, a quarter of a megabyte at a time. Raises FileNotFoundError."""
    with storage.open(name, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield bytes(chunk)


def file_digest(storage: Storage, name: str) -> tuple[str, int]:
    """SHA-256 and size in bytes of a stored file, as they are now in the store. Raises FileNotFoundError."""
    digest, size_bytes = hashlib.sha256(), 0
    for chunk in read_chunks(storage, name):
        digest.update(chunk)
        size_bytes += len(chunk)
    return digest.hexdigest(), size_bytes


@contextmanager
def kept_together(key: str) -> Iterator[None]:
    """Files written inside go to the same store while the shop moves from one to another: those of one asset."""
    token = _group.set(key)
    try:
        yield
    finally:
        _group.reset(token)


def storage_group() -> str:
    """The key of the enclosing `kept_together`, or "" outside of any."""
    return _group.get()
