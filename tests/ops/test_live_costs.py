"""The costs of real calls, counted by hand, and who may see them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from common.models import LedgerEntry
from demo.storefront import Storefront
from ops.live_costs import live_costs

pytestmark = pytest.mark.django_db


def called(
    provider: str, operation: str, cost: str, *, baseline: str = "0", days_ago: int = 0, **fields: Any
) -> None:
    row = LedgerEntry.objects.create(
        provider=provider,
        operation=operation,
        units=1,
        unit="call",
        cost_usd=Decimal(cost),
        baseline_usd=Decimal(baseline),
        duration_ms=100,
        subject="job:1",
        **{"outcome": LedgerEntry.Outcome.OK, **fields},
    )
    LedgerEntry.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=days_ago))


def test_an_empty_shop_costs_nothing() -> None:
    costs = live_costs(timezone.now(), 30)
    assert costs.total == Decimal("0.00")
    assert [line.service for line in costs.lines] == ["Storage", "Stripe"]
    assert (costs.cut_outs.results, costs.cut_outs.avoided_percent) == (0, 0)


def test_calls_are_summed_by_provider_and_rounded_once() -> None:
    for _ in range(3):
        called("rembg", "mask", "0.0024", baseline="0.20")
    called("removebg", "remove", "0.05", baseline="0.20")
    called("gemini", "draw", "0.0394")
    called("gemini", "draw", "0", outcome=LedgerEntry.Outcome.FAILED)
    called("gemini", "draw", "9.99", days_ago=31)
    costs = live_costs(timezone.now(), 30)
    lines = {line.service: (line.amount, line.note) for line in costs.lines}
    assert lines["rembg (processor time)"] == (Decimal("0.01"), "3 calls, 0 failed")
    assert lines["Remove.bg"] == (Decimal("0.05"), "1 calls, 0 failed")
    assert lines["Gemini API"] == (Decimal("0.04"), "2 calls, 1 failed")
    assert costs.total == Decimal("0.10")
    assert (costs.cut_outs.baseline_usd, costs.cut_outs.avoided_usd) == (Decimal("0.80"), Decimal("0.7428"))


def test_staff_read_them_and_nobody_else(guest: Storefront, customer: Storefront, staff: Storefront) -> None:
    called("rembg", "mask", "0.0024", baseline="0.20")
    assert guest.call("GET", "/api/admin/costs").status_code == 401
    assert customer.call("GET", "/api/admin/costs").status_code == 403
    answer = staff.call("GET", "/api/admin/costs?days=7").json()["data"]["costs"]
    assert answer["cut_outs"] == {
        "results": 1,
        "cost_usd": 0.0024,
        "baseline_usd": 0.2,
        "avoided_usd": 0.1976,
        "avoided_percent": 98.8,
    }
    assert (answer["orders"], answer["revenue"], answer["currency"]) == (0, 0, "usd")
    for days in ("0", "367", "many"):
        assert staff.call("GET", f"/api/admin/costs?days={days}").status_code == 400
