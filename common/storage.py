"""The two areas of the file store, and writing that is safe to repeat."""

from __future__ import annotations

import secrets

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages


def private_storage() -> Storage:
    """Originals and production packs: read by the server only."""
    return storages["default"]


def public_storage() -> Storage:
    """Derivatives under unguessable names, readable by whoever knows the name, for as long as carts live."""
    return storages["public"]


def random_name(extension: str) -> str:
    """A name with 160 random bits: knowing it is the permission to read it."""
    return f"{secrets.token_urlsafe(20)}.{extension}"


def write_file(storage: Storage, name: str, data: bytes) -> str:
    """Stores `data` under `name` and returns the name that the store chose."""
    return storage.save(name, ContentFile(data))


def read_file(storage: Storage, name: str) -> bytes:
    """The whole content of a stored file. Raises FileNotFoundError."""
    with storage.open(name, "rb") as file:
        return bytes(file.read())
