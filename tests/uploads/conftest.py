"""The shop on every kind of store: folders, a real S3 server, and a second store to move to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stolentee import settings as project
from tests.s3 import KEY, SECRET, empty, keys_in, s3_client, s3_server

HOME_BUCKET, TARGET_BUCKET, TARGET_PUBLIC_BUCKET = "shop-home", "shop-r2", "shop-r2-public"


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private S3 server with our buckets."""
    buckets = (HOME_BUCKET, TARGET_BUCKET, TARGET_PUBLIC_BUCKET)
    with s3_server(tmp_path_factory.mktemp("s3"), *buckets) as url:
        yield url


@pytest.fixture
def files_home(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop on a disk of its own."""
    monkeypatch.setattr(project, "VAR_DIR", tmp_path)
    settings.STORAGES = settings.STORAGES | project._storages()
    return tmp_path / "files"


@pytest.fixture
def s3_home(settings: Any, s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The shop on S3, in an empty bucket; yields a client of that server."""
    for name, value in (
        ("S3_BUCKET", HOME_BUCKET),
        ("S3_ENDPOINT_URL", s3_url),
        ("S3_ACCESS_KEY_ID", KEY),
        ("S3_SECRET_ACCESS_KEY", SECRET),
    ):
        monkeypatch.setattr(project, name, value)
    settings.STORAGES = settings.STORAGES | project._storages()
    client = s3_client(s3_url)
    empty(client, HOME_BUCKET)
    return client


@pytest.fixture(
    params=[
        pytest.param("files", marks=pytest.mark.embedded),
        pytest.param("s3", marks=pytest.mark.production),
    ]
)
def home(request: pytest.FixtureRequest) -> str:
    """The home store of the profile: folders, or S3 where there are services."""
    request.getfixturevalue(f"{request.param}_home")
    return str(request.param)


@pytest.fixture
def target(home: str, settings: Any, s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty second store to move to, beside either kind of home store; yields a client of its server."""
    values = {
        "R2_ENDPOINT": s3_url,
        "R2_ACCESS_KEY_ID": KEY,
        "R2_SECRET_ACCESS_KEY": SECRET,
        "R2_BUCKET_NAME": TARGET_BUCKET,
        "R2_PUBLIC_BUCKET_NAME": TARGET_PUBLIC_BUCKET,
    }
    for name, value in values.items():
        monkeypatch.setattr(project, name, value)
        setattr(settings, name, value)
    settings.STORAGES = settings.STORAGES | project._storages()
    client = s3_client(s3_url)
    for bucket in (TARGET_BUCKET, TARGET_PUBLIC_BUCKET):
        empty(client, bucket)
    return client


def buckets_keys(client: Any) -> set[str]:
    """Every key of the second store, private and public."""
    return {*keys_in(client, TARGET_BUCKET), *keys_in(client, TARGET_PUBLIC_BUCKET)}
