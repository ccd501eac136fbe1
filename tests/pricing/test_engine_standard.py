"""The shop's formula: every worked example exactly, and each of its rates."""

from decimal import Decimal

import pytest

from pricing.engine import NextBreak, NotPriceable, price
from pricing.rules import Book
from tests.pricing.engine_lines import STANDARD, amounts, line, place

TWO_COLOURS = place("front", "screen_print", colours=2)
TEN_BY_TWELVE = place("front", "dtg", size=("10", "12"))
STITCHED = place("left_chest", "embroidery")


@pytest.mark.parametrize(
    ("placement", "quantity", "decoration", "multiplier", "unit", "gross", "subtotal"),
    [
        (TWO_COLOURS, 1, "11.00", "1.00", "23.99", "23.99", "23.99"),
        (TWO_COLOURS, 12, "9.35", "0.85", "22.34", "268.08", "241.27"),
        (TWO_COLOURS, 24, "7.70", "0.70", "20.69", "496.56", "422.08"),
        (TWO_COLOURS, 50, "6.60", "0.60", "19.59", "979.50", "783.60"),
        (TEN_BY_TWELVE, 1, "34.00", "1.00", "46.99", "46.99", "46.99"),
        (TEN_BY_TWELVE, 6, "32.30", "0.95", "45.29", "271.74", "271.74"),
        (STITCHED, 12, "11.70", "0.90", "24.69", "296.28", "266.65"),
    ],
)
def test_the_worked_examples(placement, quantity, decoration, multiplier, unit, gross, subtotal) -> None:
    breakdown = price(STANDARD, line(placement, quantity=quantity, price="12.99", dark=True))
    assert breakdown.decoration_price == Decimal(decoration)
    assert breakdown.quantity_multiplier == Decimal(multiplier)
    assert str(breakdown.unit_price) == unit
    assert str(breakdown.total + breakdown.discount) == gross
    assert str(breakdown.total) == subtotal
    assert breakdown.setup_total == 0


def test_the_charges_of_a_discounted_line() -> None:
    breakdown = price(STANDARD, line(TWO_COLOURS, quantity=12, price="12.99"))
    assert amounts(breakdown) == [
        ("garment", "12.99", "piece"),
        ("methods/screen_print/base_price", "5.00", "piece"),
        ("methods/screen_print/per_location", "3.00", "piece"),
        ("methods/screen_print/per_colour", "3.00", "piece"),
        ("methods/screen_print/breaks/1/multiplier", "-1.6500", "piece"),
        ("quantity_discounts/0", "-26.81", "order"),
    ]


def test_stitches_that_are_known_are_charged_by_the_begun_thousand() -> None:
    known = place("left_chest", "embroidery", stitches=7201)
    assert price(STANDARD, line(known)).decoration_price == Decimal("17.00")  # 8 + 5 + 8 x 0.50


def test_two_locations_share_one_base_price() -> None:
    both = line(TWO_COLOURS, place("back", "screen_print", colours=1))
    assert price(STANDARD, both).decoration_price == Decimal("15.50")  # 5 + 2 x 3 + 3 x 1.50


def test_two_methods_on_one_garment_have_a_formula_each() -> None:
    mixed = price(STANDARD, line(TWO_COLOURS, STITCHED, quantity=12, price="12.99"))
    assert mixed.decoration_price == Decimal("9.35") + Decimal("11.70")


def test_breaks_and_discounts_go_by_the_whole_design() -> None:
    breakdown = price(STANDARD, line(TWO_COLOURS, quantity=4, of=24, price="12.99"))
    assert str(breakdown.unit_price) == "20.69"
    assert str(breakdown.total) == "70.35"  # 4 x 20.69 less 15 %: 70.346


def test_a_fraction_of_a_cent_is_a_charge_of_its_own() -> None:
    odd = price(STANDARD, line(place("front", "dtg", size=("1.5", "1.1")), quantity=3, price="0.00"))
    assert (odd.charges[-1].rule, odd.charges[-1].per) == ("standard@1/rounding", "order")
    assert odd.charges[-1].amount == Decimal("-0.0025")
    assert str(odd.total) == "48.74"  # 3 x (16 + 0.2475) = 48.7425


@pytest.mark.parametrize(
    ("quantity", "following"),
    [
        (1, NextBreak(12, Decimal("3.88"))),  # 23.99 to 22.34 less 10 %
        (11, NextBreak(12, Decimal("3.88"))),
        (12, NextBreak(24, Decimal("2.52"))),  # 20.106 to 17.5865
        (49, NextBreak(50, Decimal("1.91"))),
        (50, None),
    ],
)
def test_the_next_break_counts_break_and_discount(quantity: int, following: NextBreak | None) -> None:
    assert price(STANDARD, line(TWO_COLOURS, quantity=quantity, price="12.99")).next_break == following


def test_more_inks_than_screens() -> None:
    with pytest.raises(NotPriceable) as refusal:
        price(STANDARD, line(TWO_COLOURS, place("back", "screen_print", colours=7)))
    assert (refusal.value.code, refusal.value.pointer) == ("too_many_colours", "/placements/1/ink_colours")


def test_a_dark_garment_can_cost_more_per_location() -> None:
    rules = {
        "currency": "usd",
        "rounding": "line",
        "methods": {
            "dtg": {"kind": "formula", "dark_garment": "0.15", "breaks": [{"from": 1, "multiplier": "1"}]}
        },
    }
    both = (place("front", "dtg"), place("back", "dtg"))
    book = Book.parse("test", 3, rules)
    assert price(book, line(*both, dark=True)).total == Decimal("13.28")
    assert price(book, line(*both, dark=False)).total == Decimal("12.98")
