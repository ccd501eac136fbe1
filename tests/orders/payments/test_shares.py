"""What each line has cost the card: the parts add up to the cent, whatever the sums."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.payments.shares import paid_shares, pieces_share
from orders.totals import ZERO

CENTS = st.integers(0, 100_000).map(lambda cents: Decimal(cents) / 100)


def money(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]


@pytest.mark.parametrize(
    ("lines", "shipping", "tax", "discount", "total", "expected"),
    [
        (["12.98"], "4.98", "0.94", "0.00", "18.90", ["13.92", "4.98"]),
        (["10.00", "30.00"], "5.00", "4.00", "8.00", "41.00", ["9.00", "27.00", "5.00"]),
        (["10.00"], "4.98", "0.00", "4.98", "10.00", ["5.02", "4.98"]),
        (["10.00"], "5.00", "0.00", "0.00", "7.50", ["5.00", "2.50"]),
        (["10.00"], "5.00", "0.00", "0.00", "0.00", ["0.00", "0.00"]),
    ],
    ids=["tax", "discount", "a fixed code", "half by gift card", "all by gift card"],
)
def test_tax_discount_and_gift_card_are_spread(
    lines: list[str], shipping: str, tax: str, discount: str, total: str, expected: list[str]
) -> None:
    paid = paid_shares(
        money(*lines),
        shipping=Decimal(shipping),
        tax=Decimal(tax),
        discount=Decimal(discount),
        total=Decimal(total),
    )
    assert [*paid.lines, paid.shipping] == money(*expected)


@given(st.lists(CENTS, min_size=1, max_size=6), CENTS, CENTS, st.integers(0, 100))
def test_the_parts_add_up_to_the_total(
    lines: list[Decimal], shipping: Decimal, tax: Decimal, card_percent: int
) -> None:
    whole = sum(lines, ZERO) + shipping + tax
    total = (whole * card_percent / 100).quantize(Decimal("0.01"))
    paid = paid_shares(lines, shipping=shipping, tax=tax, discount=ZERO, total=total)
    assert sum(paid.lines, paid.shipping) == total
    assert min(*paid.lines, paid.shipping) >= 0


@given(CENTS, st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_the_pieces_of_a_line_add_up_to_the_line(paid: Decimal, parts: list[int]) -> None:
    quantity, before, gone = sum(parts), 0, ZERO
    for pieces in parts:
        gone += pieces_share(paid, quantity, before, pieces)
        before += pieces
    assert gone == paid
