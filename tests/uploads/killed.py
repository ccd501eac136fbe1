"""Workers in processes of their own that are killed outright at a point of a job: `python -m tests.uploads.killed`.

    prepare COUNT           makes the tables and so many jobs on small pictures; prints their ids
    work JOB POINT ...      for each pair, a process that works on the job until POINT, then SIGKILL; POINT `end` is no
                            kill. Prints the signal that each one died of
    drain                   works on whatever is due until nothing is

The process reads the same settings as any worker; only the picture is small, so that the points are seconds apart.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stolentee.settings")

# Where a job can die: at the beginning of each step that it announces, between two files of its result, before the end
# is written, inside its transaction, and after it.
STEPS = ("starting", "extract", "background", "dpi", "verify")
POINTS = (*STEPS, "first_file", "last_file", "in_transaction", "after_end")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def prepare(count: int) -> None:
    from django.core.management import call_command

    from tests.factories import AssetFactory, JobFactory
    from tests.uploads.test_kill import art_png

    call_command("migrate", verbosity=0)
    for number in range(count):
        data, side_px = art_png(number)
        source = AssetFactory(data=data, width_px=side_px, height_px=side_px)
        print(JobFactory(source=source).pk)


def work(job_id: str, point: str) -> None:
    from uploads.cutout import files, pipeline, recording
    from uploads.models import Job

    note, write, asset = Job.note, files.write, recording._asset
    written: list[str] = []

    def dying_note(job: Job, **fields: Any) -> bool:
        if fields.get("step") == point:
            die()
        return note(job, **fields)

    def dying_write(*args: Any) -> str:
        written.append(write(*args))
        if (point, len(written)) in (("first_file", 1), ("last_file", 2)):
            die()
        return written[-1]

    def dying_asset(*args: Any) -> Any:
        made = asset(*args)
        if point == "in_transaction":
            die()
        return made

    Job.note = dying_note  # type: ignore[method-assign]
    files.write = dying_write
    recording._asset = dying_asset
    if point == "after_end":
        pipeline.trials_create = lambda *args: die()
    pipeline.run(job_id)


def work_in_child(job_id: str, point: str) -> int:
    """The signal that the child died of, 0 where it ended by itself."""
    child = os.fork()
    if child == 0:
        work(job_id, point)
        os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def drain() -> None:
    """Works in any order, together with other processes that do the same."""
    import random

    from django.utils import timezone

    from uploads.cutout import pipeline
    from uploads.models import Job

    while keys := list(Job.due(timezone.now()).values_list("pk", flat=True)[:40]):
        random.shuffle(keys)
        for key in keys:
            pipeline.run(str(key))


if __name__ == "__main__":
    django.setup()
    command, *arguments = sys.argv[1:]
    if command == "prepare":
        prepare(int(arguments[0]))
    elif command == "work":
        for job_id, point in zip(arguments[::2], arguments[1::2], strict=True):
            print(work_in_child(job_id, point))
    else:
        drain()
