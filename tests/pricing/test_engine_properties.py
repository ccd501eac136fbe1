"""What must hold for every line and every seeded book."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.money import round_to_cents
from pricing.engine import (
    Breakdown,
    LineInput,
    NotPriceable,
    PlacementInput,
    break_even,
    net_unit_price,
    price,
)
from pricing.rules import Book
from pricing.seed import BOOKS
from tests.pricing.engine_lines import SEEDED, STOREFRONT

METHODS = ("dtg", "screen_print", "embroidery", "dtf")
inches = st.decimals(0, 18, places=3)
placements = st.builds(
    PlacementInput,
    placement=st.sampled_from(["front", "back", "left_chest", "sleeve_left"]),
    method=st.sampled_from(METHODS),
    ink_colours=st.integers(0, 8),
    width_in=inches,
    height_in=inches,
    stitches=st.none() | st.integers(0, 40_000),
)


@st.composite
def lines(draw: st.DrawFn) -> LineInput:
    quantity = draw(st.integers(1, 1000))
    return LineInput(
        product_slug=draw(st.sampled_from(["classic-tee", "classic-hoodie"])),
        base_price=draw(st.decimals(0, 80, places=2)),
        size=draw(st.sampled_from(["S", "XL", "2XL"])),
        is_dark=draw(st.booleans()),
        quantity=quantity,
        design_quantity=quantity + draw(st.integers(0, 500)),
        placements=tuple(draw(st.lists(placements, max_size=4))),
        has_neck_label=draw(st.booleans()),
    )


books = st.sampled_from(SEEDED)


def priced(book: Book, line: LineInput) -> Breakdown | NotPriceable:
    try:
        return price(book, line)
    except NotPriceable as refusal:
        return refusal


def numbers_in(value: Any) -> list[Any]:
    """Every number in a value, however deep."""
    if dataclasses.is_dataclass(value):
        return [n for field in dataclasses.fields(value) for n in numbers_in(getattr(value, field.name))]
    if isinstance(value, tuple | list):
        return [n for item in value for n in numbers_in(item)]
    if isinstance(value, dict):
        return [n for item in value.values() for n in numbers_in(item)]
    return [value] if isinstance(value, int | float | Decimal) else []


@given(books, lines())
@settings(max_examples=300, deadline=None)
def test_the_charges_add_up_to_the_total(book: Book, line: LineInput) -> None:
    breakdown = priced(book, line)
    if isinstance(breakdown, NotPriceable):
        return
    per_piece = sum((c.amount for c in breakdown.charges if c.per == "piece"), Decimal(0))
    per_order = sum((c.amount for c in breakdown.charges if c.per == "order"), Decimal(0))
    assert per_piece * line.quantity + per_order == breakdown.total
    assert breakdown.total == round_to_cents(breakdown.total) >= 0
    assert breakdown.discount >= 0 <= breakdown.setup_total
    if book.rounding == "unit":
        goods = breakdown.unit_price * line.quantity
        assert goods + breakdown.setup_total - breakdown.discount == breakdown.total


@given(books, lines(), st.data())
@settings(max_examples=200, deadline=None)
def test_the_order_of_placements_does_not_matter(book: Book, line: LineInput, data: st.DataObject) -> None:
    shuffled = dataclasses.replace(line, placements=tuple(data.draw(st.permutations(line.placements))))
    first, second = priced(book, line), priced(book, shuffled)
    if isinstance(first, NotPriceable):
        assert isinstance(second, NotPriceable)
        assert second.code == first.code
    else:
        assert second == first


@given(books, lines(), st.integers(1, 2000))
@settings(max_examples=300, deadline=None)
def test_more_pieces_never_raise_the_unit_price(book: Book, line: LineInput, more: int) -> None:
    larger = dataclasses.replace(
        line, quantity=line.quantity + more, design_quantity=line.design_quantity + more
    )
    before, after = priced(book, line), priced(book, larger)
    if isinstance(before, NotPriceable):
        return
    assert isinstance(after, Breakdown)
    assert after.unit_price <= before.unit_price
    assert net_unit_price(book, larger) <= net_unit_price(book, line)


@given(books, lines())
@settings(max_examples=200, deadline=None)
def test_there_is_no_float_anywhere(book: Book, line: LineInput) -> None:
    breakdown = priced(book, line)
    if isinstance(breakdown, NotPriceable):
        return
    assert not any(isinstance(number, float) for number in numbers_in(breakdown))
    assert not any(isinstance(number, float) for number in numbers_in(breakdown.to_json()))
    assert all(type(charge.amount) is Decimal for charge in breakdown.charges)


@given(books, lines())
@settings(max_examples=200, deadline=None)
def test_every_charge_cites_a_rule_that_the_book_has(book: Book, line: LineInput) -> None:
    breakdown = priced(book, line)
    if isinstance(breakdown, NotPriceable):
        return
    for charge in breakdown.charges:
        cited, _, pointer = charge.rule.partition("/")
        assert cited == book.cite
        value: Any = BOOKS[book.code]
        for key in pointer.split("/"):
            value = value[int(key)] if isinstance(value, list) else value[key]
        assert value is not None


@given(lines())
def test_a_line_survives_json(line: LineInput) -> None:
    assert LineInput.from_json(json.loads(json.dumps(line.to_json()))) == line


@given(books, lines())
@settings(max_examples=200, deadline=None)
def test_the_next_break_is_the_next_lower_price_and_says_how_much(book: Book, line: LineInput) -> None:
    breakdown = priced(book, line)
    if isinstance(breakdown, NotPriceable):
        return
    here = net_unit_price(book, line)
    end = breakdown.next_break.quantity if breakdown.next_break else 2500
    just_before = dataclasses.replace(line, design_quantity=max(line.design_quantity, end - 1))
    assert here - net_unit_price(book, just_before) < Decimal("0.01")
    if breakdown.next_break:
        there = net_unit_price(book, dataclasses.replace(line, design_quantity=end))
        assert end > line.design_quantity
        assert breakdown.next_break.saves == round_to_cents(here - there) > 0


@given(st.sampled_from(SEEDED[1:]), lines(), st.sampled_from(METHODS), st.sampled_from(METHODS))
@settings(max_examples=60, deadline=None)
def test_break_even_is_the_first_quantity_that_is_cheaper(
    book: Book, line: LineInput, a: str, b: str
) -> None:
    def total(method: str, quantity: int) -> Decimal | None:
        same_look = tuple(dataclasses.replace(p, method=method) for p in line.placements)
        asked = dataclasses.replace(line, placements=same_look, quantity=quantity, design_quantity=quantity)
        breakdown = priced(book, asked)
        return None if isinstance(breakdown, NotPriceable) else breakdown.total

    totals = ((quantity, total(a, quantity), total(b, quantity)) for quantity in range(1, 301))
    expected = next(
        (q for q, by_a, by_b in totals if by_a is not None and by_b is not None and by_b < by_a), None
    )
    assert break_even(book, line, a, b, up_to=300) == expected


@st.composite
def odd_books(draw: st.DrawFn) -> Book:
    """Two methods at almost the same price, with set-up, breaks and a discount: crossings at every place."""
    starts = draw(st.lists(st.integers(2, 120), max_size=4, unique=True).map(sorted))
    amounts = st.decimals("2.90", "3.25", places=3).map(str)
    formula = {
        "kind": "formula",
        "base_price": draw(amounts),
        "breaks": [
            {"from": start, "multiplier": str(draw(st.decimals("0.80", "1.05", places=2)))}
            for start in (1, *starts)
        ],
    }
    grid = {
        "kind": "ink_grid",
        "max_colours": 6,
        "screen_fee": draw(st.sampled_from(["0.00", "0.01", "1.50", "20.00"])),
        "dark_underbase": False,
        "rows": [{"from": start, "first": draw(amounts), "extra": "0.005"} for start in (1, *starts)],
    }
    rules = {
        "currency": "usd",
        "rounding": draw(st.sampled_from(["unit", "line"])),
        "quantity_discounts": [{"from": draw(st.integers(1, 90)), "percent": "7.5"}],
        "methods": {"a": formula, "b": grid},
    }
    return Book.parse("odd", 1, rules)


@given(odd_books(), st.permutations(["a", "b"]), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_break_even_misses_nothing_between_the_thresholds(book: Book, methods: list[str], inks: int) -> None:
    def total(method: str, quantity: int) -> Decimal:
        place = PlacementInput("front", method, inks, Decimal(1), Decimal(1), None)
        return price(book, LineInput("tee", Decimal("1.11"), "M", False, quantity, quantity, (place,))).total

    first, second = methods
    expected = next((q for q in range(1, 151) if total(second, q) < total(first, q)), None)
    look = PlacementInput("front", "a", inks, Decimal(1), Decimal(1), None)
    asked = LineInput("tee", Decimal("1.11"), "M", False, 1, 1, (look,))
    assert break_even(book, asked, first, second, up_to=150) == expected


@pytest.mark.parametrize("field", ["width_in", "height_in"])
def test_a_float_is_refused_at_the_door(field: str) -> None:
    values: dict[str, Any] = {"width_in": Decimal(1), "height_in": Decimal(1), field: 1.0}
    with pytest.raises(TypeError, match=f"{field} is a float"):
        PlacementInput("front", "dtg", 1, stitches=None, **values)
    with pytest.raises(TypeError, match="base_price is a float"):
        LineInput("classic-tee", 12.98, "M", False, 1, 1, ())  # type: ignore[arg-type]


@pytest.mark.parametrize(("quantity", "of"), [(0, 1), (-1, 1), (2, 1)])
def test_a_line_has_pieces_and_its_design_at_least_as_many(quantity: int, of: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        LineInput("classic-tee", Decimal("12.98"), "M", False, quantity, of, ())


def test_the_same_line_costs_the_same_again() -> None:
    line = LineInput("classic-tee", Decimal("12.98"), "M", False, 3, 3, ())
    assert price(STOREFRONT, line) == price(STOREFRONT, line)
