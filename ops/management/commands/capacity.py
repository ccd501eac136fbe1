from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ops.capacity import Assumptions, CapacityPlan, Rates, capacity, with_rates
from ops.tables import table


class Command(BaseCommand):
    help = "Says what machines a number of users needs, what a month costs, and what breaks first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--users", type=int, required=True)
        parser.add_argument(
            "--rate", action="append", default=[], metavar="NAME=NUMBER", help="A rate of your own."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["users"] <= 10_000_000:
            raise CommandError("--users must be from 1 to 10,000,000.")
        try:
            rates = with_rates(Rates(), options["rate"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_report(capacity(options["users"], rates), rates, Assumptions()))


def _report(plan: CapacityPlan, rates: Rates, assumed: Assumptions) -> str:
    rows = [
        (
            part.name,
            part.load,
            part.count,
            part.at_most,
            "yes" if part.enough else "NO",
            f"{part.limit_users:,}",
        )
        for part in plan.parts
    ]
    over = [f"{part.name}: {part.grows}" for part in plan.parts if not part.enough]
    first = plan.first_bottleneck
    return "\n".join(
        [
            f"{plan.users:,} users: at the peak {plan.peak_requests_per_s:,.2f} requests/s, "
            f"{plan.peak_orders_per_s:,.3f} orders/s, {plan.peak_pictures_per_s:,.3f} pictures/s",
            table(("part", "load", "needed", "at most", "enough", "ends at users"), rows, right=[2, 3, 5]),
            f"storage grows by {plan.storage_gb_month:,} GB a month; the database by {plan.database_gb:,} GB",
            f"a month costs ${plan.cost:,} (optimized plan, Stripe's fees included)",
            f"first bottleneck: {first.name}, at {first.limit_users:,} users; then: {first.grows}",
            *([f"over the limit now: {'; '.join(over)}"] if over else []),
            f"the document's load target of {assumed.document_requests_per_s_user} requests/s a user would need "
            f"{plan.document_instances:,} API instances",
            "",
            f"assumed: {assumed}",
            f"rates: {rates}",
        ]
    )
