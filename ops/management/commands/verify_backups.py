from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ops.backup import BackupFailed, backup_find, default_folder, findings
from ops.drill import drill


class Command(BaseCommand):
    help = "Says what is wrong with the backups, and with --drill restores the newest into a database of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--in", type=Path, dest="folder", help="Default: backups/ of VAR_DIR.")
        parser.add_argument(
            "--files-elsewhere",
            action="store_true",
            help="The bucket keeps its own versions: no copies expected.",
        )
        parser.add_argument(
            "--drill", action="store_true", help="Restore it, count its rows, and throw it away."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = (options["folder"] or default_folder()).resolve()
        found = findings(folder, now=timezone.now(), files=not options["files_elsewhere"])
        if options["drill"]:
            try:
                found += drill(backup_find(folder, "latest"), say=self.stdout.write)
            except BackupFailed as error:
                found.append(str(error))
        for finding in found:
            self.stdout.write(self.style.ERROR(finding))
        if found:
            raise CommandError(f"{len(found)} findings")
        self.stdout.write(f"the backups in {folder} are good")
