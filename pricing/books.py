"""Whole price books: how they are written, whether more pieces ever cost more each, and how two of them differ. Pure.

The JSON of a book
------------------
Amounts, inches, percentages and factors are strings ("5.00"); quantities, colours and stitches are whole numbers. A
member that is not listed here is refused. docs/PRICING.md has the same with examples.

    currency            "usd"
    rounding            "unit": the price of a piece is rounded, a line is that times its quantity;
                        "line": the line is rounded, and the price of a piece is only shown rounded
    minimum_quantity    pieces of a design, at least (1)
    garment             description       text of the charge for the garment, whose price is the variant's ("Garment")
                        included_print    part of that price that pays for a print, taken off ("0")
                        size_upcharge     {size: amount}
    second_side         for every printed place after the first, beside what its method charges ("0")
    neck_label          {product slug: amount}, "*" for all other products ("0")
    shipping            {country: amount}; a country that is not named is not shipped to
    quantity_discounts  [{from, percent}], rising: off the line, set-up apart
    methods             {name: method}; a method that is not named cannot be ordered

A method has a `kind`. Its rows and breaks rise in `from`, the quantity of the design over all sizes and colours; each
holds until the next, and the first is the method's minimum.

    included      nothing: the garment's price contains the print
    formula       base_price, per_location, per_colour, per_square_inch, per_1000_stitches, dark_garment (per location),
                  all optional; max_colours optional; breaks [{from, multiplier}]: a factor on all of these
    ink_grid      rows [{from, first, extra}]: first ink colour and each further one, per location; max_colours;
                  screen_fee per colour and location, screen_fee_waived_from (optional) pieces on;
                  dark_underbase true: on dark garments one colour and one screen more
    size_bands    bands [{width_in, height_in}], rising; rows [{from, dark, light}]: a price per band each
    stitch_grid   bands [most stitches], rising; rows [{from, prices}]: a price per band; per_extra_1000 per begun 1,000
                  stitches beyond the last band; digitising_fee once per location and digitising_per_extra_1000
                  (optional); max_colours (optional) of thread
    area          per_square_inch, press per location, max_width_in of the film; breaks [{from, multiplier}]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Generic, TypeVar

from pricing.engine import LineInput, NotPriceable, PlacementInput, net_unit_price, price
from pricing.methods import InkGrid, Method, SizeBands, StitchGrid
from pricing.reading import pointer_key
from pricing.rules import Book

QuoteId = TypeVar("QuoteId")

MOST_PIECES = (
    1000  # the largest quantity that a line may have, and so the end of the search for rising prices
)
_INCHES = (Decimal(3), Decimal(8), Decimal(12))
_STITCHES = (5000, 8000, 15000)
_TEXT_WIDTH = 90


@dataclass(frozen=True)
class PriceRise:
    """A quantity of a design from which on a piece costs more than one piece earlier, at full precision."""

    line: LineInput
    quantity: int
    before: Decimal
    after: Decimal

    def __str__(self) -> str:
        places = " and ".join(
            f"{p.method} {p.placement} ({p.width_in} x {p.height_in} in, {p.ink_colours} inks, {p.stitches} stitches)"
            for p in self.line.placements
        )
        cloth = "dark" if self.line.is_dark else "light"
        what = f"{places} on a {cloth} garment" if places else "a blank garment"
        return f"{what}: {self.before} a piece, {self.after} from {self.quantity} pieces on"


def price_rises(book: Book, up_to: int = MOST_PIECES) -> list[PriceRise]:
    """Where more pieces would cost more each, over representative lines of every method of the book.

    A price can change only where a row, break or discount begins, so that looking there is looking everywhere.
    """
    return [rise for line in representative_lines(book) for rise in _rises(book, line, up_to)]


def representative_lines(book: Book) -> Iterator[LineInput]:
    """A blank, and every method on light and dark garments, with its prices' extremes, on one place and on two."""
    blank = LineInput("classic-tee", Decimal("12.98"), "M", False, 1, 1, ())
    yield blank
    for name, method in book.methods.items():
        for placement in _placements(name, method):
            for is_dark in (False, True):
                yield replace(blank, is_dark=is_dark, placements=(placement,))
                both = (placement, replace(placement, placement="back"))
                yield replace(blank, is_dark=is_dark, placements=both)


def _placements(name: str, method: Method) -> Iterator[PlacementInput]:
    sizes = method.bands if isinstance(method, SizeBands) else tuple((side, side) for side in _INCHES)
    most_colours = getattr(method, "max_colours", None) or 6
    colours = range(1, most_colours + 1) if isinstance(method, InkGrid) else (most_colours,)
    stitches = (*method.bands, method.bands[-1] + 5000) if isinstance(method, StitchGrid) else _STITCHES
    for index, (width_in, height_in) in enumerate(sizes):
        for count in colours:
            sewn = stitches[min(index, len(stitches) - 1)]
            yield PlacementInput("front", name, count, width_in, height_in, sewn)
    for sewn in stitches[len(sizes) :]:
        yield PlacementInput("front", name, most_colours, *sizes[-1], sewn)


def _rises(book: Book, line: LineInput, up_to: int) -> Iterator[PriceRise]:
    before: Decimal | None = None
    for quantity in book.thresholds({placement.method for placement in line.placements}):
        if quantity > up_to:
            return
        try:
            after = net_unit_price(book, replace(line, quantity=quantity, design_quantity=quantity))
        except NotPriceable:
            continue
        if before is not None and after > before:
            yield PriceRise(line, quantity, before, after)
        before = after


@dataclass(frozen=True)
class QuoteDifference(Generic[QuoteId]):
    """What a quote's line costs under the published book and under a draft; None, and a reason, where no price."""

    quote_id: QuoteId
    line: LineInput
    quoted: Decimal
    before: Decimal | None
    after: Decimal | None
    reason: str

    @property
    def change(self) -> Decimal | None:
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def quote_differences(
    published: Book | None, draft: Book, quotes: Iterable[tuple[QuoteId, LineInput, Decimal]]
) -> list[QuoteDifference[QuoteId]]:
    """Past quotes (id, line, quoted total), priced again under both books, in their order."""
    differences = []
    for quote_id, line, quoted in quotes:
        before, why_not_before = _total(published, line)
        after, why_not_after = _total(draft, line)
        reason = why_not_after or why_not_before
        differences.append(QuoteDifference(quote_id, line, quoted, before, after, reason))
    return differences


def _total(book: Book | None, line: LineInput) -> tuple[Decimal | None, str]:
    if book is None:
        return None, "Nothing is published under this code yet."
    try:
        return price(book, line).total, ""
    except NotPriceable as error:
        return None, error.message


@dataclass(frozen=True)
class RuleChange:
    """A value of the rules that two versions do not share; None where one of them lacks it."""

    pointer: str
    before: Any
    after: Any


def rule_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[RuleChange]:
    """Every value that differs, by its JSON pointer, in the order of the rules."""
    old, new = dict(_values(before, "")), dict(_values(after, ""))
    pointers = [*old, *(pointer for pointer in new if pointer not in old)]
    return [RuleChange(p, old.get(p), new.get(p)) for p in pointers if old.get(p) != new.get(p)]


def _values(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _values(member, f"{pointer}/{pointer_key(str(key))}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _values(item, f"{pointer}/{index}")
    else:
        yield pointer, value


# The order in which people read a book; PostgreSQL's jsonb does not keep the order it was written in.
_MEMBER_ORDER = (
    "currency", "rounding", "minimum_quantity", "garment", "second_side", "neck_label", "shipping",
    "quantity_discounts", "methods", "kind", "description", "included_print", "size_upcharge", "base_price",
    "per_location", "per_colour", "per_square_inch", "per_1000_stitches", "press", "dark_garment", "max_width_in",
    "max_colours", "screen_fee", "screen_fee_waived_from", "dark_underbase", "width_in", "height_in",
    "per_extra_1000", "digitising_fee", "digitising_per_extra_1000", "bands", "rows", "breaks", "from",
    "multiplier", "percent", "first", "extra", "dark", "light", "prices",
)  # fmt: skip
_POSITION = {name: position for position, name in enumerate(_MEMBER_ORDER)}


def in_reading_order(value: Any) -> Any:
    """The same rules with their members in the order of this module's table, then by name."""
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: (_POSITION.get(key, len(_POSITION)), str(key)))
        return {key: in_reading_order(value[key]) for key in keys}
    if isinstance(value, list):
        return [in_reading_order(item) for item in value]
    return value


def rules_text(rules: Any) -> str:
    """Rules as JSON for people: in reading order, indented, and what fits on a line on one line."""
    return _text(in_reading_order(rules), 0)


def _text(value: Any, indent: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or indent + len(flat) <= _TEXT_WIDTH:
        return flat
    inner = indent + 2
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(key, ensure_ascii=False)}: {_text(member, inner)}" for key, member in value.items()
        ]
        first, last = "{", "}"
    else:
        parts = [_text(item, inner) for item in value]
        first, last = "[", "]"
    lines = ",\n".join(" " * inner + part for part in parts)
    return f"{first}\n{lines}\n{' ' * indent}{last}"
