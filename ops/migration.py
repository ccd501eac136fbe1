"""Moving every file of the shop to another store and back, while it is open."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from common.storage import PRIVATE, PUBLIC
from ops.files import FileReference, in_chunks, names_in_use, referenced_files
from uploads.storage.located import is_rolled_out
from uploads.storage.models import StoredObject
from uploads.storage.moving import Direction, MoveFailed, located, object_move

log = structlog.get_logger(__name__)

_CHUNK_FILES = 200


@dataclass
class Summary:
    """What a run came to. `failed` names each file that stayed behind, with the reason."""

    total: int = 0
    successful: int = 0
    skipped: int = 0
    moved_bytes: int = 0
    duration_s: float = 0.0
    failed: list[tuple[str, str]] = field(default_factory=list)
    by_kind: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Plan:
    """What to move: at most `limit` files, of `percent` of all assets, a pause after each; `dry_run` only looks."""

    direction: Direction = Direction.TO_R2
    limit: int | None = None
    percent: int = 100
    pause_s: float = 0.0
    dry_run: bool = False


def files_total(plan: Plan) -> int:
    """How many files the plan looks at; for a progress bar."""
    return sum(1 for _ in _candidates(plan))


def files_move(plan: Plan, progress: Callable[[Summary], None] = lambda summary: None) -> Summary:
    """Moves the files that are not where they should be, oldest first. One that fails does not stop the others.

    Run it again after an interruption: what has moved is skipped. Files that are uploaded meanwhile are for the next
    run, unless STORAGE_ROLLOUT_PERCENT is 100. Raises MoveFailed where there is no second store.
    """
    for area in (PRIVATE, PUBLIC):
        located(area)
    summary, started = Summary(), time.monotonic()
    for reference, is_there in _with_place(plan):
        if not is_there and plan.limit is not None and summary.successful + len(summary.failed) >= plan.limit:
            break
        summary.total += 1
        if is_there:
            summary.skipped += 1
        else:
            _move(reference, plan, summary)
        summary.duration_s = time.monotonic() - started
        progress(summary)
    summary.duration_s = time.monotonic() - started
    return summary


def _move(reference: FileReference, plan: Plan, summary: Summary) -> None:
    try:
        if plan.dry_run:
            size_bytes = located(reference.area).size(reference.name)
        else:
            size_bytes = object_move(
                reference.area, reference.name, sha256=reference.sha256, direction=plan.direction
            )
            time.sleep(plan.pause_s)
    except (MoveFailed, BotoCoreError, ClientError, OSError) as error:
        if not names_in_use(reference.area, [reference.name]):  # the shop deleted it while we looked at it
            summary.skipped += 1
            return
        reason = error.code if isinstance(error, MoveFailed) else type(error).__name__
        summary.failed.append((f"{reference.area}/{reference.name}", reason))
        log.warning("storage.move_failed", area=reference.area, kind=reference.kind, reason=reason)
        return
    summary.successful += 1
    summary.moved_bytes += size_bytes
    summary.by_kind[reference.kind] += 1


def _candidates(plan: Plan) -> Iterator[FileReference]:
    """The files of the plan's share of assets and order lines."""
    return (file for file in referenced_files() if is_rolled_out(file.group, plan.percent))


def _with_place(plan: Plan) -> Iterator[tuple[FileReference, bool]]:
    """Each file, and whether it is where the plan wants it already."""
    for chunk in in_chunks(_candidates(plan), _CHUNK_FILES):
        rows = StoredObject.objects.filter(name__in=[file.name for file in chunk])
        moved = {(row.area, row.name) for row in rows if row.store == StoredObject.Store.R2}
        for file in chunk:
            yield file, ((file.area, file.name) in moved) == (plan.direction is Direction.TO_R2)
