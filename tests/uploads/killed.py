"""Workers that are killed at a point of a job, in processes of their own: `python -m tests.uploads.killed STEP ...`

    prepare:COUNT        makes the tables and so many jobs on small pictures; prints null
    work:NUMBER:POINT    works on the job with this number until POINT, then SIGKILL; POINT `end` is no kill. Prints the
                         signal that the process died of
    drain                works on whatever is due until nothing is; prints null
    later                the leases of the dead have run out; prints null
    next_day             what is kept aside for a day expires; prints null
    state                prints jobs, assets and files

Each step is a child of its own and prints one line of JSON. The process reads the same settings as any worker; only the
picture is small, so that the points are moments apart.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from datetime import timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stolentee.settings")

# Where a job can die: at the beginning of each step that it announces, between two files of its result, before the end
# is written, inside its transaction, and after it.
STEPS = ("starting", "extract", "background", "dpi", "verify")
POINTS = (*STEPS, "first_file", "last_file", "in_transaction", "after_end")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def prepare(count: str) -> None:
    from django.core.management import call_command

    from tests.factories import AssetFactory, JobFactory
    from tests.uploads.test_kill import art_png

    call_command("migrate", verbosity=0)
    for number in range(int(count)):
        data, side_px = art_png(number)
        JobFactory(source=AssetFactory(data=data, width_px=side_px, height_px=side_px))


def work(number: str, point: str) -> None:
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
    pipeline.run(str(Job.objects.order_by("created_at")[int(number)].pk))


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


def later() -> None:
    from django.utils import timezone

    from uploads.models import Job

    Job.objects.filter(status="running").update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def next_day() -> None:
    from django.utils import timezone

    from uploads.cutout.intermediates import expire

    expire(timezone.now() + timedelta(days=2))


def state() -> dict[str, Any]:
    from django.conf import settings

    from uploads.models import Asset, Intermediate, Job

    results = Asset.objects.filter(kind="transparent")
    folder = settings.VAR_DIR / "files" / "private" / "cutouts"
    return {
        "jobs": sorted(Job.objects.values_list("status", "error_code")),
        "attempts": sorted(Job.objects.values_list("attempts", flat=True)),
        "assets": results.count(),
        "with_assets": results.values("job").distinct().count(),
        "known_files": sorted(
            name.split("/")[-1] for name in results.values_list("original_file", flat=True)
        ),
        "aside": sorted(Intermediate.objects.values_list("file", flat=True)),
        "files": sorted(path.name for path in folder.glob("*")),
    }


COMMANDS = {
    "prepare": prepare,
    "work": work,
    "drain": drain,
    "later": later,
    "next_day": next_day,
    "state": state,
}


def in_child(step: str) -> int:
    """Does the step in a process of its own. Returns the signal that it died of, 0 where it ended by itself."""
    name, *arguments = step.split(":")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            found = COMMANDS[name](*arguments)
            if name != "work":
                print(json.dumps(found), flush=True)
            code = 0
        finally:
            traceback.print_exc() if code else None
            sys.stderr.flush()
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status > 0:
        sys.exit(status)
    return -status


if __name__ == "__main__":
    django.setup()
    for step in sys.argv[1:]:
        signal_number = in_child(step)
        if step.startswith("work"):
            print(json.dumps(signal_number), flush=True)
