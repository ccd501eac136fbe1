"""`manage.py stripe_reconcile`: the provider's books against ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from common.errors import ProviderError
from orders.payments.reconciliation import SETTLED_AFTER, Difference, reconcile, repair


class Command(BaseCommand):
    help = (
        "Compares the payment provider with the ledger, both ways. Exits with 1 where differences are left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=30, help="How far to look back (default 30).")
        parser.add_argument("--repair", action="store_true", help="Apply what was missed.")
        parser.add_argument("--now", action="store_true", help="Also what is younger than ten minutes.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        until = now if options["now"] else now - SETTLED_AFTER
        try:
            found = list(reconcile(now - timedelta(days=options["days"]), until=until))
        except ProviderError as error:
            raise CommandError(f"{error.provider} does not answer: {error}", returncode=2) from error
        left = [found_one for found_one in found if not self._settle(found_one, options["repair"])]
        self.stdout.write(f"{len(found)} differences, {len(found) - len(left)} repaired")
        if left:
            raise CommandError(f"{len(left)} differences are left.", returncode=1)

    def _settle(self, difference: Difference, wanted: bool) -> bool:
        done = wanted and repair(difference)
        mark = "repaired" if done else "open"
        self.stdout.write(f"{mark:<9}{difference.kind:<20}{difference.reference:<40}{difference.detail}")
        return done
