"""A real S3 server for the tests that need one: a child process on loopback, gone when the tests are over."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

KEY, SECRET = "test-key", "test-secret"
_PORTS = ("master", "volume", "filer", "s3")
_START_TIMEOUT_S = 60


@contextmanager
def s3_server(folder: Path, *buckets: str) -> Iterator[str]:
    """The address of a server with these buckets; signatures and permissions are enforced."""
    actions = ["Admin", "Read", "List", "Tagging", "Write"]
    identity = {"name": "t", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": actions}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = [f"{name}.port{suffix}" for name in _PORTS for suffix in ("", ".grpc")]
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    command = [
        str(Path(sys.executable).with_name("weed")), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-filer", "-s3", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-volume.max=40",
        "-master.volumeSizeLimitMB=64", *(f"-{name}={port}" for name, port in ports.items()),
    ]  # fmt: skip
    url = f"http://127.0.0.1:{ports['s3.port']}"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            for bucket in buckets:
                _create_bucket(s3_client(url), bucket, server, folder)
            yield url
        finally:
            server.kill()  # it holds nothing that anybody will miss, and takes half a minute to stop by itself
            server.wait(20)


def s3_client(url: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=url, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="auto"
    )


def keys_in(client: Any, bucket: str) -> list[str]:
    return [item["Key"] for item in client.list_objects_v2(Bucket=bucket).get("Contents", [])]


def empty(client: Any, bucket: str) -> None:
    for key in keys_in(client, bucket):
        client.delete_object(Bucket=bucket, Key=key)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _create_bucket(client: Any, bucket: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            client.create_bucket(Bucket=bucket)
            return
        except (BotoCoreError, ClientError):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "log").read_text()[-3000:]) from None
            time.sleep(0.3)
