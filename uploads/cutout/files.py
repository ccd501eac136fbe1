"""The file store as the cut-out uses it: its faults are a vendor's, and a store that is down is asked rarely."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.storage import Storage

from common import breaker
from common.errors import ProviderError
from common.storage import read_file, write_file


@contextmanager
def _guarded() -> Iterator[None]:
    """A file that is not there says nothing about the store; anything else that goes wrong does."""
    with breaker.storage().guard():
        try:
            yield
        except FileNotFoundError:
            raise
        except (OSError, BotoCoreError, ClientError) as error:
            raise ProviderError(
                f"the file store failed: {type(error).__name__}",
                provider="storage",
                retryable=True,
                code="storage_failed",
            ) from error


def read(storage: Storage, name: str) -> bytes:
    """Raises FileNotFoundError, or ProviderError where the store fails."""
    with _guarded():
        return read_file(storage, name)


def write(storage: Storage, name: str, data: bytes) -> str:
    """Returns the name that the store chose. Raises ProviderError where the store fails."""
    with _guarded():
        return write_file(storage, name, data)
