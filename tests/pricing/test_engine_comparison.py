"""The same look in another method, and from how many pieces on it pays."""

from decimal import Decimal

import pytest

from pricing.engine import MethodComparison, break_even, compare_methods
from tests.pricing.engine_lines import STANDARD, TRADE, line, place

LOOK = place("front", "dtg", colours=2, size=("10", "10"), stitches=7000)


def test_one_call_prices_every_method() -> None:
    compared = compare_methods(TRADE, line(LOOK, quantity=12), ["dtg", "screen_print", "embroidery", "dtf"])
    assert compared == [
        MethodComparison("dtg", Decimal("215.76"), Decimal("17.98"), True, ""),
        MethodComparison("screen_print", Decimal("209.92"), Decimal("14.16"), True, ""),
        MethodComparison("embroidery", Decimal("247.32"), Decimal("15.61"), True, ""),
        MethodComparison("dtf", Decimal("203.76"), Decimal("16.98"), True, ""),
    ]


def test_what_is_not_possible_says_why() -> None:
    compared = compare_methods(TRADE, line(LOOK, quantity=5), ["screen_print", "vinyl"])
    assert compared == [
        MethodComparison(
            "screen_print",
            None,
            None,
            False,
            "At least 12 pieces of a design are needed, and these are 5.",
        ),
        MethodComparison("vinyl", None, None, False, "The price book trade@1 has no price for 'vinyl'."),
    ]


@pytest.mark.parametrize(
    ("book", "first", "second", "expected"),
    [
        # Screen print begins at 12 pieces: 2 screens and 6.18 a piece against 10.00 by DTG: 114.16 against 120.
        (TRADE, "dtg", "screen_print", 12),
        (TRADE, "screen_print", "dtg", None),
        (STANDARD, "dtg", "screen_print", 1),
        (TRADE, "dtg", "vinyl", None),
    ],
)
def test_break_even(book, first: str, second: str, expected: int | None) -> None:
    assert break_even(book, line(LOOK), first, second) == expected


def test_break_even_of_many_inks_on_dark_cloth() -> None:
    # 6 inks and an underbase: 7 screens, 140.00. At 23 pieces 9.58 a piece, from 24 on 7.92, against 11.00 by DTG:
    # 24 x 7.92 + 140 is more than 24 x 11, and the screens are paid for by 140 / 3.08 = 45.45 pieces.
    look = place("front", "dtg", colours=6, size=("10", "10"))
    assert break_even(TRADE, line(look, dark=True), "dtg", "screen_print") == 46


def test_break_even_looks_no_further_than_asked() -> None:
    look = place("front", "dtg", colours=6, size=("10", "10"))
    assert break_even(TRADE, line(look, dark=True), "dtg", "screen_print", up_to=45) is None
