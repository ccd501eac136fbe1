import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from ops.backup import Backup, BackupFailed, backup_create, backup_find, default_folder
from ops.database_dump import DumpFailed
from ops.inventory import StoreDiffers
from ops.offsite import backup_fetch
from ops.restore import Restored, changes, check, restore
from ops.tables import table


class Command(BaseCommand):
    help = "Puts a backup back. Stop the web processes and the workers first; what came after the backup is lost."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The name of a backup, or latest.")
        parser.add_argument("--from", type=Path, dest="folder", help="Default: backups/ of VAR_DIR.")
        parser.add_argument("--fetch", action="store_true", help="Bring the backup from BACKUP_BUCKET first.")
        parser.add_argument(
            "--table", action="append", dest="tables", default=[], help="Only this table; may be repeated."
        )
        parser.add_argument(
            "--files", action="store_true", help="Put back the files that the store lacks, too."
        )
        parser.add_argument("--files-only", action="store_true", help="Only those files; the database stays.")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")
        parser.add_argument(
            "--no-safety-backup", action="store_true", help="Do not back up what is about to be replaced."
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what would change.")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = (options["folder"] or default_folder()).resolve()
        try:
            if options["fetch"]:
                backup_fetch(folder, options["name"], say=self._say)
            backup = backup_find(folder, options["name"])
            check(backup)
            if options["files_only"]:
                self._report(self._restore(backup, files=True, database=False))
                return
            self._tell(backup, options["tables"])
            if options["dry_run"]:
                return
            if not options["yes"]:
                self._ask()
            if (
                not options["no_safety_backup"]
                and "django_migrations" in connection.introspection.table_names()
            ):
                kept = backup_create(folder, kind="safety", say=self._say)
                self._say(f"what is replaced is kept in {kept.name}")
            done = self._restore(backup, files=options["files"], only=options["tables"] or None)
            self._report(done)
        except (BackupFailed, DumpFailed, StoreDiffers) as error:
            raise CommandError(str(error)) from error

    def _restore(self, backup: Backup, **options: Any) -> Restored:
        return restore(backup, now=timezone.now(), say=self._say, **options)

    def _say(self, line: str) -> None:
        self.stdout.write(line)

    def _tell(self, backup: Backup, tables: list[str]) -> None:
        differing = [change for change in changes(backup, only=tables or None) if change.now != change.backup]
        rows = [(each.table, _count(each.now), _count(each.backup)) for each in differing]
        self._say(
            f"{backup.name}: {backup.manifest['database']['vendor']}, {sum(backup.rows.values()):,} rows"
        )
        if rows:
            self._say(table(("table", "rows now", "in the backup"), rows, right=[1, 2]))
        else:
            self._say("every table has as many rows now as in the backup")

    def _ask(self) -> None:
        name = Path(str(connection.settings_dict["NAME"])).name
        if not sys.stdin.isatty():
            raise CommandError("Nobody can be asked here; --yes restores without asking.")
        if input(f"Everything since then will be lost. Type the database's name, {name}, to go on: ") != name:
            raise CommandError("Nothing was changed.")

    def _report(self, done: Restored) -> None:
        for change in done.differing:
            self._say(
                f"{change.table}: {_count(change.now)} rows, and the backup has {_count(change.backup)}"
            )
        for violation in done.violations:
            self._say(f"broken: {violation}")
        if done.files_missing:
            self._say(
                f"files: {done.files_missing:,} of the backup's list are not in the store; --files puts back copies"
            )
        if done.files_put_back:
            self._say(f"files: {done.files_put_back:,} put back")
        hours = done.rpo.total_seconds() / 3600
        self._say(
            f"RPO {hours:.2f} h (age of the backup), RTO {done.seconds:.1f} s (to restore, migrate and verify)"
        )
        if not done.is_whole:
            raise CommandError("The restore is not whole; see above.")


def _count(rows: int | None) -> str:
    return "none" if rows is None else f"{rows:,}"
