"""Which backups are kept: the tables of cases, and what must hold for any history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.retention import Kept, Rule, to_delete

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def daily(days: int) -> list[Kept]:
    """One scheduled backup each night, the newest of them tonight's."""
    return [Kept(f"d{number:03d}", NOW - number * DAY) for number in range(days)]


def kept_of(backups: list[Kept], rule: Rule | None = None) -> set[str]:
    gone = to_delete(backups, NOW, rule)
    return {backup.name for backup in backups} - set(gone)


def test_a_year_of_nights_leaves_seven_days_four_weeks_twelve_months() -> None:
    kept = kept_of(daily(400))
    days = {f"d{number:03d}" for number in range(7)}
    # 24 November 2026 is a Tuesday: weeks end on Sunday, the 22nd, 15th and 8th.
    weeks = {"d000", "d002", "d009", "d016"}
    # The last night of October, September, ... counted back from 24 November.
    months = {
        f"d{(NOW - datetime(year, month, 1, 2, tzinfo=UTC) + DAY).days:03d}"
        for year, month in [(2026, month) for month in range(2, 12)] + [(2026, 1)]
    }
    assert kept == days | weeks | months | {"d000"}
    assert len(kept) == 7 + 2 + 11


@pytest.mark.parametrize(("age_days", "is_kept"), [(1, True), (29, True), (30, False), (31, False)])
def test_what_was_made_by_hand_lives_for_thirty_days(age_days: int, is_kept: bool) -> None:
    backups = [Kept("new", NOW), Kept("hand", NOW - age_days * DAY, "before-deploy")]
    assert ("hand" in kept_of(backups)) == is_kept


def test_the_newest_is_kept_whatever_its_age_and_kind() -> None:
    assert kept_of([Kept("old", NOW - 999 * DAY, "manual")]) == {"old"}
    assert kept_of([Kept("a", NOW - 5 * DAY), Kept("b", NOW - 6 * DAY)], Rule(days=0, weeks=0, months=0)) == {
        "a"
    }


def test_of_one_day_the_newest_is_kept() -> None:
    backups = [Kept("morning", NOW - timedelta(hours=20)), Kept("evening", NOW - timedelta(hours=8))]
    assert kept_of(backups, Rule(days=1, weeks=1, months=1)) == {"evening"}


@given(st.lists(st.integers(0, 1000), max_size=60, unique=True), st.booleans())
def test_a_second_sweep_at_the_same_time_deletes_nothing_more(ages: list[int], by_hand: bool) -> None:
    kind = "manual" if by_hand else "daily"
    backups = [Kept(f"b{age}", NOW - age * timedelta(hours=12), kind) for age in ages]
    gone = set(to_delete(backups, NOW))
    left = [backup for backup in backups if backup.name not in gone]
    assert to_delete(left, NOW) == []
    assert bool(left) == bool(backups)
