"""Bytes on their way in: counted, hashed and put into a temporary file as they arrive, never held whole in memory."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from common.errors import DomainError

CHUNK_BYTES = 256 * 1024


class UploadRejected(DomainError):
    """The file cannot become an asset; the message is the storefront's own where it has one."""

    status = HTTPStatus.BAD_REQUEST
    code = "upload_rejected"


def too_large(limit_bytes: int) -> UploadRejected:
    """The refusal of a file over the limit, in the storefront's own words."""
    return UploadRejected(
        f"File too large. Maximum size is {limit_bytes // (1024 * 1024)}MB", code="file_too_large"
    )


@dataclass(frozen=True)
class Incoming:
    """A file that has arrived and is on this disk for now. sha256: hexadecimal."""

    path: Path
    size_bytes: int
    sha256: str


@contextmanager
def incoming(chunks: Iterable[bytes], *, limit_bytes: int) -> Iterator[Incoming]:
    """The file that these chunks make, for as long as the context lasts. Raises UploadRejected at the limit."""
    digest, size_bytes = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(prefix="upload-") as file:
        for chunk in chunks:
            size_bytes += len(chunk)
            if size_bytes > limit_bytes:
                raise too_large(limit_bytes)
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        yield Incoming(Path(file.name), size_bytes, digest.hexdigest())


class IntakeFile(TemporaryUploadedFile):
    """An uploaded file on disk that knows its digest."""

    sha256 = ""

    def as_incoming(self) -> Incoming:
        """The same file for `asset_create`. It is deleted with this object."""
        return Incoming(Path(self.temporary_file_path()), int(self.size or 0), self.sha256)


class IntakeHandler(FileUploadHandler):
    """Takes the form's part `file` and nothing else, and stops storing it at the limit.

    What follows beyond the limit is read and dropped: `BodyLimitMiddleware` has bounded it already, and an answer to a
    client that is still sending would look like a broken connection to it, which the storefront repeats.
    """

    chunk_size = CHUNK_BYTES

    def __init__(self, request: HttpRequest | None = None, *, limit_bytes: int) -> None:
        super().__init__(request)
        self.limit_bytes = limit_bytes
        self._file: IntakeFile | None = None
        self._digest = hashlib.sha256()
        self._received_bytes = 0

    def new_file(self, field_name: str, *arguments: Any, **options: Any) -> None:
        if field_name != "file":
            raise SkipFile
        super().new_file(field_name, *arguments, **options)
        self.upload_interrupted()
        self._file = IntakeFile(
            self.file_name or "upload", self.content_type, 0, self.charset, self.content_type_extra
        )
        self._digest = hashlib.sha256()
        self._received_bytes = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._received_bytes += len(raw_data)
        if self._file is not None and self._received_bytes <= self.limit_bytes:
            self._digest.update(raw_data)
            self._file.write(raw_data)

    def file_complete(self, file_size: int) -> IntakeFile | None:
        file = self._file
        if file is None:
            return None
        if self._received_bytes > self.limit_bytes:
            self.upload_interrupted()
            raise too_large(self.limit_bytes)
        file.flush()
        file.seek(0)
        file.size = file_size
        file.sha256 = self._digest.hexdigest()
        self._file = None
        return file

    def upload_interrupted(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
