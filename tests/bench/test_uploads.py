"""The benchmark of uploads speaks with the real shop and reads the memory of real processes."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import requests
from PIL import Image

from bench.uploads import MIB, Caller, load, openers_of, resident_bytes, watched
from tests.server import running_shop

OPENER = """
import os, sys
from pathlib import Path
from uploads.imaging import sandbox
os.setpgid(0, 0)
sandbox.intake(Path(sys.argv[1]), max_pixels=10**6)
held = bytes(range(256)) * 200_000
print(1, flush=True)
input()
"""


def test_memory_is_that_of_the_process_and_of_those_that_open_its_files(tmp_path: Path) -> None:
    Image.new("RGB", (6, 4)).save(tmp_path / "a.png")
    command = [sys.executable, "-c", OPENER, str(tmp_path / "a.png")]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert client.stdout is not None
        client.stdout.readline()
        with watched(client.pid) as peak:
            while not peak.openers:
                continue
        assert resident_bytes(client.pid) > 48 * MIB
        assert peak.web > 48 * MIB
        assert 20 * MIB < peak.openers < 200 * MIB
    finally:
        client.communicate(b"\n", timeout=20)
    assert resident_bytes(client.pid) == 0
    deadline = time.monotonic() + 10
    while openers_of(client.pid):  # the group's number outlives its first process
        assert time.monotonic() < deadline, openers_of(client.pid)
        time.sleep(0.02)


def test_both_ways_bring_photos_into_a_running_shop_and_refusals_are_counted(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), (90, 140, 60)).save(file, "JPEG")
    with running_shop(tmp_path, RATE_LIMITS="false") as shop:
        pid = int(requests.get(f"{shop.url}/health/detailed", timeout=5).json()["process"]["pid"])
        photos, texts = Caller(shop.port, file.getvalue()), Caller(shop.port, b"no picture at all")
        taken = [
            load(way, pid, range(first, first + 3), at_once=2)
            for way, first in ((photos.by_form, 0), (photos.by_signed_address, 3))
        ]
        refused = [load(way, pid, [9], at_once=1) for way in (texts.by_form, texts.by_signed_address)]
    for row in taken:
        assert (len(row.taken_s), row.refused) == (3, [])
        assert row.wall_s > 0 and row.peak.web > 10 * MIB
    assert [row.refused for row in refused] == [["400 unsupported_type"], ["complete: 400 unsupported_type"]]
