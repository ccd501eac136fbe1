from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from products.importing import write_sheet


class Command(BaseCommand):
    help = "Writes the catalogue to a CSV or XLSX sheet, a row per variant, costs included."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sheet", type=Path)

    def handle(self, *args: Any, sheet: Path, **options: Any) -> None:
        try:
            count = write_sheet(sheet)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} variants in {sheet}")
