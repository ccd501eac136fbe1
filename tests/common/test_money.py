"""Cents in, cents out, one rounding rule."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.money import from_cents, money_text, round_to_cents, to_cents


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("241.272", "241.27"), ("8.165", "8.17"), ("0.005", "0.01"), ("-0.005", "-0.01"), ("12.98", "12.98")],
)
def test_rounds_half_up(exact: str, rounded: str) -> None:
    assert round_to_cents(Decimal(exact)) == Decimal(rounded)


def test_a_fraction_of_a_cent_is_refused_at_the_edge() -> None:
    with pytest.raises(ValueError, match="whole number of cents"):
        to_cents(Decimal("8.165"))


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_cents_survive_the_round_trip(cents: int) -> None:
    assert to_cents(from_cents(cents)) == cents


def test_text_has_dollars_and_thousands() -> None:
    assert money_text(Decimal("1234.5")) == "$1,234.50"


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_rounding_is_to_the_nearest_cent_and_halves_go_away_from_zero(amount: Decimal) -> None:
    rounded = round_to_cents(amount)
    distance = abs(rounded - amount)
    assert rounded == rounded.quantize(Decimal("0.01"))
    assert distance < Decimal("0.005") or (distance == Decimal("0.005") and abs(rounded) > abs(amount))
    assert round_to_cents(rounded) == rounded
