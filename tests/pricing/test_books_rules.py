"""Books are read strictly: every mistake is named by its JSON pointer."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pricing.books import (
    RuleChange,
    in_reading_order,
    price_rises,
    representative_lines,
    rule_changes,
    rules_text,
)
from pricing.engine import price
from pricing.rules import Book, RulesInvalid
from pricing.seed import BOOKS
from tests.pricing.engine_lines import SEEDED, line, place

ABSENT = object()


def changed(code: str, path: str, value: Any) -> dict[str, Any]:
    """The seeded rules with one member replaced, added, or (ABSENT) removed."""
    rules = copy.deepcopy(BOOKS[code])
    *parents, last = path.split("/")
    target: Any = rules
    for key in parents:
        target = target[int(key)] if isinstance(target, list) else target[key]
    if value is ABSENT:
        del target[last]
    elif isinstance(target, list):
        target[int(last)] = value
    else:
        target[last] = value
    return rules


@pytest.mark.parametrize("code", list(BOOKS))
def test_the_seeded_books_read_from_json(code: str) -> None:
    book = Book.parse(code, 7, json.loads(json.dumps(BOOKS[code])))
    assert (book.cite, book.currency) == (f"{code}@7", "usd")


@pytest.mark.parametrize(
    ("code", "path", "value", "pointer"),
    [
        ("storefront", "second_side", 5.0, "/second_side"),
        ("storefront", "second_side", 5, "/second_side"),
        ("storefront", "second_side", "-5.00", "/second_side"),
        ("storefront", "second_side", "5e3", "/second_side"),
        ("storefront", "second_side", "NaN", "/second_side"),
        ("storefront", "second_side", "", "/second_side"),
        ("storefront", "second_side", "1.0000001", "/second_side"),
        ("storefront", "second_side", "12345678", "/second_side"),
        ("storefront", "second_side", True, "/second_side"),
        ("storefront", "second_side", None, "/second_side"),
        ("storefront", "second_sides", "5.00", "/second_sides"),
        ("storefront", "currency", ABSENT, "/currency"),
        ("storefront", "currency", "dollars", "/currency"),
        ("storefront", "rounding", "down", "/rounding"),
        ("storefront", "minimum_quantity", 0, "/minimum_quantity"),
        ("storefront", "garment", {"name": "Tee"}, "/garment/name"),
        ("storefront", "garment", {"description": " "}, "/garment/description"),
        ("storefront", "garment", {"size_upcharge": ["1.00"]}, "/garment/size_upcharge"),
        ("storefront", "neck_label/a~b", "one", "/neck_label/a~0b"),
        ("storefront", "shipping", "4.98", "/shipping"),
        ("storefront", "shipping/US", 498, "/shipping/US"),
        ("storefront", "methods", ABSENT, "/methods"),
        ("storefront", "methods", [], "/methods"),
        ("storefront", "methods/dtg/kind", ABSENT, "/methods/dtg/kind"),
        ("storefront", "methods/dtg/kind", "magic", "/methods/dtg/kind"),
        ("storefront", "methods/dtg/base_price", "1.00", "/methods/dtg/base_price"),
        ("standard", "quantity_discounts", [], "/quantity_discounts"),
        ("standard", "quantity_discounts/1/from", 12, "/quantity_discounts/1/from"),
        ("standard", "quantity_discounts/0/percent", "100.01", "/quantity_discounts/0/percent"),
        ("standard", "methods/dtg/breaks", [], "/methods/dtg/breaks"),
        ("standard", "methods/dtg/breaks/1/from", 1, "/methods/dtg/breaks/1/from"),
        ("standard", "methods/dtg/breaks/1/from", 1.5, "/methods/dtg/breaks/1/from"),
        ("standard", "methods/dtg/breaks/1/from", True, "/methods/dtg/breaks/1/from"),
        ("standard", "methods/dtg/breaks/1/multiplier", "11", "/methods/dtg/breaks/1/multiplier"),
        ("standard", "methods/dtg/per_color", "1.50", "/methods/dtg/per_color"),
        ("standard", "methods/screen_print/max_colours", 0, "/methods/screen_print/max_colours"),
        ("trade", "methods/screen_print/dark_underbase", "yes", "/methods/screen_print/dark_underbase"),
        ("trade", "methods/screen_print/screen_fee", ABSENT, "/methods/screen_print/screen_fee"),
        ("trade", "methods/screen_print/rows/2/first", ABSENT, "/methods/screen_print/rows/2/first"),
        ("trade", "methods/dtg/bands/1/width_in", "4", "/methods/dtg/bands/1"),
        ("trade", "methods/dtg/bands/1/width_in", "0", "/methods/dtg/bands/1/width_in"),
        ("trade", "methods/dtg/rows/0/dark", ["9.00"], "/methods/dtg/rows/0/dark"),
        ("trade", "methods/dtg/rows/0/dark/3", 20.0, "/methods/dtg/rows/0/dark/3"),
        ("trade", "methods/embroidery/bands/2", 8000, "/methods/embroidery/bands/2"),
        ("trade", "methods/embroidery/rows/5/prices", "5.16", "/methods/embroidery/rows/5/prices"),
        ("trade", "methods/dtf/max_width_in", "0.0", "/methods/dtf/max_width_in"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_pointer(code: str, path: str, value: Any, pointer: str) -> None:
    with pytest.raises(RulesInvalid) as refusal:
        Book.parse(code, 1, changed(code, path, value))
    assert refusal.value.pointer == pointer
    assert str(refusal.value).startswith(f"{pointer}: ")


@pytest.mark.parametrize("rules", [[], "rules", None, 1])
def test_a_book_is_an_object(rules: Any) -> None:
    with pytest.raises(RulesInvalid) as refusal:
        Book.parse("any", 1, rules)
    assert (refusal.value.pointer, str(refusal.value)) == ("", "/: must be an object")


def test_every_part_that_is_wrong_is_reported() -> None:
    rules = changed("trade", "methods/dtf/press", 3.0) | {"currency": "US", "shipping": {"US": "free"}}
    with pytest.raises(RulesInvalid) as refusal:
        Book.parse("trade", 1, rules)
    assert [pointer for pointer, _ in refusal.value.errors] == [
        "/currency",
        "/shipping/US",
        "/methods/dtf/press",
    ]


def test_a_book_has_a_minimum_of_its_own() -> None:
    book = Book.parse("storefront", 1, changed("storefront", "minimum_quantity", 6))
    assert price(book, line(quantity=6)).total == Decimal("77.88")
    with pytest.raises(ValueError, match="At least 6 pieces"):
        price(book, line(quantity=5))


@pytest.mark.parametrize("book", SEEDED, ids=lambda book: book.code)
def test_no_seeded_price_rises_with_the_quantity(book: Book) -> None:
    assert price_rises(book) == []


@pytest.mark.parametrize("book", SEEDED, ids=lambda book: book.code)
def test_every_method_has_representative_lines_with_a_price(book: Book) -> None:
    seen = set()
    for representative in representative_lines(book):
        thresholds = book.thresholds({placement.method for placement in representative.placements})
        largest = thresholds[-1]
        asked = line(*representative.placements, quantity=largest, dark=representative.is_dark)
        assert price(book, asked).total > 0
        seen |= {placement.method for placement in representative.placements}
    assert seen == set(book.methods)


@pytest.mark.parametrize(
    ("code", "path", "value", "quantity"),
    [
        ("trade", "methods/screen_print/rows/3/first", "3.41", 144),
        ("trade", "methods/screen_print/rows/3/extra", "1.50", 144),
        ("trade", "methods/dtg/rows/2/light/3", "17.01", 51),
        ("trade", "methods/dtg/rows/1/dark/0", "9.01", 6),
        ("trade", "methods/embroidery/rows/1/prices/1", "11.61", 12),
        ("standard", "methods/dtg/breaks/2/multiplier", "0.96", None),  # the discount makes up for it
        ("standard", "methods/dtg/breaks/1/multiplier", "1.01", 6),
        ("standard", "quantity_discounts/2/percent", "1", 50),
    ],
)
def test_a_price_that_rises_is_found(code: str, path: str, value: str, quantity: int | None) -> None:
    rises = price_rises(Book.parse(code, 1, changed(code, path, value)))
    assert {rise.quantity for rise in rises} == ({quantity} if quantity else set())
    assert all(rise.after > rise.before for rise in rises)


def test_rule_changes_name_every_value() -> None:
    after = changed("standard", "methods/dtg/base_price", "9.00")
    after["second_side"] = "5.00"
    del after["methods"]["embroidery"]["per_1000_stitches"]
    assert rule_changes(BOOKS["standard"], after) == [
        RuleChange("/methods/embroidery/per_1000_stitches", "0.50", None),
        RuleChange("/methods/dtg/base_price", "10.00", "9.00"),
        RuleChange("/second_side", None, "5.00"),
    ]
    assert rule_changes(after, copy.deepcopy(after)) == []


def test_rules_are_shown_in_the_order_of_the_documentation() -> None:
    scrambled = json.loads(json.dumps(BOOKS["trade"], sort_keys=True))
    ordered = in_reading_order(scrambled)
    assert ordered == BOOKS["trade"]
    assert list(ordered) == ["currency", "rounding", "garment", "neck_label", "methods"]
    assert list(ordered["methods"]["screen_print"]["rows"][0]) == ["from", "first", "extra"]


@pytest.mark.parametrize("code", list(BOOKS))
def test_rules_are_written_for_people(code: str) -> None:
    text = rules_text(BOOKS[code])
    assert json.loads(text) == BOOKS[code]
    assert max(map(len, text.splitlines())) <= 100
    assert rules_text({}) == "{}"


@pytest.mark.parametrize("code", list(BOOKS))
def test_the_documentation_shows_the_seeded_books(code: str) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "PRICING.md").read_text()
    shown = [json.loads(part.split("```")[0]) for part in page.split("```json\n")[1:]]
    assert BOOKS[code] in shown


def test_a_line_by_two_methods_needs_both() -> None:
    mixed = line(place("front", "dtg"), place("back", "vinyl"))
    with pytest.raises(ValueError, match="no price for 'vinyl'"):
        price(SEEDED[0], mixed)
