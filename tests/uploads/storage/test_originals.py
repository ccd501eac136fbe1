"""The original comes back byte for byte, to its owner, as a download, for fifteen minutes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.core import signing
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.tokens import issue_token
from tests.uploads.storage.shop import picture, upload
from uploads.models import Asset

pytestmark = pytest.mark.django_db


def user(name: str, role: str = User.Role.CUSTOMER) -> User:
    return User.objects.create_user(f"{name}@example.com", "Passw0rd!x", name=name, role=role)


def link(asset: Asset, who: User | None = None) -> Any:
    headers = {"Authorization": f"Bearer {issue_token(who.pk, who.token_version)}"} if who else {}
    return Client().get(f"/api/uploads/{asset.pk}/original", headers=headers)


def path_of(answer: Any) -> str:
    parts = urlsplit(answer.json()["data"]["url"])
    return parts.path


def test_the_original_comes_back_byte_for_byte_as_a_download() -> None:
    answer = link(upload(1))
    assert answer.status_code == 200
    download = Client().get(path_of(answer))
    assert b"".join(download.streaming_content) == picture(1)
    assert download["Content-Disposition"] == 'attachment; filename="art-1.png"'
    assert download["Content-Type"] == "application/octet-stream"
    assert download["Cache-Control"] == "private, no-store"
    assert download["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_only_the_owner_and_who_runs_the_shop_get_a_link() -> None:
    owner = user("anna")
    asset = upload(1, owner=owner)
    assert link(asset, owner).status_code == 200
    assert link(asset, user("chief", User.Role.OWNER)).status_code == 200
    for stranger in (None, user("ben"), user("printer", User.Role.PRINTER)):
        answer = link(asset, stranger)
        assert (answer.status_code, answer.json()["message"]) == (404, "File not found")


@pytest.mark.parametrize("key", ["not-an-id", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_asset_is_refused_like_a_foreign_one(key: str) -> None:
    answer = Client().get(f"/api/uploads/{key}/original")
    assert (answer.status_code, answer.json()["message"]) == (404, "File not found")


def test_a_link_ends_after_fifteen_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = link(upload(1))
    path = path_of(answer)
    assert b"".join(Client().get(path).streaming_content) == picture(1)
    later = timezone.now() + timedelta(minutes=15, seconds=1)
    monkeypatch.setattr(signing.time, "time", later.timestamp)
    expired = Client().get(path)
    assert (expired.status_code, expired.json()["code"]) == (404, "link_expired")


def test_a_forged_link_opens_nothing() -> None:
    path = path_of(link(upload(1)))
    assert Client().get(path[:-1] + ("A" if path[-1] != "A" else "B")).status_code == 404
    other = signing.dumps(["../db.sqlite3", "x"], salt="another")
    assert Client().get(f"/api/uploads/originals/{other}").status_code == 404


def test_the_asset_tells_its_owner_every_size_it_has() -> None:
    owner = user("anna")
    asset = upload(1, owner=owner, size_px=(1500, 900))
    path = f"/api/uploads/{asset.pk}"
    assert Client().get(path).status_code == 404
    headers = {"Authorization": f"Bearer {issue_token(owner.pk, owner.token_version)}"}
    answer = Client().get(path, headers=headers)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    data = answer.json()["data"]
    assert (data["asset"]["id"], data["asset"]["width"]) == (str(asset.pk), 1500)
    widths = {size["role"]: size["width"] for size in data["derivatives"]}
    assert widths == {
        "display": 1500,
        "thumbnail": 200,
        "w320": 320,
        "w640": 640,
        "w1280": 1280,
        "webp": 1500,
    }
    for size in data["derivatives"]:
        picture_of = Client().get(size["file_url"])
        assert len(b"".join(picture_of.streaming_content)) == size["file_size"]
        assert picture_of["Content-Type"] == size["file_type"]


@pytest.mark.production
def test_on_s3_the_link_leads_to_the_store_and_its_signature_holds_the_headers(s3_home: Any) -> None:
    answer = link(upload(1))
    url = answer.json()["data"]["url"]
    download = requests.get(url, timeout=5)
    assert download.content == picture(1)
    assert download.headers["Content-Disposition"] == "attachment; filename*=UTF-8''art-1.png"
    assert download.headers["Content-Type"] == "application/octet-stream"
    assert "X-Amz-Expires=900" in url
    shown = url.replace("attachment", "inline")
    assert shown != url
    assert requests.get(shown, timeout=5).status_code == 403
    assert requests.get(url.split("?")[0], timeout=5).status_code == 403
