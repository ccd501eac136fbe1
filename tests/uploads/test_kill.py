"""Workers that are killed outright: at whatever moment, the job ends once and right. Real processes and database."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.server import own_services
from tests.uploads.killed import POINTS

ROOT = Path(__file__).resolve().parents[2]
LEASE_S = 5
JOBS = 500


def art_png(number: int) -> tuple[bytes, int]:
    """A coloured square on white, another one for each number: equal ones would be answered from the first result."""
    side_px = 64
    rgb = np.full((side_px, side_px, 3), 255, np.uint8)
    rgb[16:48, 16:48] = (number % 200, number // 200 * 20, 90)
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return file.getvalue(), side_px


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The run's profile, with a folder and a database of this test's own."""
    with own_services() as services:
        own = {"VAR_DIR": str(tmp_path / "var"), "WORK_LEASE_S": str(LEASE_S), "LOG_LEVEL": "ERROR"}
        yield os.environ | own | services | {"DJANGO_SETTINGS_MODULE": "stolentee.settings"}


def steps(environment: dict[str, str], *wanted: str) -> list[Any]:
    """What each step of `killed` said."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.uploads.killed", *wanted],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.timeout(300)
def test_a_job_survives_its_worker_at_every_point(environment: dict[str, str]) -> None:
    count = len(POINTS)
    deaths = [f"work:{number}:{point}" for number, point in enumerate(POINTS)]
    said = steps(
        environment, f"prepare:{count}", *deaths, "state", "later", "drain", "state", "next_day", "state"
    )
    assert said[1 : 1 + count] == [signal.SIGKILL] * count
    after_death, _, _, state, _, cleaned = said[1 + count :]
    # Only the one that died after its end had a result; the others are still claimed by the dead.
    assert after_death["jobs"] == [["done", ""]] + [["running", ""]] * (count - 1)
    assert after_death["assets"] == 1

    assert state["jobs"] == [["done", ""]] * count
    assert state["attempts"] == [1] + [2] * (count - 1)
    assert (state["assets"], state["with_assets"]) == (count, count)
    # Files that the dead had written are known, and are gone when their time is over; results stay.
    leftovers = set(state["files"]) - set(state["known_files"])
    assert len(leftovers) == 3
    assert leftovers <= {str(name).split("/")[-1] for name in state["aside"]}
    assert (cleaned["files"], cleaned["aside"]) == (cleaned["known_files"], [])


@pytest.mark.timeout(200)
def test_a_job_that_kills_every_worker_fails_after_the_third(environment: dict[str, str]) -> None:
    said = steps(environment, "prepare:1", *["work:0:background", "later"] * 3, "work:0:end", "state")
    assert said[1:7:2] == [signal.SIGKILL] * 3
    assert said[7] == 0
    state = said[8]
    assert (state["jobs"], state["attempts"], state["assets"]) == ([["failed", "abandoned"]], [3], 0)


@pytest.mark.production
@pytest.mark.timeout(300)
def test_five_hundred_jobs_through_two_workers_none_lost_or_doubled(environment: dict[str, str]) -> None:
    steps(environment, f"prepare:{JOBS}")
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.uploads.killed", "drain"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    assert [worker.wait(240) for worker in workers] == [0, 0]
    [state] = steps(environment, "state")
    assert state["jobs"] == [["done", ""]] * JOBS
    assert state["attempts"] == [1] * JOBS
    assert (state["assets"], state["with_assets"]) == (JOBS, JOBS)
    assert (len(state["files"]), state["files"]) == (JOBS, state["known_files"])
    assert state["aside"] == []
