"""The same files on disk and on a real S3 server: private originals, public derivatives, no overwriting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.core.files.storage import Storage, storages
from django.test import Client

from common.storage import private_storage, public_storage, random_name, read_file, write_file
from stolentee import settings as project
from tests.s3 import KEY, SECRET, s3_server

BUCKET = "stolentee-test"


@pytest.fixture(scope="module")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private S3 server with one bucket."""
    with s3_server(tmp_path_factory.mktemp("s3"), BUCKET) as url:
        yield url


@pytest.fixture(
    params=[
        pytest.param("files", marks=pytest.mark.embedded),
        pytest.param("s3", marks=pytest.mark.production),
    ]
)
def store(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The project's own storage settings, for this kind of store."""
    if request.param == "s3":
        monkeypatch.setattr(project, "S3_BUCKET", BUCKET)
        monkeypatch.setattr(project, "S3_ENDPOINT_URL", request.getfixturevalue("s3_url"))
        monkeypatch.setattr(project, "S3_ACCESS_KEY_ID", KEY)
        monkeypatch.setattr(project, "S3_SECRET_ACCESS_KEY", SECRET)
    settings.STORAGES = settings.STORAGES | project._storages()
    assert ("s3" in type(private_storage()).__module__) == (request.param == "s3")
    return str(request.param)


@pytest.mark.parametrize("area", ["default", "public"])
def test_what_is_written_is_read_and_never_overwritten(store: str, area: str) -> None:
    storage: Storage = storages[area]
    first = write_file(storage, "originals/a.png", b"first")
    second = write_file(storage, "originals/a.png", b"second")
    assert first != second
    assert (read_file(storage, first), read_file(storage, second)) == (b"first", b"second")
    assert storage.exists(first) and storage.size(second) == 6
    storage.delete(first)
    assert not storage.exists(first)
    with pytest.raises(FileNotFoundError):
        read_file(storage, first)


def test_a_public_file_is_served_by_the_shop_and_a_private_one_is_not(store: str) -> None:
    name = write_file(public_storage(), random_name("png"), b"\x89PNG picture")
    private = write_file(private_storage(), random_name("png"), b"original")
    answer = Client().get(f"/uploads/{name}")
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, b"\x89PNG picture")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert Client().get(f"/uploads/{private}").status_code == 404


@pytest.mark.production
def test_only_signed_addresses_open_the_bucket(s3_url: str, store: str) -> None:
    if store == "files":
        assert private_storage().path("x").startswith(str(project.VAR_DIR))
        return
    name = write_file(private_storage(), "originals/secret.png", b"secret")
    signed = private_storage().url(name)
    assert requests.get(signed, timeout=5).content == b"secret"
    assert requests.get(signed.split("?")[0], timeout=5).status_code == 403
    assert requests.get(signed.replace("Signature=", "Signature=0"), timeout=5).status_code == 403
