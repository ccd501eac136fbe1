"""Machines, limits and the first bottleneck, counted by hand for a few sizes and by properties for all."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from ops.capacity import Assumptions, Rates, capacity, with_rates

ROUND = Rates(
    requests_per_s_process=100.0,
    orders_per_s_database=10.0,
    cutout_s=4.0,
    compression_s=1.0,
    pack_s=10.0,
    processes_per_instance=2,
    slots_per_worker=4,
    connections_per_process=2.0,
    database_connections=60,
    redis_commands_per_s=1000.0,
    stripe_requests_per_s=100.0,
    stripe_requests_per_order=5.0,
)
# 2,592,000 seconds in a month: with this factor, something once a month is 1e-6 a second at the peak.
EVEN = Assumptions(requests_per_user=400.0, peak_factor=2.592, headroom=1.0)


def test_a_million_users_counted_by_hand() -> None:
    plan = capacity(1_000_000, ROUND, EVEN)
    assert plan.peak_requests_per_s == pytest.approx(400.0)
    assert plan.peak_orders_per_s == pytest.approx(2.0)
    assert plan.peak_pictures_per_s == pytest.approx(10.0)
    parts = {part.name: part for part in plan.parts}
    assert (parts["API instances"].count, parts["API instances"].limit_users) == (2, 2_500_000)
    # 10 pictures of 5 s and 2 packs of 10 s are 70 CPU seconds a second, on four slots each.
    assert (parts["workers"].count, parts["workers"].enough) == (18, False)
    assert parts["workers"].limit_users == 285_714
    # (2 instances x 2 + 18 workers x 4) x 2 connections
    assert parts["database connections"].load == "152 of 60"
    assert parts["database connections"].count == 3
    assert parts["database writer"].limit_users == 5_000_000
    assert parts["Redis"].load == "403.00 commands/s"
    assert parts["Stripe's rate limit"].limit_users == 10_000_000
    assert plan.first_bottleneck.name == "workers"
    assert plan.document_instances == 500
    assert (plan.storage_gb_month, plan.database_gb) == (Decimal("57000"), Decimal("100"))


def test_one_user_needs_one_of_each() -> None:
    plan = capacity(1)
    assert [part.count for part in plan.parts] == [1] * 7
    assert all(part.enough for part in plan.parts)
    # One instance, one worker, two orders' fees; R2 and Redis cost less than half a cent.
    assert plan.cost == Decimal("47.34")


@given(st.integers(min_value=1, max_value=10_000_000))
def test_more_users_never_need_less_and_limits_do_not_move(users: int) -> None:
    fewer, more = capacity(users), capacity(users + users // 10 + 1)
    for before, after in zip(fewer.parts, more.parts, strict=True):
        assert before.count <= after.count
        assert before.limit_users == pytest.approx(after.limit_users, rel=1e-6, abs=1)
    assert fewer.cost < more.cost


def test_a_part_ends_where_it_says() -> None:
    workers = capacity(1, ROUND, EVEN).parts[1]
    assert capacity(workers.limit_users, ROUND, EVEN).parts[1].count == workers.at_most
    assert capacity(workers.limit_users + 10, ROUND, EVEN).parts[1].count == workers.at_most + 1


def test_rates_of_ones_own() -> None:
    assert with_rates(ROUND, ["cutout_s=1.5", "slots_per_worker=8"]) == Rates(
        **{
            **{name: getattr(ROUND, name) for name in Rates.__dataclass_fields__},
            "cutout_s": 1.5,
            "slots_per_worker": 8,
        }
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("speed=3", "no rate is called 'speed'"),
        ("cutout_s", "cutout_s must be a number, not ''"),
        ("cutout_s=fast", "cutout_s must be a number, not 'fast'"),
        ("cutout_s=0", "cutout_s must be above 0"),
        ("cutout_s=nan", "cutout_s must be above 0"),
        ("slots_per_worker=1.5", "slots_per_worker must be a number"),
    ],
)
def test_rates_that_are_none(change: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_rates(ROUND, [change])
    with pytest.raises(CommandError, match=message):
        call_command("capacity", users=10, rate=[change])


@pytest.mark.parametrize("users", [0, -5, 10_000_001])
def test_users_out_of_range_are_refused(users: int) -> None:
    with pytest.raises(CommandError, match="from 1 to 10,000,000"):
        call_command("capacity", users=users)


def test_the_command_names_the_first_bottleneck() -> None:
    out = StringIO()
    call_command("capacity", users=10_000_000, stdout=out)
    text = out.getvalue()
    assert "first bottleneck: workers, at " in text
    assert "over the limit now: " in text
    assert "Stripe's rate limit: ask Stripe for a higher limit" in text
    assert "rates: Rates(requests_per_s_process=" in text
