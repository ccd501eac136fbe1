import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper

from ops.migration import Plan, Summary, files_move, files_total
from uploads.storage.moving import Direction, MoveFailed

_BAR_WIDTH = 30
_LINE_EVERY_S = 5.0


class Command(BaseCommand):
    help = (
        "Moves every file of the shop to another store, oldest first, while the shop is open. Each copy is read back "
        "and compared by SHA-256 before the shop looks for it there. The old copies stay: --rollback goes back to "
        "them. Rows keep names, not addresses, so designs, orders and baskets need no rewriting."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", choices=["r2"], help="The store of R2_ENDPOINT and its companions.")
        parser.add_argument("--rollback", action="store_true", help="Go back to the old store.")
        parser.add_argument("--dry-run", action="store_true", help="Only count what would be moved.")
        parser.add_argument("--limit", type=int, help="Stop after so many files.")
        parser.add_argument(
            "--percent", type=int, default=100, help="Move this share: 10, then 50, then 100."
        )
        parser.add_argument("--pause-ms", type=int, default=0, help="Wait so long after each file.")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["to"]) == options["rollback"]:
            raise CommandError("Say either --to r2 or --rollback.")
        plan = Plan(
            direction=Direction.TO_HOME if options["rollback"] else Direction.TO_R2,
            limit=options["limit"],
            percent=options["percent"],
            pause_s=options["pause_ms"] / 1000,
            dry_run=options["dry_run"],
        )
        if options["rollback"] and settings.STORAGE_ROLLOUT_PERCENT:
            self.stderr.write("STORAGE_ROLLOUT_PERCENT is not 0: new files still go to the new store.")
        self._report(plan, self._moved(plan))

    def _moved(self, plan: Plan) -> Summary:
        bar = _Bar(files_total(plan), self.stderr)
        with suppress(ValueError):  # only a main thread is sent signals
            signal.signal(signal.SIGTERM, _interrupt)
        try:
            return files_move(plan, bar.show)
        except MoveFailed as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted. Run the same command again: what has moved is skipped."
            ) from None
        finally:
            bar.close()

    def _report(self, plan: Plan, summary: Summary) -> None:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(summary.by_kind.items()))
        self.stdout.write(f"total           {summary.total}")
        self.stdout.write(
            f"{'would be moved' if plan.dry_run else 'successful':<16}{summary.successful}   {kinds}"
        )
        self.stdout.write(f"skipped         {summary.skipped}")
        self.stdout.write(f"failed          {len(summary.failed)}")
        self.stdout.write(f"bytes           {summary.moved_bytes:,}")
        self.stdout.write(f"duration        {summary.duration_s:.1f} s")
        for name, reason in summary.failed[:50]:
            self.stdout.write(f"  {reason:<14}{name}")
        if summary.failed:
            raise CommandError(
                f"{len(summary.failed)} files stayed where they were. Run the same command again to try them again."
            )


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class _Bar:
    """A bar on a terminal, a line every few seconds anywhere else."""

    def __init__(self, total: int, out: OutputWrapper) -> None:
        self.total = total
        self.out = out
        self.is_terminal = sys.stderr.isatty()
        self.shown_at = float("-inf")

    def show(self, summary: Summary) -> None:
        now = time.monotonic()
        if now - self.shown_at < (0.1 if self.is_terminal else _LINE_EVERY_S) and summary.total < self.total:
            return
        self.shown_at = now
        share = summary.total / self.total if self.total else 1.0
        rate = summary.moved_bytes / 1e6 / max(summary.duration_s, 1e-9)
        left_s = summary.duration_s / share * (1 - share) if share else 0.0
        line = (
            f"[{'#' * round(share * _BAR_WIDTH):<{_BAR_WIDTH}}] {summary.total}/{self.total}"
            f"  {summary.moved_bytes / 1e6:.1f} MB  {rate:.1f} MB/s  {left_s:.0f} s left"
        )
        self.out.write(f"\r{line}" if self.is_terminal else line, ending="" if self.is_terminal else "\n")
        self.out.flush()

    def close(self) -> None:
        if self.is_terminal and self.shown_at > 0:
            self.out.write("")
