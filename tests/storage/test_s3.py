"""The same files on disk and on a real S3 server: private originals, public derivatives, no overwriting."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from django.core.files.storage import Storage, storages
from django.test import Client

from common.storage import private_storage, public_storage, random_name, read_file, write_file
from stolentee import settings as project

KEY, SECRET, BUCKET = "test-key", "test-secret", "stolentee-test"


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="module")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private S3 server with one bucket; signatures and permissions are enforced."""
    folder: Path = tmp_path_factory.mktemp("s3")
    actions = ["Admin", "Read", "List", "Tagging", "Write"]
    identity = {"name": "t", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": actions}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc"]
    names += ["filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    program = str(Path(sys.executable).with_name("weed"))
    command = [
        program, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3",
        f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-volume.max=20", "-master.volumeSizeLimitMB=64",
        *(f"-{name}={port}" for name, port in ports.items()),
    ]  # fmt: skip
    url = f"http://127.0.0.1:{ports['s3.port']}"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            client = boto3.client(
                "s3",
                endpoint_url=url,
                aws_access_key_id=KEY,
                aws_secret_access_key=SECRET,
                region_name="auto",
            )
            create_bucket(client, server, folder)
            yield url
        finally:
            server.kill()  # it holds nothing that anybody will miss, and takes half a minute to stop by itself
            server.wait(20)


def create_bucket(client: Any, server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            client.create_bucket(Bucket=BUCKET)
            return
        except Exception:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "log").read_text()[-3000:]) from None
            time.sleep(0.3)


@pytest.fixture(params=["files", pytest.param("s3", marks=pytest.mark.production)])
def store(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The project's own storage settings, for this kind of store."""
    if request.param == "s3":
        monkeypatch.setattr(project, "S3_BUCKET", BUCKET)
        monkeypatch.setattr(project, "S3_ENDPOINT_URL", request.getfixturevalue("s3_url"))
        monkeypatch.setattr(project, "S3_ACCESS_KEY_ID", KEY)
        monkeypatch.setattr(project, "S3_SECRET_ACCESS_KEY", SECRET)
    areas = {"default": project._file_storage("private"), "public": project._file_storage("public")}
    settings.STORAGES = settings.STORAGES | areas
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
