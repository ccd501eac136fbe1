"""What browsers get: pictures only, for any origin, with the caching that the shop promises."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from common.storage import private_storage, public_storage, random_name, write_file
from tests.uploads.storage.shop import JPEG, PNG, upload
from uploads.models import Derivative, StoredObject
from uploads.storage.moving import object_move

pytestmark = pytest.mark.django_db

WEBP = {"HTTP_ACCEPT": "image/avif,image/webp,image/apng,*/*;q=0.8"}


def get(path: str, **headers: str) -> Any:
    """The answer, read to its end; its body is `answer.data`."""
    answer = Client().get(path if path.startswith("/") else f"/uploads/{path}", **headers)
    answer.data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer


@pytest.mark.parametrize("kind", [PNG, JPEG])
def test_a_display_picture_has_the_headers_of_the_document(kind: str) -> None:
    asset = upload(1, kind=kind)
    answer = get(asset.file_url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == asset.public_file_type
    assert answer["Cache-Control"] == "public, max-age=86400, stale-while-revalidate=604800"
    assert answer["CDN-Cache-Control"] == "public, max-age=86400"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert len(answer.data) == int(answer["Content-Length"])


def test_a_smaller_copy_may_be_kept_for_ever() -> None:
    copy = upload(1).derivatives.get(role=Derivative.Role.THUMBNAIL)
    answer = get(copy.name)
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["Content-Type"] == copy.content_type == "image/webp"


def test_who_shows_webp_gets_the_same_pixels_in_fewer_bytes() -> None:
    asset = upload(1, size_px=(900, 700))
    as_png, as_webp = get(asset.file_url), get(asset.file_url, **WEBP)
    assert (as_png["Content-Type"], as_webp["Content-Type"]) == ("image/png", "image/webp")
    assert as_png["Vary"] == as_webp["Vary"] == "Accept, Accept-Encoding"
    assert as_png["ETag"] != as_webp["ETag"]
    png, webp = as_png.data, as_webp.data
    assert len(webp) < len(png)
    pixels = [np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")) for data in (png, webp)]
    assert np.array_equal(*pixels)


def test_a_browser_that_has_the_picture_is_sent_nothing() -> None:
    asset = upload(1)
    etag = get(asset.file_url)["ETag"]
    answer = get(asset.file_url, HTTP_IF_NONE_MATCH=etag)
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer["Cache-Control"].startswith("public, max-age=86400")
    assert answer["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "name", ["../secret-key", "a.png", "%2e%2e%2fdb.sqlite3", "x" * 30 + ".svg", "x" * 30 + ".html"]
)
def test_names_that_no_picture_has_are_not_found(name: str) -> None:
    answer = get(name)
    assert answer.status_code == 404


def test_an_original_is_not_found_among_the_public_files() -> None:
    name = write_file(private_storage(), random_name("png"), b"original")
    answer = get(name)
    assert answer.status_code == 404
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_what_is_no_picture_is_not_shown_even_if_it_got_there() -> None:
    name = write_file(public_storage(), random_name("svg"), b"<svg onload='alert(1)'/>")
    assert get(name).status_code == 404


@pytest.mark.production
def test_a_moved_file_is_served_by_the_public_domain(target: Any, settings: Any) -> None:
    asset = upload(1, kind=JPEG)
    settings.R2_PUBLIC_DOMAIN = "cdn.example"
    assert get(asset.file_url).status_code == 200
    object_move("public", asset.public_name)
    answer = get(asset.file_url)
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"https://cdn.example/public/{asset.public_name}",
    )
    assert answer["Access-Control-Allow-Origin"] == "*"
    settings.R2_PUBLIC_DOMAIN = ""
    assert get(asset.file_url).status_code == 200
    assert StoredObject.objects.get(name=asset.public_name).store == "r2"


@pytest.mark.parametrize("name", ["black-front.png", "hoodie-black-front.png"])
def test_a_garment_is_kept_for_a_week(name: str) -> None:
    answer = get(f"/assets/{name}")
    assert answer["Cache-Control"] == "public, max-age=604800, immutable"
    assert answer["CDN-Cache-Control"] == "public, max-age=604800"
    assert answer["Access-Control-Allow-Origin"] == "*"
