"""Files on their way in: counted and hashed as they arrive, one owner each, and never another's."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import Client
from PIL import Image

from accounts.models import User
from accounts.tokens import issue_token
from common.storage import private_storage, read_file
from uploads.imaging import formats, sandbox
from uploads.intake import IntakeHandler, UploadRejected, incoming
from uploads.models import Asset, Derivative, Job

FILE, PHOTO = "/api/uploads/file", "/api/uploads/shirt-photo"


def picture(seed: int = 0, side_px: int = 40) -> bytes:
    rgba = np.random.default_rng(seed).integers(0, 256, (side_px, side_px, 4), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(rgba).save(buffer, "PNG")
    return buffer.getvalue()


def post(data: bytes, *, path: str = FILE, token: str = "", name: str = "art.png") -> Any:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    form = {"file": SimpleUploadedFile(name, data, "image/png")}
    return Client(raise_request_exception=False).post(path, form, headers=headers)


def token_of(user: User) -> str:
    return issue_token(user.pk, user.token_version)


def asset_of(answer: Any) -> Asset:
    assert answer.status_code == 201, answer.content
    return Asset.objects.get(pk=answer.json()["data"]["asset"]["id"])


def stored_files(settings: Any) -> set[Path]:
    return {path for path in (Path(settings.VAR_DIR) / "files").rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def without_limits(settings: Any) -> None:
    settings.RATELIMIT_ENABLE = False


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada@example.com", None, name="Ada")


# --- The handler -----------------------------------------------------------------------------------------------------


def received(handler: IntakeHandler, *chunks: bytes) -> Any:
    handler.new_file("file", "a.png", "image/png", None)
    for chunk in chunks:
        assert handler.receive_data_chunk(chunk, 0) is None
    return handler.file_complete(sum(map(len, chunks)))


def test_a_file_is_hashed_while_it_arrives() -> None:
    with received(IntakeHandler(HttpRequest(), limit_bytes=10), b"abc", b"defg") as file:
        assert file.read() == b"abcdefg"
        found = file.as_incoming()
        assert found.sha256 == hashlib.sha256(b"abcdefg").hexdigest()
        assert (found.size_bytes, found.path.read_bytes()) == (7, b"abcdefg")


def test_nothing_is_stored_beyond_the_limit() -> None:
    handler = IntakeHandler(HttpRequest(), limit_bytes=10 * 2**20)
    handler.new_file("file", "a.png", "image/png", None)
    path = Path(handler._file.temporary_file_path())  # type: ignore[union-attr]
    for _ in range(30):
        handler.receive_data_chunk(bytes(2**20), 0)
        assert path.stat().st_size <= 10 * 2**20
    with pytest.raises(UploadRejected) as refusal:
        handler.file_complete(30 * 2**20)
    assert refusal.value.message == "File too large. Maximum size is 10MB"
    assert not path.exists()


def test_an_upload_that_breaks_off_leaves_no_file() -> None:
    handler = IntakeHandler(HttpRequest(), limit_bytes=100)
    handler.new_file("file", "a.png", "image/png", None)
    path = Path(handler._file.temporary_file_path())  # type: ignore[union-attr]
    handler.upload_interrupted()
    assert not path.exists()


def test_chunks_become_a_file_for_as_long_as_it_is_needed() -> None:
    with incoming([b"ab", b"", b"c"], limit_bytes=3) as found:
        assert (found.path.read_bytes(), found.size_bytes) == (b"abc", 3)
    assert not found.path.exists()
    with pytest.raises(UploadRejected), incoming([b"ab", b"cd"], limit_bytes=3):
        raise AssertionError("The context must not begin.")


# --- Over HTTP --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_only_the_part_called_file_is_taken() -> None:
    form = {"other": SimpleUploadedFile("b.png", picture(1)), "file": SimpleUploadedFile("a.png", picture(2))}
    asset = asset_of(Client().post(FILE, form))
    assert asset.original_name == "a.png"
    assert read_file(private_storage(), asset.original_file) == picture(2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ("C:\\art\\me.png", "me.png"),
        ("über café.png", "über café.png"),
        ("x" * 400 + ".png", None),
    ],
)
def test_a_name_is_only_a_name(given: str, kept: str | None) -> None:
    asset = asset_of(post(picture(), name=given))
    assert asset.original_name == kept or (kept is None and len(asset.original_name) <= 255)
    assert given not in asset.original_file


@pytest.mark.django_db
def test_the_facts_are_those_of_the_pixels() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (3000, 1500), (10, 90, 40)).save(buffer, "JPEG", dpi=(240, 240))
    asset = asset_of(post(buffer.getvalue()))
    assert (asset.width_px, asset.height_px, asset.dpi, asset.has_alpha) == (3000, 1500, 240, False)
    assert (asset.display_width_px, asset.display_height_px, asset.display_scale) == (2000, 1000, 1.5)
    display = asset.derivatives.get(role=Derivative.Role.DISPLAY)
    assert (display.name, display.width_px, display.height_px) == (asset.public_name, 2000, 1000)
    assert asset.metadata == {"has_alpha": False, "colour_mode": "RGB"}


@pytest.mark.django_db
def test_in_a_rush_the_answer_is_503_and_nothing_is_stored(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored_files(settings)
    monkeypatch.setattr(sandbox, "WAIT_S", 0.01)
    for _ in range(sandbox.AT_A_TIME):
        sandbox._places.acquire()
    try:
        answer = post(picture())
    finally:
        for _ in range(sandbox.AT_A_TIME):
            sandbox._places.release()
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert not Asset.objects.exists() and stored_files(settings) == before


@pytest.mark.django_db
def test_a_failed_record_takes_its_files_along(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stored_files(settings)

    def broken(asset: Asset) -> None:
        raise RuntimeError("no broker, no database, no luck")

    monkeypatch.setattr("uploads.services.derivatives_request", broken)
    assert post(picture()).status_code == 500
    assert not Asset.objects.exists() and stored_files(settings) == before


# --- Owners -----------------------------------------------------------------------------------------------------------


def test_the_same_bytes_of_an_account_are_one_asset(ada: User, settings: Any) -> None:
    token = token_of(ada)
    first = asset_of(post(picture(), token=token))
    before = stored_files(settings)
    again = asset_of(post(picture(), token=token, name="copy.png"))
    assert again.pk == first.pk and stored_files(settings) == before
    assert asset_of(post(picture(1), token=token)).pk != first.pk


def test_a_photo_and_a_file_of_the_same_bytes_are_two(ada: User) -> None:
    token = token_of(ada)
    as_file, as_photo = (asset_of(post(picture(), token=token, path=path)) for path in (FILE, PHOTO))
    assert as_file.pk != as_photo.pk
    assert Job.objects.get().source_id == as_photo.pk


def test_neither_guests_nor_accounts_share(ada: User) -> None:
    eve = User.objects.create_user("eve@example.com", None, name="Eve")
    assets = [asset_of(post(picture(), token=token)) for token in (token_of(ada), token_of(eve), "", "")]
    assert len({asset.pk for asset in assets}) == len({asset.public_name for asset in assets}) == 4
    assert [asset.owner_id for asset in assets] == [ada.pk, eve.pk, None, None]


def test_another_accounts_picture_is_of_no_use(ada: User) -> None:
    eve = User.objects.create_user("eve@example.com", None, name="Eve")
    asset = asset_of(post(picture(), token=token_of(ada)))
    for headers in ({}, {"authorization": f"Bearer {token_of(eve)}"}):
        answer = Client().post(
            "/api/jobs/start",
            {"uploadAssetId": str(asset.pk)},
            content_type="application/json",
            headers=headers,
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "asset_not_found")
    assert not Job.objects.exists()


def test_who_knows_a_guests_asset_uses_it_until_an_account_claims_it(ada: User) -> None:
    asset = asset_of(post(picture()))
    assert UUID(str(asset.pk)).version == 4
    body = {"uploadAssetId": str(asset.pk)}
    claim = Client().post(
        "/api/jobs/start",
        body,
        content_type="application/json",
        headers={"authorization": f"Bearer {token_of(ada)}"},
    )
    assert claim.status_code == 201
    assert Client().post("/api/jobs/start", body, content_type="application/json").status_code == 422


# --- What a file is ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        (b"\x89PNG\r\n\x1a\n", formats.PNG),
        (b"\xff\xd8\xff\xe1", formats.JPEG),
        (b"RIFF\0\0\0\0WEBPVP8 ", formats.WEBP),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"II*\0", formats.TIFF),
        (b"MM\0*", formats.TIFF),
        (b"MZ\0*", None),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", formats.HEIC),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", formats.AVIF),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", formats.HEIC),
        (b"\0\0\0\x14ftypavis\0\0\0\0avis", formats.AVIF),
        (b"\0\0\0\x14ftypisom\0\0\0\0mp42", None),
        (b"%PDF-1.4", formats.PDF),
        (b" %PDF-1.4", None),
        (b"%!PS-Adobe", formats.POSTSCRIPT),
        (b"<svg>", formats.SVG),
        (b"<svg/>", formats.SVG),
        (b"<s:svg xmlns:s='x'>", formats.SVG),
        (
            b"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- a > b --><!DOCTYPE svg PUBLIC 'a' 'b'>\n<svg ",
            formats.SVG,
        ),
        (b"<!DOCTYPE svg [<!ENTITY a '>'>]><svg ", formats.SVG),
        ("\ufeff<svg ".encode("utf-16-le"), formats.SVG),
        (b"<html><svg>", None),
        (b"<svgs>", None),
        (b"<!-- " * 3000, None),
        (b"<!---->" * 2000, None),
        (b"", None),
    ],
)
def test_the_first_bytes_decide(head: bytes, content_type: str | None) -> None:
    assert formats.content_type_of(head) == content_type
