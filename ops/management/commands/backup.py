from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from ops.backup import KINDS, BackupFailed, backup_create, backups, backups_forget, default_folder
from ops.database_dump import row_counts, server_version
from ops.inventory import store_names
from ops.offsite import backup_send, offsite_storage
from ops.retention import SCHEDULED, Rule
from ops.tables import table


class Command(BaseCommand):
    help = "Backs up the database and the list of all files, checks both, and forgets what is too old."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", type=Path, help="The folder of the backups. Default: backups/ of VAR_DIR."
        )
        parser.add_argument("--kind", choices=KINDS, default=SCHEDULED)
        parser.add_argument(
            "--files", action="store_true", help="Copy the files, too, and not only list them."
        )
        parser.add_argument(
            "--reread", action="store_true", help="Read every file again for its checksum, also those known."
        )
        parser.add_argument("--days", type=int, default=Rule().days, help="Daily backups to keep.")
        parser.add_argument("--weeks", type=int, default=Rule().weeks, help="Weekly ones.")
        parser.add_argument("--months", type=int, default=Rule().months, help="Monthly ones.")
        parser.add_argument("--list", action="store_true", help="List the backups and stop.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be done.")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = (options["to"] or default_folder()).resolve()
        if options["list"]:
            self._list(folder)
            return
        rule = Rule(options["days"], options["weeks"], options["months"])
        if options["dry_run"]:
            self._tell(folder, rule)
            return
        started = timezone.now()
        try:
            backup = backup_create(
                folder, kind=options["kind"], files=options["files"], reread=options["reread"], say=self._say
            )
            if offsite_storage() is not None:
                backup_send(backup, say=self._say)
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        for name in backups_forget(folder, now=timezone.now(), rule=rule):
            self._say(f"forgotten: {name}")
        seconds = (timezone.now() - started).total_seconds()
        self.stdout.write(f"{backup.name} in {seconds:.1f} s")

    def _say(self, line: str) -> None:
        self.stdout.write(line)

    def _list(self, folder: Path) -> None:
        rows = [
            (
                backup.name,
                f"{sum(backup.rows.values()):,}",
                f"{backup.dump_bytes / 1e6:,.1f}",
                f"{backup.manifest['inventory']['files']:,}",
                "copied" if backup.has_files else "listed",
            )
            for backup in backups(folder)
        ]
        self.stdout.write(table(("backup", "rows", "dump, MB", "files", "are"), rows, right=[1, 2, 3]))

    def _tell(self, folder: Path, rule: Rule) -> None:
        rows = row_counts()
        files = sum(1 for _ in store_names())
        self._say(f"would write to {folder}")
        self._say(
            f"database: {connection.vendor} {server_version()}, {sum(rows.values()):,} rows of {len(rows)} tables"
        )
        self._say(f"files: {files:,}")
        for name in backups_forget(folder, now=timezone.now(), rule=rule, dry_run=True):
            self._say(f"would forget: {name}")
