"""Where a line may go, and when it is due."""

from __future__ import annotations

from datetime import date

import pytest

from orders.production.stages import STAGES, due_date, stage_refusal


def test_every_move_leads_to_a_stage_and_shipped_is_the_end() -> None:
    assert set().union(*STAGES.values()) <= set(STAGES)
    assert STAGES["shipped"] == frozenset()


@pytest.mark.parametrize(
    ("current", "following", "refused"),
    [
        ("waiting", "sent", False),
        ("waiting", "accepted", True),
        ("sent", "accepted", False),
        ("rejected", "in_production", True),
        ("in_production", "waiting", True),
        ("in_production", "in_production", False),
        ("shipped", "in_production", True),
    ],
)
def test_moves(current: str, following: str, refused: bool) -> None:
    assert (stage_refusal(current, following) is not None) is refused


@pytest.mark.parametrize(
    ("paid", "days", "due"),
    [
        (date(2026, 3, 13), 5, date(2026, 3, 20)),  # Friday to Friday
        (date(2026, 3, 14), 1, date(2026, 3, 16)),  # Saturday to Monday
        (date(2026, 3, 16), 0, date(2026, 3, 16)),
    ],
)
def test_weekends_are_no_business_days(paid: date, days: int, due: date) -> None:
    assert due_date(paid, days) == due
