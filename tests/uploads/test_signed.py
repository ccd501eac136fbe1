"""Uploads by a signed address: on this shop's own address where files lie on a disk, on the store's where it is S3."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.db import connection
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts.models import User
from accounts.tokens import issue_token
from common.storage import private_storage, read_file
from tests.uploads.hostile.corpus import png_bomb
from uploads import signed
from uploads.models import Asset, DirectUpload, Job

AGREE, COMPLETE = "/api/uploads/signed-url", "/api/uploads/complete"
PNG_TYPE = "image/png"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet_shop(settings: Any) -> None:
    """No limits, and nothing that the tests of other modules have sent and not completed."""
    settings.RATELIMIT_ENABLE = False
    for name in waiting_files():
        private_storage().delete(f"incoming/{name}")


def picture(kind: str = "PNG", side_px: int = 40) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side_px, side_px), (200, 60, 20)).save(file, kind)
    return file.getvalue()


def call(path: str, body: dict[str, Any], token: str = "") -> Any:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    browser = Client(raise_request_exception=False)
    return browser.post(path, body, content_type="application/json", headers=headers)


def agree(size: int, filetype: str = PNG_TYPE, token: str = "", **more: Any) -> Any:
    return call(AGREE, {"filename": "art.png", "filetype": filetype, "size": size, **more}, token)


def agreed(data: bytes, **more: Any) -> dict[str, Any]:
    answer = agree(len(data), **more)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()["data"]
    assert found["method"] == "PUT" and answer["Cache-Control"] == "no-store"
    return found


def send(target: dict[str, Any], data: bytes, **headers: str) -> int:
    """Sends the bytes as a browser does, to wherever the address leads. Returns the status."""
    content_type = headers.get("content_type", target["headers"]["Content-Type"])
    address = urlsplit(target["upload_url"])
    if "X-Amz-Signature" in address.query:
        answer = requests.put(target["upload_url"], data, headers={"Content-Type": content_type}, timeout=20)
        return answer.status_code
    browser = Client(raise_request_exception=False)
    return browser.put(address.path, data, content_type=content_type).status_code


def complete(target: dict[str, Any], token: str = "") -> Any:
    return call(urlsplit(target["complete_url"]).path, {"token": target["token"]}, token)


def waiting_files() -> list[str]:
    """What has arrived and is no asset yet."""
    try:
        return private_storage().listdir("incoming")[1]
    except FileNotFoundError:
        return []


# --- Both kinds of store ---------------------------------------------------------------------------------------------


def test_a_file_takes_the_signed_way_and_becomes_one_asset(home: str) -> None:
    data = picture()
    target = agreed(data)
    assert target["headers"] == {"Content-Type": PNG_TYPE, "Content-Length": str(len(data))}
    assert ("X-Amz-Signature" in target["upload_url"]) == (home == "s3")
    assert send(target, data) == 200
    assert len(waiting_files()) == 1 and not Asset.objects.exists()

    answer = complete(target)
    assert answer.status_code == 201, answer.content
    asset = Asset.objects.get()
    assert answer.json()["data"]["asset"]["id"] == str(asset.pk)
    assert (asset.file_type, asset.width_px, asset.original_name) == (PNG_TYPE, 40, "art.png")
    assert read_file(private_storage(), asset.original_file) == data
    assert waiting_files() == []

    again = complete(target)
    assert (again.status_code, again.json()["data"]) == (201, answer.json()["data"])
    assert Asset.objects.count() == DirectUpload.objects.count() == 1


def test_another_type_or_length_than_the_agreed_one_is_not_taken(home: str) -> None:
    data = picture()
    target = agreed(data)
    for status in (
        send(target, data + b"more"),
        send(target, data[:-1]),
        send(target, data, content_type="text/html"),
    ):
        assert 400 <= status < 500
    assert waiting_files() == []
    answer = complete(target)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_incomplete")
    assert not Asset.objects.exists()


def test_the_address_ends_after_fifteen_minutes(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = picture()
    target = agreed(data)
    if home == "s3":
        assert parse_qs(urlsplit(target["upload_url"]).query)["X-Amz-Expires"] == ["900"]
        assert (
            send({**target, "upload_url": target["upload_url"].replace("Signature=", "Signature=0")}, data)
            == 403
        )
        return
    later = timezone.now() + timedelta(minutes=15, seconds=1)
    monkeypatch.setattr(signed.timezone, "now", lambda: later)
    assert send(target, data) == 404
    assert waiting_files() == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html><script>alert(1)</script></html>", "unsupported_type"),
        (picture()[:60], "unreadable"),
        (png_bomb(12_000), "too_many_pixels"),
    ],
    ids=["html", "cut", "bomb"],
)
def test_what_claims_to_be_a_picture_is_refused_and_deleted(home: str, data: bytes, code: str) -> None:
    target = agreed(data)
    assert send(target, data) == 200
    answer = complete(target)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert waiting_files() == [] and not Asset.objects.exists()
    assert complete(target).status_code == 409


def test_a_shirt_photo_starts_its_job_once(home: str) -> None:
    data = picture("JPEG")
    target = agreed(data, filetype="image/jpeg", purpose="shirt_upload")
    assert send(target, data) == 200
    first, second = complete(target), complete(target)
    assert first.status_code == second.status_code == 201
    assert first.json()["data"]["jobId"] == second.json()["data"]["jobId"] == str(Job.objects.get().pk)


@pytest.mark.parametrize("purpose", ["customer", "shirt_upload"])
def test_the_other_purposes_address_takes_no_token(purpose: str) -> None:
    """Otherwise sixty shirt photos an hour would pass, by the address of the files."""
    data = picture("JPEG")
    target = agreed(data, filetype="image/jpeg", purpose=purpose)
    assert send(target, data) == 200
    [other] = {COMPLETE, f"{COMPLETE}/shirt-photo"} - {urlsplit(target["complete_url"]).path}
    refused = call(other, {"token": target["token"]})
    assert (refused.status_code, refused.json()["code"]) == (404, "upload_link_invalid")
    assert not Asset.objects.exists() and not Job.objects.exists()
    assert complete(target).status_code == 201


# --- What is agreed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "filetype", "purpose", "message"),
    [
        (10 * 2**20 + 1, PNG_TYPE, "customer", "File too large. Maximum size is 10MB"),
        (25 * 2**20 + 1, PNG_TYPE, "shirt_upload", "File too large. Maximum size is 25MB"),
        (100, "text/html", "customer", "Invalid file type"),
        (100, "image/svg+xml", "shirt_upload", "Invalid file type. Please upload JPG or PNG"),
    ],
)
def test_what_would_be_refused_gets_no_address(size: int, filetype: str, purpose: str, message: str) -> None:
    answer = agree(size, filetype, purpose=purpose)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)


def test_without_a_size_the_answer_is_the_form_of_the_contract() -> None:
    answer = call(AGREE, {"filename": "art.png", "filetype": PNG_TYPE})
    assert (answer.status_code, answer.json()["data"]["upload_url"]) == (200, "/api/uploads/file")
    assert call(AGREE, {"filename": "art.png"}).status_code == 400


# --- Whose it is ------------------------------------------------------------------------------------------------------


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada@example.com", None, name="Ada")


def test_the_asset_belongs_to_who_asked_or_to_who_completes(ada: User) -> None:
    token = issue_token(ada.pk, ada.token_version)
    asked, guest = agreed(picture(), token=token), agreed(picture(side_px=41))
    for target, data in ((asked, picture()), (guest, picture(side_px=41))):
        assert send(target, data) == 200
    assert complete(asked).json()["data"]["asset"]["owner_id"] == str(ada.pk)
    assert complete(guest, token).json()["data"]["asset"]["owner_id"] == str(ada.pk)


def test_the_same_bytes_of_an_account_are_one_asset_by_every_way(ada: User) -> None:
    token = issue_token(ada.pk, ada.token_version)
    ids = set()
    for _ in range(2):
        target = agreed(picture(), token=token)
        assert send(target, picture()) == 200
        ids.add(complete(target).json()["data"]["asset"]["id"])
    assert len(ids) == Asset.objects.count() == 1 and DirectUpload.objects.count() == 2
    assert waiting_files() == []


def test_a_forged_token_opens_nothing() -> None:
    target = agreed(picture())
    forged = {
        "token": target["token"][:-2] + "xx",
        "upload_url": target["upload_url"] + "x",
        "headers": target["headers"],
    }
    assert send(forged, picture()) == 404
    assert complete(target | forged).status_code == 404
    assert waiting_files() == []


def test_the_key_is_random_and_never_the_clients() -> None:
    first, second = (
        signed.agreement_of(agreed(picture(), filename="../../settings.py")["token"]) for _ in range(2)
    )
    assert first.key != second.key
    assert re.fullmatch(r"incoming/[A-Za-z0-9_-]{27}\.bin", first.key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.production
def test_twice_at_once_is_once() -> None:
    data = picture("JPEG")
    target = agreed(data, filetype="image/jpeg", purpose="shirt_upload")
    assert send(target, data) == 200

    def one(_: int) -> tuple[int, str]:
        try:
            answer = complete(target)
            return answer.status_code, answer.json()["data"]["asset"]["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        answers = set(pool.map(one, range(3)))
    assert len(answers) == 1 and {status for status, _ in answers} == {201}
    assert Asset.objects.count() == Job.objects.count() == DirectUpload.objects.count() == 1
    assert waiting_files() == []
