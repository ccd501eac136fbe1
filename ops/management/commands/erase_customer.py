from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import DomainError
from ops.privacy import erase_customer


class Command(BaseCommand):
    help = (
        "Forgets a customer: orders stay without the person, art and photos go. Exits 1 if anything is left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("customer", help="e-mail address, or the account's id")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, **options: Any) -> None:
        who = options["customer"]
        if not options["yes"] and input(f"Forget {who} for ever? Type the address again: ").strip() != who:
            raise CommandError("Nothing was changed.")
        try:
            left = erase_customer(who, actor="command")
        except DomainError as error:
            raise CommandError(f"{error.message} {error.extra or ''}".strip()) from error
        if left:
            raise CommandError(
                "Still to be found: " + ", ".join(f"{where} ({n})" for where, n in left.items())
            )
        self.stdout.write("The customer is forgotten. A scan of all tables found nothing left.")
