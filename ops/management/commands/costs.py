from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ops.cost_document import CURRENT, STATED_TOTALS, document_usage, errata, scaling_curve
from ops.costs import CostLine, Plan, Usage, cents, month, profit, removal_comparison, total, usage_at
from ops.tables import table


class Command(BaseCommand):
    help = "Prints what a month costs, by the model of the operations document."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--users", type=int, help="Default: the use that the document's table is about.")
        parser.add_argument("--plan", choices=[plan.value for plan in Plan], help="Default: all three.")
        parser.add_argument(
            "--errata", action="store_true", help="The document's wrong sums, and the right ones."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["errata"]:
            rows = [(found.where, found.stated, found.right, found.why) for found in errata()]
            self.stdout.write(table(("where", "stated", "right", "why"), rows))
            return
        if options["users"] is not None and options["users"] < 1:
            raise CommandError("--users must be at least 1.")
        for plan in [Plan(options["plan"])] if options["plan"] else Plan:
            usage = usage_at(options["users"]) if options["users"] else document_usage(plan)
            self.stdout.write(_month(plan, usage, stated=not options["users"]) + "\n")
        self.stdout.write(_removal(usage_at(options["users"] or 1000)) + "\n")
        self.stdout.write(_curve())


def _month(plan: Plan, usage: Usage, *, stated: bool) -> str:
    lines = month(plan, usage)
    result = profit(lines, usage)
    rows = [(line.service, f"{line.amount:,}", line.note) for line in lines]
    rows.append(("TOTAL", f"{total(lines):,}", _against(plan, stated)))
    parts = [
        f"{plan.value}: {usage.users:,} users, {usage.orders:,} orders, {usage.images:,} images a month",
        table(("service", "USD", "what"), rows, right=[1]),
        f"revenue {result.revenue:,}  cost {result.cost:,} ({result.cost_percent}%), "
        f"of that Stripe {result.stripe:,} "
        f"({result.stripe_percent}%)  margin {result.margin:,} ({result.margin_percent}%)",
    ]
    if plan is Plan.OPTIMIZED:
        parts.append(_saved(lines, usage))
    return "\n".join(parts) + "\n"


def _against(plan: Plan, stated: bool) -> str:
    return f"the document: {STATED_TOTALS[plan]}" if stated else ""


def _saved(lines: tuple[CostLine, ...], usage: Usage) -> str:
    before = total(month(Plan.UNOPTIMIZED, usage))
    saved = before - total(lines)
    return f"saved against the unoptimized plan: {saved:,} of {before:,} ({saved / before:.1%})"


def _removal(usage: Usage) -> str:
    found = removal_comparison(usage.images)
    rows = [
        ("per image", f"{found.paid_per_image}", f"{found.own_per_image:.4f}"),
        (f"{usage.images:,} images", f"{found.paid_month:,}", f"{found.own_month:,}"),
    ]
    saved = f"saved: {found.saved_month:,} a month ({found.saved_percent}%)"
    return f"{table(('background removal', 'Remove.bg', 'own worker'), rows, right=[1, 2])}\n{saved}\n"


def _curve() -> str:
    rows = [
        (
            f"{point.users:,}",
            f"{point.orders:,}",
            f"{point.stated:,}",
            point.stated_per_user,
            f"{point.model:,}",
            point.model_per_user,
            f"{cents(point.without_stripe):,}",
        )
        for point in scaling_curve()
    ]
    head = ("users", "orders", "document", "a user", "model", "a user", "model without Stripe")
    text = table(head, rows, right=range(len(head)))
    return f"scaling curve ({CURRENT.users} users: as today; from 50: optimized)\n{text}"
