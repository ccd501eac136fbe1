"""Sums of whole cents, and shares that add up."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.totals import OrderTotals, allocate, order_totals

D = Decimal
cents = st.integers(min_value=0, max_value=10**7).map(lambda value: D(value) / 100)


def test_an_order_is_the_sum_of_its_parts() -> None:
    totals = order_totals([D("12.98"), D("35.99")], shipping=D("4.98"), tax=D("3.55"), discount=D("1.00"))
    assert (totals.subtotal, totals.before_gift_card, totals.total) == (D("48.97"), D("56.50"), D("56.50"))
    partly = totals.paid_by_gift_card(D("20.00"))
    assert (partly.gift_card, partly.total) == (D("20.00"), D("36.50"))
    assert totals.paid_by_gift_card(D("99.00")).total == 0


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        ("1.00", ["1", "1", "1"], ["0.34", "0.33", "0.33"]),
        ("0.01", ["1", "2"], ["0.00", "0.01"]),
        ("5.00", ["0", "0"], ["5.00", "0.00"]),
        ("0.00", ["3", "4"], ["0.00", "0.00"]),
        ("1.00", [], []),
    ],
)
def test_shares(amount: str, weights: list[str], shares: list[str]) -> None:
    assert allocate(D(amount), [D(weight) for weight in weights]) == [D(share) for share in shares]


@given(cents, st.lists(cents, min_size=1, max_size=20))
def test_shares_add_up_to_the_cent_and_none_is_more_than_a_cent_off(
    amount: Decimal, weights: list[Decimal]
) -> None:
    shares = allocate(amount, weights)
    assert sum(shares) == amount
    total = sum(weights)
    if total:
        assert all(
            abs(share - amount * weight / total) < D("0.01")
            for share, weight in zip(shares, weights, strict=True)
        )


@given(st.lists(cents, max_size=10), cents, cents, cents)
def test_nothing_gets_lost(lines: list[Decimal], shipping: Decimal, tax: Decimal, balance: Decimal) -> None:
    totals: OrderTotals = order_totals(lines, shipping=shipping, tax=tax).paid_by_gift_card(balance)
    assert totals.total + totals.gift_card == sum(lines) + shipping + tax
    assert totals.total >= 0
