"""A body that declares to be too large is refused before a byte of it is read."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from stolentee.middleware.body_limit import BodyLimitMiddleware

MB = 2**20


class _Unread:
    """A stream that nobody may read."""

    def read(self, *args: Any) -> bytes:
        raise AssertionError("the body was read")


def answer_to(path: str, declared: str) -> HttpResponse:
    request = RequestFactory().post(path)
    request.META["CONTENT_LENGTH"] = declared
    request._stream = _Unread()  # type: ignore[attr-defined]

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("passed")

    return BodyLimitMiddleware(view)(request)


@pytest.mark.parametrize(
    ("path", "limit_bytes", "status", "code"),
    [
        ("/api/orders/create", 10 * MB, 413, "body_too_large"),
        ("/api/webhooks/stripe", 10 * MB, 413, "body_too_large"),
        ("/admin/login/", 10 * MB, 413, "body_too_large"),
        ("/api/uploads/file", 10 * MB + 64 * 1024, 400, "file_too_large"),
        ("/api/uploads/shirt-photo", 25 * MB + 64 * 1024, 400, "file_too_large"),
        ("/api/uploads/direct/token", 25 * MB, 400, "file_too_large"),
        ("/api/uploads/signed-url", 10 * MB, 413, "body_too_large"),
        ("/api/uploads/complete", 10 * MB, 413, "body_too_large"),
    ],
)
def test_the_limit_and_the_next_byte(path: str, limit_bytes: int, status: int, code: str) -> None:
    assert answer_to(path, str(limit_bytes)).content == b"passed"
    refused = answer_to(path, str(limit_bytes + 1))
    assert refused.status_code == status
    assert f'"code": "{code}"'.encode() in refused.content


def test_a_number_without_end_is_too_large() -> None:
    assert answer_to("/api/orders/create", "9" * 5000).status_code == 413


@pytest.mark.parametrize("declared", ["", "abc", "-1", "1e9", "²", "٣" * 9])
def test_a_length_that_is_none_is_left_to_the_server(declared: str) -> None:
    assert answer_to("/api/orders/create", declared).content == b"passed"


def test_the_words_follow_the_settings(settings: Any) -> None:
    settings.UPLOAD_FILE_MAX_BYTES = 3 * MB
    refused = answer_to("/api/uploads/file", str(4 * MB))
    assert b"File too large. Maximum size is 3MB" in refused.content
