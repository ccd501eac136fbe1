"""Refuses a body by its declared length before a byte of it is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from common.errors import problem_json

# Multipart adds part headers and boundaries; the view checks the file itself to the byte.
_MULTIPART_OVERHEAD_BYTES = 64 * 1024
_UPLOADS = ("/api/uploads/file", "/api/uploads/shirt-photo", "/api/uploads/direct/")


class BodyLimitMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        declared = request.headers.get("Content-Length", "")
        if _exceeds(declared, _limit_bytes(request.path)):
            if request.path.startswith(_UPLOADS):
                return problem_json(400, upload_too_large(request.path), code="file_too_large")
            return problem_json(413, "The request body is too large.", code="body_too_large")
        return self.get_response(request)


def _exceeds(declared: str, limit_bytes: int) -> bool:
    if not (declared.isascii() and declared.isdigit()):  # the server knows what to make of it
        return False
    return len(declared) > 18 or int(declared) > limit_bytes  # Python reads no number of thousands of digits


def _limit_bytes(path: str) -> int:
    if path == "/api/uploads/shirt-photo":
        return settings.UPLOAD_PHOTO_MAX_BYTES + _MULTIPART_OVERHEAD_BYTES
    if path.startswith("/api/uploads/direct/"):
        return settings.UPLOAD_PHOTO_MAX_BYTES  # the most that any token allows; each names its exact size
    if path == "/api/uploads/file":
        return settings.UPLOAD_FILE_MAX_BYTES + _MULTIPART_OVERHEAD_BYTES
    return settings.JSON_BODY_MAX_BYTES


def upload_too_large(path: str) -> str:
    """The storefront's own words for a file over the limit."""
    is_file = path == "/api/uploads/file"
    limit = settings.UPLOAD_FILE_MAX_BYTES if is_file else settings.UPLOAD_PHOTO_MAX_BYTES
    return f"File too large. Maximum size is {limit // (1024 * 1024)}MB"
