"""Workers that are killed outright: at whatever moment, the job ends once and right. Real processes and database."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.server import own_services
from tests.uploads.killed import POINTS

ROOT = Path(__file__).resolve().parents[2]
LEASE_S = 5
JOBS = 500

_STATE = """
import django, json; django.setup()
from uploads.models import Asset, Intermediate, Job
from django.conf import settings
files = sorted(path.name for path in (settings.VAR_DIR / "files" / "private" / "cutouts").glob("*"))
print(json.dumps({
    "jobs": sorted(Job.objects.values_list("status", "error_code")),
    "attempts": sorted(Job.objects.values_list("attempts", flat=True)),
    "assets": Asset.objects.filter(kind="transparent").count(),
    "with_assets": Asset.objects.filter(kind="transparent").values("job").distinct().count(),
    "known_files": sorted(name.split("/")[-1] for name in Asset.objects.filter(kind="transparent")
        .values_list("original_file", flat=True)),
    "aside": sorted(Intermediate.objects.values_list("file", flat=True)),
    "files": files,
}))
"""
_LATER = """
import django; django.setup()
from datetime import timedelta
from django.utils import timezone
from uploads.models import Job
Job.objects.filter(status="running").update(lease_expires_at=timezone.now() - timedelta(seconds=1))
"""
_NEXT_DAY = """
import django; django.setup()
from datetime import timedelta
from django.utils import timezone
from uploads.cutout.intermediates import expire
print(expire(timezone.now() + timedelta(days=2)))
"""


def art_png(number: int) -> tuple[bytes, int]:
    """A coloured square on white, another one for each number: equal ones would be answered from the first result."""
    side_px = 64
    rgb = np.full((side_px, side_px, 3), 255, np.uint8)
    rgb[16:48, 16:48] = (number % 200, number // 200 * 20, 90)
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return file.getvalue(), side_px


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Runs Python in the run's profile, with a folder and a database of this test's own."""
    with own_services() as services:
        own = {"VAR_DIR": str(tmp_path / "var"), "WORK_LEASE_S": str(LEASE_S), "LOG_LEVEL": "ERROR"}
        environment = os.environ | own | services | {"DJANGO_SETTINGS_MODULE": "stolentee.settings"}

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=110,
            )

        run.environment = environment  # type: ignore[attr-defined]
        yield run


def state_of(python: Callable[..., subprocess.CompletedProcess[str]]) -> dict[str, list[object]]:
    done = python("-c", _STATE)
    assert done.returncode == 0, done.stderr[-2000:]
    state: dict[str, list[object]] = json.loads(done.stdout.splitlines()[-1])
    return state


@pytest.mark.timeout(300)
def test_a_job_survives_its_worker_at_every_point(
    python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    prepared = python("-m", "tests.uploads.killed", "prepare", str(len(POINTS)))
    assert prepared.returncode == 0, prepared.stderr[-2000:]
    pairs = [word for pair in zip(prepared.stdout.split(), POINTS, strict=True) for word in pair]
    died = python("-m", "tests.uploads.killed", "work", *pairs)
    assert died.stdout.split() == [str(int(signal.SIGKILL))] * len(POINTS), died.stderr[-2000:]
    after_death = state_of(python)
    # Only the one that died after its end had a result; the others are still claimed by the dead.
    assert after_death["jobs"] == [["done", ""]] + [["running", ""]] * (len(POINTS) - 1)
    assert after_death["assets"] == 1

    assert python("-c", _LATER).returncode == 0
    drained = python("-m", "tests.uploads.killed", "drain")
    assert drained.returncode == 0, drained.stderr[-2000:]
    state = state_of(python)
    assert state["jobs"] == [["done", ""]] * len(POINTS)
    assert state["attempts"] == [1] + [2] * (len(POINTS) - 1)
    assert (state["assets"], state["with_assets"]) == (len(POINTS), len(POINTS))
    # Files that the dead had written are known, and are gone when their time is over; results stay.
    leftovers = set(state["files"]) - set(state["known_files"])
    assert len(leftovers) == 3
    assert leftovers <= {str(name).split("/")[-1] for name in state["aside"]}
    assert python("-c", _NEXT_DAY).returncode == 0
    cleaned = state_of(python)
    assert (cleaned["files"], cleaned["aside"]) == (cleaned["known_files"], [])


@pytest.mark.timeout(200)
def test_a_job_that_kills_every_worker_fails_after_the_third(
    python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    job_id = python("-m", "tests.uploads.killed", "prepare", "1").stdout.split()[0]
    for _ in range(3):
        died = python("-m", "tests.uploads.killed", "work", job_id, "background")
        assert died.stdout.split() == [str(int(signal.SIGKILL))], died.stderr[-2000:]
        assert python("-c", _LATER).returncode == 0
    assert python("-m", "tests.uploads.killed", "work", job_id, "end").stdout.split() == ["0"]
    state = state_of(python)
    assert (state["jobs"], state["attempts"], state["assets"]) == ([["failed", "abandoned"]], [3], 0)


@pytest.mark.production
@pytest.mark.timeout(300)
def test_five_hundred_jobs_through_two_workers_none_lost_or_doubled(
    python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    assert python("-m", "tests.uploads.killed", "prepare", str(JOBS)).returncode == 0
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.uploads.killed", "drain"],
            cwd=ROOT,
            env=python.environment,  # type: ignore[attr-defined]
        )
        for _ in range(2)
    ]
    assert [worker.wait(240) for worker in workers] == [0, 0]
    state = state_of(python)
    assert state["jobs"] == [["done", ""]] * JOBS
    assert state["attempts"] == [1] * JOBS
    assert (state["assets"], state["with_assets"]) == (JOBS, JOBS)
    assert (len(state["files"]), state["files"]) == (JOBS, state["known_files"])
    assert state["aside"] == []
