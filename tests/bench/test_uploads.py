"""The benchmark of uploads speaks with the real shop and reads the memory of real processes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import requests
from PIL import Image

from bench.uploads import MIB, Caller, children_of, load, resident_bytes, watched
from tests.server import running_shop


def test_memory_is_that_of_the_process_and_of_its_children() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "held = bytes(range(256)) * 200_000; print(1, flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in children_of(os.getpid())
        with watched(os.getpid()) as peak:
            assert resident_bytes(child.pid) > 48 * MIB
            while not peak.children:
                continue
        assert peak.children > 48 * MIB
        assert peak.web > 10 * MIB
    finally:
        child.communicate(b"\n", timeout=20)
    assert resident_bytes(child.pid) == 0 and children_of(child.pid) == []


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
