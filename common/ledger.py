"""The cost ledger: a row per call that costs money or much of a processor: who, what, how long, how much.

Written by `metered` around a call, or by `entry_create` for what a cache saved. Read by anybody through `totals`,
`savings` and `pictures_by_provider`; none of them loads rows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet, Sum

from common.models import LedgerEntry

_NANO_DOLLAR = Decimal("0.000000001")  # a cut-out of our own costs a few millionths
_UNIT_STEP = Decimal("0.0001")
_NOTHING = Decimal(0)


@dataclass
class Call:
    """What a call turned out to cost; whoever makes the call fills it in."""

    units: Decimal = _NOTHING
    cost_usd: Decimal = _NOTHING
    baseline_usd: Decimal = _NOTHING
    detail: dict[str, Any] = field(default_factory=dict)
    duration_ms: int = 0


@contextmanager
def metered(provider: str, operation: str, *, unit: str, subject: str = "") -> Iterator[Call]:
    """Writes the row of the call inside, whether it succeeds or raises; a failure may have cost something, too.

    A failure never counts towards the baseline: it brought nothing that the paid way would have been paid for.
    """
    call = Call()
    started = time.perf_counter()
    outcome = LedgerEntry.Outcome.FAILED
    try:
        yield call
        outcome = LedgerEntry.Outcome.OK
    finally:
        call.duration_ms = round((time.perf_counter() - started) * 1000)
        if outcome == LedgerEntry.Outcome.FAILED:
            call.baseline_usd = _NOTHING
        entry_create(provider, operation, call, unit=unit, subject=subject, outcome=outcome)


def entry_create(
    provider: str,
    operation: str,
    call: Call,
    *,
    unit: str,
    subject: str,
    outcome: str = LedgerEntry.Outcome.OK,
) -> LedgerEntry:
    return LedgerEntry.objects.create(
        provider=provider,
        operation=operation,
        units=call.units.quantize(_UNIT_STEP),
        unit=unit,
        cost_usd=call.cost_usd.quantize(_NANO_DOLLAR),
        baseline_usd=call.baseline_usd.quantize(_NANO_DOLLAR),
        duration_ms=call.duration_ms,
        subject=subject,
        outcome=outcome,
        detail=call.detail,
    )


def processor_cost_usd(seconds: float) -> Decimal:
    """The price of so many seconds of one core (`CPU_SECOND_USD`)."""
    return Decimal(str(round(seconds, 6))) * settings.CPU_SECOND_USD


@dataclass(frozen=True)
class Total:
    """The calls of one provider and operation in a span of time. `failures` are among the `calls`."""

    provider: str
    operation: str
    unit: str
    calls: int
    failures: int
    units: Decimal
    cost_usd: Decimal
    duration_ms: int
    slowest_ms: int


@dataclass(frozen=True)
class Savings:
    """What the results of a span cost, beside what they would have cost all paid.

    `results` are those that the paid way would have charged for.
    """

    results: int
    baseline_usd: Decimal
    cost_usd: Decimal

    @property
    def avoided_usd(self) -> Decimal:
        return self.baseline_usd - self.cost_usd

    @property
    def avoided_percent(self) -> Decimal:
        """0 where nothing was made."""
        if not self.baseline_usd:
            return _NOTHING
        return (self.avoided_usd / self.baseline_usd * 100).quantize(Decimal("0.1"))


def _between(since: datetime | None, until: datetime | None) -> QuerySet[LedgerEntry]:
    rows = LedgerEntry.objects.order_by()
    if since:
        rows = rows.filter(created_at__gte=since)
    return rows.filter(created_at__lt=until) if until else rows


def totals(*, since: datetime | None = None, until: datetime | None = None) -> list[Total]:
    """One `Total` per provider, operation and unit, in alphabetical order."""
    rows = (
        _between(since, until)
        .values("provider", "operation", "unit")
        .annotate(
            calls=Count("id"),
            failures=Count("id", filter=Q(outcome=LedgerEntry.Outcome.FAILED)),
            units_sum=Sum("units"),
            cost_sum=Sum("cost_usd"),
            duration_sum=Sum("duration_ms"),
            slowest=Max("duration_ms"),
        )
        .order_by("provider", "operation", "unit")
    )
    return [
        Total(
            provider=row["provider"],
            operation=row["operation"],
            unit=row["unit"],
            calls=row["calls"],
            failures=row["failures"],
            units=row["units_sum"],
            cost_usd=row["cost_sum"],
            duration_ms=row["duration_sum"],
            slowest_ms=row["slowest"],
        )
        for row in rows
    ]


def savings(*, since: datetime | None = None, until: datetime | None = None) -> Savings:
    """What cut-outs cost beside the all-paid baseline of `PAID_PICTURE_USD` a picture."""
    found = (
        _between(since, until)
        .filter(operation__in=PICTURE_OPERATIONS)
        .aggregate(
            results=Count("id", filter=Q(baseline_usd__gt=0)),
            baseline=Sum("baseline_usd"),
            cost=Sum("cost_usd"),
        )
    )
    return Savings(found["results"], found["baseline"] or _NOTHING, found["cost"] or _NOTHING)


# The operations that make a cut-out: the paid way would have been one call of remove.bg for all of them.
PICTURE_OPERATIONS = ("cutout", "mask", "remove")


def cost_of(subject: str) -> Decimal:
    """What everything cost that was done for one job, asset or text."""
    return LedgerEntry.objects.filter(subject=subject).aggregate(cost=Sum("cost_usd"))["cost"] or _NOTHING
