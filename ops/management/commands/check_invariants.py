from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ops.invariants import RULES, SAMPLE, violations


class Command(BaseCommand):
    help = "Holds the rows of this shop against its rules. Exits with 1 if one is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--sample", type=int, default=SAMPLE, help="How many files of each kind to look for."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = violations(sample=options["sample"])
        for violation in found:
            self.stdout.write(self.style.ERROR(str(violation)))
        if found:
            raise CommandError(f"{len(found)} rules are broken.")
        self.stdout.write(f"{len(RULES) + 2} rules hold")
