from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import NotFound
from ops.privacy import export_customer


class Command(BaseCommand):
    help = "Writes a zip with everything the shop keeps about a customer, and prints its path."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("customer", help="e-mail address, or the account's id")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(str(export_customer(options["customer"])))
        except NotFound as error:
            raise CommandError(error.message) from error
