"""The trade book: every cell of the printers' lists, set-up, sizes, and each refusal."""

from decimal import Decimal

import pytest

from pricing.engine import NextBreak, NotPriceable, price
from tests.pricing.engine_lines import TRADE, amounts, line, place

BLANK = Decimal("7.98")  # 12.98 less the print that it includes


def decoration(*placements, quantity: int, dark: bool = False) -> Decimal:
    return price(TRADE, line(*placements, quantity=quantity, dark=dark)).decoration_price


# designsline.com/?p=609: from, to, first colour, each extra.
@pytest.mark.parametrize(
    ("smallest", "largest", "first", "extra"),
    [
        (12, 23, "5.50", "0.68"),
        (24, 71, "4.26", "0.61"),
        (72, 143, "3.40", "0.56"),
        (144, 287, "2.54", "0.49"),
        (288, 575, "1.94", "0.44"),
        (576, 1000, "1.51", "0.38"),
    ],
)
@pytest.mark.parametrize("colours", [1, 2, 6])
def test_screen_print_rows(smallest, largest, first, extra, colours) -> None:
    expected = Decimal(first) + Decimal(extra) * (colours - 1)
    for quantity in (smallest, largest):
        printed = place("front", "screen_print", colours)
        assert decoration(printed, quantity=quantity) == expected
        assert decoration(printed, quantity=quantity, dark=True) == expected + Decimal(extra)


@pytest.mark.parametrize(
    ("quantity", "dark", "screens", "fee"),
    [(12, False, 3, "60.00"), (12, True, 5, "100.00"), (143, True, 5, "100.00"), (144, True, 0, "0")],
)
def test_screens_are_paid_once_per_colour_and_location(quantity, dark, screens, fee) -> None:
    placements = (place("front", "screen_print", 2), place("back", "screen_print", 1))
    breakdown = price(TRADE, line(*placements, quantity=quantity, dark=dark))
    assert breakdown.setup_total == Decimal(fee)
    assert breakdown.total == breakdown.unit_price * quantity + Decimal(fee)
    described = [charge.description for charge in breakdown.charges if charge.per == "order"]
    assert described == ([f"{screens} screens at $20.00"] if screens else [])


def test_a_line_bears_its_share_of_the_screens() -> None:
    printed = place("front", "screen_print", 1)
    shares = [price(TRADE, line(printed, quantity=q, of=12)).setup_total for q in (4, 8)]
    assert shares == [Decimal("6.67"), Decimal("13.33")]


# saddlehillstudios.com: up to 5x5, 10x10, 14x14, 14x18, dark / white.
@pytest.mark.parametrize(
    ("smallest", "largest", "dark", "light"),
    [
        (1, 5, (9, 12, 16, 20), (8, 11, 15, 19)),
        (6, 50, (8, 11, 14, 18), (7, 10, 13, 17)),
        (51, 1000, (7, 10, 12, 16), (6, 9, 11, 15)),
    ],
)
@pytest.mark.parametrize(
    ("band", "sizes"),
    [
        (0, (("0.5", "0.5"), ("5", "5"))),
        (1, (("5.001", "2"), ("10", "10"))),
        (2, (("10", "10.01"), ("14", "14"))),
        (3, (("1", "14.5"), ("14", "18"))),
    ],
)
def test_dtg_bands(smallest, largest, dark, light, band, sizes) -> None:
    for quantity in (smallest, largest):
        for size in sizes:
            printed = place("front", "dtg", size=size)
            assert decoration(printed, quantity=quantity, dark=True) == dark[band]
            assert decoration(printed, quantity=quantity) == light[band]


# designsline.com/?p=616: up to 5,000, 8,000 and 12,000 stitches.
@pytest.mark.parametrize(
    ("smallest", "largest", "prices"),
    [
        (6, 11, ("9.25", "11.60", "14.73")),
        (12, 23, ("5.95", "7.63", "9.85")),
        (24, 71, ("4.31", "5.64", "7.41")),
        (72, 143, ("3.18", "4.27", "5.74")),
        (144, 287, ("2.92", "3.96", "5.36")),
        (288, 1000, ("2.79", "3.80", "5.16")),
    ],
)
def test_embroidery_rows(smallest, largest, prices) -> None:
    stitches = ((1, 5000), (5001, 8000), (8001, 12000))
    for quantity in (smallest, largest):
        for expected, counts in zip(prices, stitches, strict=True):
            for count in counts:
                sewn = place("left_chest", "embroidery", 3, stitches=count)
                assert decoration(sewn, quantity=quantity) == Decimal(expected)


def test_stitches_beyond_the_last_band_and_the_digitising() -> None:
    sewn = place("left_chest", "embroidery", 3, stitches=14001)
    breakdown = price(TRADE, line(sewn, quantity=12))
    assert amounts(breakdown)[2:] == [
        ("methods/embroidery/rows/1/prices/2", "9.85", "piece"),
        ("methods/embroidery/per_extra_1000", "1.20", "piece"),
        ("methods/embroidery/digitising_fee", "60.00", "order"),
        ("methods/embroidery/digitising_per_extra_1000", "15.00", "order"),
    ]
    assert breakdown.total == (BLANK + Decimal("11.05")) * 12 + 75


def test_dtf_by_the_square_inch() -> None:
    breakdown = price(TRADE, line(place("front", "dtf", size=("10", "12.5"))))
    assert amounts(breakdown)[2:] == [
        ("methods/dtf/per_square_inch", "7.50000000", "piece"),
        ("methods/dtf/press", "3.00", "piece"),
    ]
    assert breakdown.total == BLANK + Decimal("10.50")


def test_a_piece_is_rounded_once_and_the_line_is_its_multiple() -> None:
    breakdown = price(TRADE, line(place("front", "dtf", size=("3.3", "3.3")), quantity=7))
    assert str(breakdown.unit_price) == "11.63"  # 7.98 + 0.6534 + 3
    assert str(breakdown.total) == "81.41"
    assert breakdown.charges[-1].rule == "trade@1/rounding"
    assert breakdown.charges[-1].amount == Decimal("-0.0034")


@pytest.mark.parametrize(("size", "upcharge"), [("S", "0"), ("XL", "1"), ("2XL", "2"), ("3XL", "3")])
def test_large_sizes_cost_more(size: str, upcharge: str) -> None:
    assert price(TRADE, line(size=size)).total == BLANK + Decimal(upcharge)


def test_a_neck_label_costs_the_same_on_every_garment() -> None:
    for slug in ("classic-tee", "classic-hoodie"):
        breakdown = price(TRADE, line(slug=slug, neck=True))
        assert amounts(breakdown)[-1] == ("neck_label/*", "0.35", "piece")


def test_a_garment_that_is_cheaper_than_a_print_is_not_paid_back() -> None:
    assert price(TRADE, line(price="3.00")).total == 0


def test_the_next_break_of_a_grid() -> None:
    assert price(TRADE, line(place("front", "screen_print", 1), quantity=100)).next_break == NextBreak(
        144, Decimal("0.86")
    )
    assert price(TRADE, line(place("front", "screen_print", 1), quantity=600)).next_break is None


@pytest.mark.parametrize(
    ("refused", "code", "pointer"),
    [
        (line(place("front", "vinyl")), "method_not_priced", "/placements/0/method"),
        (
            line(place("front", "screen_print", 1), quantity=11),
            "below_minimum_quantity",
            "/design_quantity",
        ),
        (
            line(place("chest", "embroidery", stitches=5000), quantity=5),
            "below_minimum_quantity",
            "/design_quantity",
        ),
        (
            line(place("front", "screen_print", 7), quantity=12),
            "too_many_colours",
            "/placements/0/ink_colours",
        ),
        (
            line(place("front", "screen_print", 0), quantity=12),
            "colours_required",
            "/placements/0/ink_colours",
        ),
        (
            line(place("chest", "embroidery", 13, stitches=5000), quantity=6),
            "too_many_colours",
            "/placements/0/ink_colours",
        ),
        (line(place("chest", "embroidery", 3), quantity=6), "stitches_required", "/placements/0/stitches"),
        (line(place("front", "dtg", size=("14.1", "10"))), "size_too_large", "/placements/0/width_in"),
        (line(place("front", "dtg", size=("10", "18.1"))), "size_too_large", "/placements/0/width_in"),
        (line(place("front", "dtg")), "size_required", "/placements/0/width_in"),
        (
            line(place("a", "dtg", size=("5", "5")), place("b", "dtf", size=("23", "22.5"))),
            "size_too_large",
            "/placements/1/width_in",
        ),
    ],
)
def test_refusals(refused, code, pointer) -> None:
    with pytest.raises(NotPriceable) as refusal:
        price(TRADE, refused)
    assert (refusal.value.code, refusal.value.pointer) == (code, pointer)


def test_the_minimum_counts_the_whole_design() -> None:
    assert price(TRADE, line(place("front", "screen_print", 1), quantity=3, of=12)).unit_price == Decimal(
        "13.48"
    )


def test_film_is_turned_to_fit_its_roll() -> None:
    assert price(TRADE, line(place("back", "dtf", size=("30", "20")))).unit_price == BLANK + 39
