"""The first page of the staff's admin: how the shop is doing today, read by a few small queries.

Each part is asked for only where the member of staff may see it. Windows of days are read through an index on a time,
so the page costs as much in the tenth year as in the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, FloatField, Q, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, TruncDate
from django.http import HttpRequest
from django.utils import timezone

from common import ledger
from common.models import LedgerEntry
from ops.probes import work_facts
from orders.art_admin import pending_reviews
from orders.holds import hold_words
from orders.models import Order, ProductionPack, Refund, StaffAlert
from orders.production.worklist import packs_open
from uploads.models import Asset

DAYS = 14
_ROWS = 6
_ZERO = Decimal("0.00")
_WIDTH, _HEIGHT, _FOOT = 640, 150, 20
_GAP = 0.28  # of a day's width


@dataclass(frozen=True)
class Bar:
    """One bar of a chart, in the units of its view box; `label` is what a pointer over it is told."""

    x: float
    y: float
    width: float
    height: float
    label: str
    css: str = ""


@dataclass(frozen=True)
class Chart:
    """Bars day by day, the days' names below them, and the value of the top line."""

    bars: list[Bar]
    ticks: list[tuple[float, str]]
    top: str
    width: int = _WIDTH
    height: int = _HEIGHT
    foot: int = _FOOT

    @property
    def base(self) -> int:
        return self.height - self.foot


def chart(
    days: Sequence[date], series: Sequence[Sequence[float]], *, unit: str, top: float | None = None
) -> Chart:
    """A bar for each day and series, all on one scale; `top` fixes it, else the highest bar does."""
    highest = top or max((value for values in series for value in values), default=0) or 1
    step = _WIDTH / max(1, len(days))
    thick = step * (1 - _GAP) / len(series)
    bars = []
    for index, values in enumerate(series):
        for place, (day, value) in enumerate(zip(days, values, strict=True)):
            height = (_HEIGHT - _FOOT - 14) * min(value, highest) / highest
            x = place * step + step * _GAP / 2 + index * thick
            label = f"{day:%a %d %b}: {_said(value, unit)}"
            y = _HEIGHT - _FOOT - height
            bars.append(
                Bar(
                    round(x, 2),
                    round(y, 2),
                    round(thick, 2),
                    round(height, 2),
                    label,
                    "second" if index else "",
                )
            )
    ticks = [(round((place + 0.5) * step, 2), f"{day:%d %b}") for place, day in enumerate(days) if place % 2]
    return Chart(bars, ticks, _said(highest, unit))


def _said(value: float, unit: str) -> str:
    return (
        f"${value:,.2f}" if unit == "$" else f"{value:.2f}" if unit == "0-1" else f"{value:g} {unit}".strip()
    )


def _by_day(rows: Iterable[Any], days: Sequence[date], name: str) -> list[float]:
    found = {row["day"]: float(row[name] or 0) for row in rows}
    return [found.get(day, 0.0) for day in days]


def sales(days: Sequence[date]) -> dict[str, Any]:
    """Paid orders and their money of each day, today's beside the same weekday a week ago, and what went back today."""
    rows = list(
        Order.objects.filter(paid_at__gte=_start(days[0]))
        .order_by()
        .annotate(day=TruncDate("paid_at"))
        .values("day")
        .annotate(orders=Count("pk"), revenue=Sum("total"))
    )
    revenue, counts = _by_day(rows, days, "revenue"), _by_day(rows, days, "orders")
    today = _start(days[-1])
    placed = Order.objects.filter(created_at__gte=today)
    back = Refund.objects.filter(
        created_at__gte=today, state__in=[Refund.State.PENDING, Refund.State.SUCCEEDED]
    ).aggregate(sum=Sum("amount"))["sum"]
    return {
        "placed": placed.count(),
        "paid": int(counts[-1]),
        "revenue": f"{revenue[-1]:,.2f}",
        "last_week": f"{revenue[-8]:,.2f}",
        "refunded": back or _ZERO,
        "fortnight": f"{sum(revenue):,.2f}",
        "chart": chart(days, [revenue], unit="$"),
    }


def holds() -> dict[str, Any]:
    held = Order.objects.exclude(hold_reason="").exclude(production_status=Order.ProductionStatus.CANCELLED)
    newest = held.order_by("-created_at")[:_ROWS]
    return {"count": held.count(), "rows": [(order, hold_words(order.hold_reason)) for order in newest]}


def packs(today: date) -> dict[str, Any]:
    """What is still to be made: all of it, what is late, and the most urgent of it."""
    waiting = packs_open()
    counts = waiting.order_by().aggregate(
        all=Count("pk"),
        late=Count("pk", filter=Q(due_on__lt=today)),
        failed=Count("pk", filter=Q(status=ProductionPack.Status.FAILED)),
    )
    return {**counts, "rows": list(waiting[:_ROWS]), "today": today}


def machinery(now: datetime) -> dict[str, Any]:
    """The queues of work with the age of what waits longest, and whether anybody works on them."""
    facts = work_facts(now)
    queues = [
        {
            "name": re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower(),
            "waiting": queue.waiting,
            "running": queue.running,
            "age": _age(max(queue.oldest_waiting_s, queue.oldest_running_s)),
            "stuck": queue.is_stuck,
        }
        for name, queue in facts.queues.items()
    ]
    return {
        "waiting": sum(queue.waiting for queue in facts.queues.values()),
        "running": sum(queue.running for queue in facts.queues.values()),
        "oldest": _age(max((queue.oldest_waiting_s for queue in facts.queues.values()), default=0)),
        "state": facts.worker_state,
        "queues": [queue for queue in queues if queue["waiting"] or queue["running"]],
    }


def _age(seconds: float) -> str:
    if seconds < 1:
        return "-"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def cutouts(days: Sequence[date]) -> dict[str, Any]:
    """How good the cut-outs are by their own scores, day by day, and how many wait for a person."""
    made: QuerySet[Asset] = Asset.objects.filter(
        kind=Asset.Kind.TRANSPARENT, created_at__gte=_start(days[0])
    ).order_by()
    confidence = Cast(KT("metadata__confidence"), FloatField())
    rows = list(
        made.annotate(day=TruncDate("created_at"))
        .values("day")
        .annotate(n=Count("pk"), quality=Avg(confidence))
    )
    total = sum(row["n"] for row in rows)
    weighted = sum((row["quality"] or 0) * row["n"] for row in rows)
    return {
        "count": total,
        "quality": round(weighted / total, 2) if total else None,
        "queue": pending_reviews().count(),
        "chart": chart(days, [_by_day(rows, days, "quality")], unit="0-1", top=1.0),
    }


def saved(days: Sequence[date]) -> dict[str, Any]:
    """What the results cost beside what the paid service would have charged for them."""
    since = _start(days[0])
    total = ledger.savings(since=since)
    rows = list(
        LedgerEntry.objects.filter(created_at__gte=since, operation__in=ledger.PICTURE_OPERATIONS)
        .order_by()
        .annotate(day=TruncDate("created_at"))
        .values("day")
        .annotate(cost=Sum("cost_usd"), paid=Sum("baseline_usd"))
    )
    return {
        "results": total.results,
        "baseline": f"{total.baseline_usd:,.2f}",
        "cost": f"{total.cost_usd:,.2f}",
        "saved": f"{total.baseline_usd - total.cost_usd:,.2f}",
        "chart": chart(days, [_by_day(rows, days, "cost"), _by_day(rows, days, "paid")], unit="$"),
    }


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001  (aware from the next call on)


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The theme's callback: adds to the first page what this member of staff may see."""
    now = timezone.now()
    today = timezone.localdate()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    may = request.user.has_perm
    parts: dict[str, Any] = {}
    if may("orders.view_payment"):
        parts["sales"] = sales(days)
        parts["alerts"] = list(StaffAlert.objects.select_related("order").order_by("-created_at")[:_ROWS])
    if may("orders.view_order"):
        parts["holds"] = holds()
        parts["packs"] = packs(today)
    if may("uploads.view_artreview"):
        parts["cutouts"] = cutouts(days)
        parts["may_decide"] = may("uploads.change_artreview")
    if may("common.view_ledgerentry"):
        parts["saved"] = saved(days)
        parts["machinery"] = machinery(now)
    return {**context, "title": "Today", "parts": parts, "days": DAYS}
