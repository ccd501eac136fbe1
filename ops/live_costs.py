"""What the last days have really cost, from the ledger of calls and from the rows, beside the all-paid way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Sum

from common import ledger
from ops.costs import CostLine, cents, r2, stripe_fees, total
from ops.month_usage import month_usage
from orders.models import Payment

_MONTH_DAYS = Decimal(30)
_NAMES = {
    "gemini": "Gemini API",
    "removebg": "Remove.bg",
    "remove.bg": "Remove.bg",
    "rembg": "rembg (processor time)",
    "rembg_service": "rembg service (processor time)",
}


@dataclass(frozen=True, slots=True)
class LiveCosts:
    """A span of days. `cut_outs` is what the results cost beside what all of them would have cost as paid calls."""

    since: datetime
    until: datetime
    lines: tuple[CostLine, ...]
    cut_outs: ledger.Savings
    orders: int
    revenue: Decimal

    @property
    def total(self) -> Decimal:
        return total(self.lines)


def live_costs(now: datetime, days: int) -> LiveCosts:
    """The costs of the last `days` days. Six queries, however many calls there were.

    Calls are priced as the ledger has them. Stripe's fees follow its price list, since a charge does not tell its fee;
    storage is what lies there now, for the share of a month that the days are.
    """
    since = now - timedelta(days=days)
    paid = Payment.objects.filter(status=Payment.Status.SUCCEEDED, created_at__gte=since, created_at__lt=now)
    sums = paid.aggregate(revenue=Sum("captured"), count=Count("id"))
    revenue, count = sums["revenue"] or Decimal("0.00"), sums["count"]
    usage = month_usage(now)
    stored = r2(usage.storage_gb, 0) * days / _MONTH_DAYS
    average = revenue / count if count else Decimal(0)
    lines = (
        *_ledger_lines(since, now),
        CostLine("Storage", cents(stored), f"{usage.storage_gb.quantize(Decimal('0.001')):,f} GB"),
        CostLine("Stripe", cents(stripe_fees(count, average)), f"{count:,} payments, 2.9 % + $0.30"),
    )
    return LiveCosts(since, now, lines, ledger.savings(since=since, until=now), count, revenue)


def _ledger_lines(since: datetime, until: datetime) -> list[CostLine]:
    """One line per provider. Fractions of a cent count; each line is rounded once."""
    sums: dict[str, tuple[Decimal, int, int]] = {}
    for row in ledger.totals(since=since, until=until):
        cost, calls, failures = sums.get(row.provider, (Decimal(0), 0, 0))
        sums[row.provider] = (cost + row.cost_usd, calls + row.calls, failures + row.failures)
    return [
        CostLine(_NAMES.get(provider, provider), cents(cost), f"{calls:,} calls, {failures:,} failed")
        for provider, (cost, calls, failures) in sorted(sums.items())
    ]
