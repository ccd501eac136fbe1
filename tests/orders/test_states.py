"""Every pair of states, and the three vocabularies."""

import itertools

import pytest

from orders.states import (
    NEEDS_PAYMENT,
    PAYMENT_MOVES,
    PRODUCTION_MOVES,
    admin_word,
    canonical_production_status,
    may_pay,
    production_refusal,
    tracking_word,
)

ALLOWED = {
    ("pending", "in_production"),
    ("pending", "cancelled"),
    ("in_production", "shipped"),
    ("in_production", "cancelled"),
    ("shipped", "delivered"),
}


@pytest.mark.parametrize(("current", "following"), list(itertools.product(PRODUCTION_MOVES, repeat=2)))
def test_production_moves(current: str, following: str) -> None:
    refusal = production_refusal(current, following, "paid")
    assert (refusal is None) == (current == following or (current, following) in ALLOWED)


@pytest.mark.parametrize("status", sorted(NEEDS_PAYMENT))
@pytest.mark.parametrize("payment", ["pending", "failed", "refunded"])
def test_nothing_unpaid_is_produced(status: str, payment: str) -> None:
    before = next(state for state, moves in PRODUCTION_MOVES.items() if status in moves)
    assert payment in (production_refusal(before, status, payment) or "")


@pytest.mark.parametrize(("current", "following"), list(itertools.product(PAYMENT_MOVES, repeat=2)))
def test_payment_moves(current: str, following: str) -> None:
    allowed = {
        ("pending", "paid"), ("pending", "failed"), ("failed", "paid"), ("paid", "partially_refunded"),
        ("paid", "refunded"), ("partially_refunded", "refunded"),
    }  # fmt: skip
    assert may_pay(current, following) == ((current, following) in allowed)


def test_words() -> None:
    assert canonical_production_status("processing") == "in_production"
    assert canonical_production_status("In Production") is None
    assert [admin_word(s) for s in PRODUCTION_MOVES] == [
        "pending", "processing", "shipped", "delivered", "cancelled",
    ]  # fmt: skip
    assert tracking_word("delivered") == "shipped"
