from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from products.importing import errors_of, import_sheet, read_sheet


class Command(BaseCommand):
    help = "Imports the catalogue from a CSV or XLSX sheet, a row per variant. One bad row, and nothing is applied."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sheet", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Only say what would happen.")

    def handle(self, *args: Any, sheet: Path, dry_run: bool, **options: Any) -> None:
        try:
            dataset = read_sheet(sheet)
        except ValueError as error:
            raise CommandError(str(error)) from error
        result = import_sheet(dataset, dry_run=dry_run)
        errors = errors_of(result)
        if errors:
            raise CommandError("nothing was applied:\n" + "\n".join(f"  {error}" for error in errors))
        counts = ", ".join(f"{result.totals[name]} {word}" for name, word in _WORDS.items())
        self.stdout.write(f"{'would be: ' if dry_run else ''}{counts}")


_WORDS = {"new": "new", "update": "changed", "skip": "unchanged"}
