"""Public files over HTTP: `/uploads/<name>`, for canvases of any origin, for as long as carts live."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from django.conf import settings
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    HttpResponseRedirect,
)

from common.errors import problem_json
from common.storage import public_storage
from uploads.models import Derivative
from uploads.storage.located import LocatedStorage
from uploads.storage.models import StoredObject

# Pictures only, and only of types that cannot run anything. An SVG or a PDF is shown by its raster derivative.
CONTENT_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{20,80}\.(png|jpg|webp)")
# The smaller copies: their names follow from their content, and only pages of today refer to them.
_SMALLER_COPY = re.compile(r"[0-9a-f]{40}-(thumbnail|w\d+|webp)\.\w+")
_BROWSER_CACHE = "public, max-age=86400, stale-while-revalidate=604800"
_CDN_CACHE = "public, max-age=86400"
_CACHE_FOR_EVER = "public, max-age=31536000, immutable"


class _PictureResponse(FileResponse):
    block_size = 64 * 1024  # Django's 4 KiB cost more calls than bytes


def public_response(name: str, request: HttpRequest) -> HttpResponseBase:
    """The public file `name` with the headers of a picture that any page may draw, or a 404 with the same headers.

    A PNG is sent as the lossless WebP of the same pixels to who asks for WebP, where one has been made.
    """
    response = _answer(name, request)
    # The same address is loaded with and without CORS and shares the browser's cache, so the header is always there.
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Allow-Methods"] = "GET, OPTIONS"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _answer(name: str, request: HttpRequest) -> HttpResponseBase:
    if not _PLAIN_NAME.fullmatch(name):
        return problem_json(404, "File not found", code="file_not_found")
    shown = _shown_name(name, request)
    etag = f'"{shown}"'  # a name is never given to other bytes
    response: HttpResponseBase
    if etag in request.headers.get("If-None-Match", ""):
        response = HttpResponseNotModified()
    else:
        try:
            response = _redirect(shown) or _file_response(shown)
        except FileNotFoundError:
            return problem_json(404, "File not found", code="file_not_found")
    is_smaller_copy = _SMALLER_COPY.fullmatch(name) is not None
    response["ETag"] = etag
    response["Cache-Control"] = _CACHE_FOR_EVER if is_smaller_copy else _BROWSER_CACHE
    response["CDN-Cache-Control"] = _CACHE_FOR_EVER if is_smaller_copy else _CDN_CACHE
    if name.endswith(".png"):
        response["Vary"] = "Accept"
    return response


def _file_response(name: str) -> FileResponse:
    file = public_storage().open(name, "rb")
    response = _PictureResponse(file, content_type=CONTENT_TYPES[PurePosixPath(name).suffix])
    response["Content-Length"] = str(file.size)
    return response


def _shown_name(name: str, request: HttpRequest) -> str:
    if not name.endswith(".png") or "image/webp" not in request.headers.get("Accept", ""):
        return name
    same = Derivative.objects.filter(role=Derivative.Role.WEBP, asset__public_name=name)
    return same.values_list("name", flat=True).first() or name


def _redirect(name: str) -> HttpResponse | None:
    """To the file at the public domain of the new store, once it has moved there."""
    store = public_storage()
    if not settings.R2_PUBLIC_DOMAIN or not isinstance(store, LocatedStorage):
        return None
    row = store.row_of(name)
    if row is None or row.store != StoredObject.Store.R2:
        return None
    return HttpResponseRedirect(f"https://{settings.R2_PUBLIC_DOMAIN}/{row.area}/{name}")
