"""What calls cost, what they saved, and how much of a day's allowance is left."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from common import allowances, ledger
from common.errors import ProviderError
from common.models import DailyAllowance, FeatureSwitch, LedgerEntry
from common.switches import falls_into, percent_of

pytestmark = pytest.mark.django_db
D = Decimal


def paid(provider: str, operation: str, cost: str, baseline: str = "0", outcome: str = "ok") -> LedgerEntry:
    call = ledger.Call(units=D(1), cost_usd=D(cost), baseline_usd=D(baseline), duration_ms=100)
    return ledger.entry_create(provider, operation, call, unit="credit", subject="s", outcome=outcome)


def test_a_call_is_written_with_what_it_turned_out_to_cost() -> None:
    with ledger.metered("removebg", "remove", unit="credit", subject="job-1") as call:
        call.units, call.cost_usd, call.detail = D("0.25"), D("0.05"), {"size": "preview"}
    entry = LedgerEntry.objects.get()
    assert (entry.provider, entry.operation, entry.unit, entry.subject) == (
        "removebg",
        "remove",
        "credit",
        "job-1",
    )
    assert (entry.units, entry.cost_usd, entry.outcome, entry.detail) == (
        D("0.25"),
        D("0.05"),
        "ok",
        {"size": "preview"},
    )


def test_a_failure_is_written_too_and_counts_for_nothing_avoided() -> None:
    with (
        pytest.raises(ProviderError),
        ledger.metered("removebg", "remove", unit="credit") as call,
    ):
        call.cost_usd, call.baseline_usd = D("0.20"), D("0.20")
        raise ProviderError("damaged", provider="removebg", retryable=True)
    entry = LedgerEntry.objects.get()
    assert (entry.outcome, entry.cost_usd, entry.baseline_usd) == ("failed", D("0.20"), D(0))


def test_totals_are_by_provider_operation_and_unit() -> None:
    paid("removebg", "remove", "0.20")
    paid("removebg", "remove", "0.05", outcome="failed")
    paid("gemini", "draw", "0.067")
    first, second = ledger.totals()
    assert (first.provider, first.calls, first.cost_usd) == ("gemini", 1, D("0.067"))
    assert (second.calls, second.failures, second.cost_usd, second.units) == (2, 1, D("0.25"), D(2))
    assert (second.duration_ms, second.slowest_ms) == (200, 100)


def test_savings_are_against_the_all_paid_baseline() -> None:
    for _ in range(3):
        paid("local", "cutout", "0.0001", "0.20")
    paid("local", "cutout", "0", "0.20", outcome="cached")
    paid("removebg", "remove", "0.20")
    paid("gemini", "draw", "5")  # drawing is no background removal
    saved = ledger.savings()
    assert (saved.results, saved.baseline_usd, saved.cost_usd) == (4, D("0.80"), D("0.2003"))
    assert (saved.avoided_usd, saved.avoided_percent) == (D("0.5997"), D("75.0"))


def test_a_span_leaves_out_what_is_outside() -> None:
    old = paid("removebg", "remove", "9", "0.20")
    LedgerEntry.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=9))
    since = timezone.now() - timedelta(days=7)
    assert (ledger.savings(since=since).results, ledger.totals(since=since)) == (0, [])
    assert ledger.savings(until=since).results == 1
    assert ledger.savings(since=since).avoided_percent == 0


def test_what_a_job_cost_is_the_sum_of_its_calls() -> None:
    paid("removebg", "remove", "0.20")
    paid("local", "cutout", "0.01")
    assert (ledger.cost_of("s"), ledger.cost_of("another")) == (D("0.21"), D(0))


def test_a_second_of_a_core_has_its_price(settings: object) -> None:
    assert ledger.processor_cost_usd(1000) == D("0.0077")


def test_an_allowance_is_taken_until_the_limit_and_not_beyond() -> None:
    taken = [allowances.reserve("budget", D("0.20"), limit=D("0.50")) for _ in range(3)]
    assert (taken, allowances.used("budget")) == ([True, True, False], D("0.40"))


def test_what_was_not_spent_comes_back_and_what_was_more_is_added() -> None:
    allowances.reserve("budget", D("0.20"), limit=D(1))
    allowances.settle("budget", reserved=D("0.20"), spent=D("0.05"))
    assert allowances.used("budget") == D("0.05")
    allowances.settle("budget", reserved=D(0), spent=D("0.30"))
    assert allowances.used("budget") == D("0.35")


def test_a_new_day_begins_with_nothing_used() -> None:
    allowances.reserve("quota", D(10), limit=D(10))
    DailyAllowance.objects.update(day=allowances.today() - timedelta(days=1))
    assert allowances.used("quota") == 0
    assert allowances.reserve("quota", D(1), limit=D(10))
    assert 1 <= allowances.seconds_until_renewal() <= 86_400


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_racing_workers_do_not_pass_the_limit() -> None:
    taken: list[bool] = []

    def take() -> None:
        try:
            taken.append(allowances.reserve("quota", D(1), limit=D(10)))
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(taken), len(taken), allowances.used("quota")) == (10, 24, 10)


@pytest.mark.parametrize(
    ("environment", "row", "holds"), [(100, None, 100), (100, 25, 25), (0, 80, 0), (50, 80, 50)]
)
def test_the_lower_of_environment_and_switch_holds(environment: int, row: int | None, holds: int) -> None:
    if row is not None:
        FeatureSwitch.objects.create(name="x", percent=row)
    assert percent_of("x", configured=environment) == holds


def test_nobody_falls_into_nothing_and_everybody_into_all() -> None:
    subjects = [str(number) for number in range(200)]
    assert not any(falls_into("x", subject, 0) for subject in subjects)
    assert all(falls_into("x", subject, 100) for subject in subjects)
