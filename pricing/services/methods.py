"""Quotes by decoration method, and the same look in other methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import UUID

from common.canonical import canonical_hash
from common.errors import NotFound, Unprocessable
from pricing.engine import Breakdown, LineInput, MethodComparison, PlacementInput, break_even, compare_methods
from pricing.models import Quote
from pricing.selectors import published_book
from pricing.services.books import line_price
from pricing.services.quotes import quote_freeze
from products.models import Variant
from products.selectors import methods_active, variant_by_id

# Where a caller names no places: the storefront's two sides, then further ones.
_UNNAMED = ("front", "back")


@dataclass(frozen=True)
class MethodQuote:
    """A frozen quote, and the breakdown and garment that it was made from."""

    quote: Quote
    breakdown: Breakdown
    variant: Variant


@dataclass(frozen=True)
class Crossing:
    """From `from_quantity` pieces of the design on, `method` costs less than `cheaper_than`; None: never."""

    method: str
    cheaper_than: str
    from_quantity: int | None


def quote_by_method(
    *,
    variant_id: UUID,
    method: str,
    placements: Sequence[Mapping[str, Any]],
    quantity: int,
    design_quantity: int,
    book: str,
    neck_label: bool = False,
) -> MethodQuote:
    """What a line costs, decorated by `method`; stored and signed.

    Raises NotFound for an unknown variant, method or book, and Unprocessable for what the book has no price for.
    """
    variant = variant_by_id(variant_id)
    named = {method, *(placement.get("method", method) for placement in placements)}
    _check_methods(named)
    line = _line(variant, method, placements, quantity, design_quantity, neck_label)
    rules = published_book(book)
    breakdown = line_price(rules, line)
    design = {"method": method, "placements": line.to_json()["placements"], "neck_label": neck_label}
    quote = quote_freeze(
        book=rules, line=line, breakdown=breakdown, variant=variant, design_hash=canonical_hash(design)
    )
    return MethodQuote(quote, breakdown, variant)


def compare_by_method(
    *,
    variant_id: UUID,
    placements: Sequence[Mapping[str, Any]],
    quantity: int,
    design_quantity: int,
    book: str,
    neck_label: bool = False,
) -> tuple[list[MethodComparison], list[Crossing]]:
    """What the same look would cost in every method, and from how many pieces on one becomes cheaper than another."""
    variant = variant_by_id(variant_id)
    rules = published_book(book)
    methods = sorted(rules.methods)
    if not methods:
        raise Unprocessable("This price book has no methods.", code="method_not_priced")
    line = _line(variant, methods[0], placements, quantity, design_quantity, neck_label)
    compared = compare_methods(rules, line, methods)
    possible = [comparison.method for comparison in compared if line.placements]
    crossings = [
        Crossing(method, other, break_even(rules, line, other, method))
        for other, method in permutations(possible, 2)
    ]
    return compared, [crossing for crossing in crossings if (crossing.from_quantity or 0) > 1]


def _check_methods(names: set[str]) -> None:
    known = set(methods_active().filter(name__in=names).values_list("name", flat=True))
    unknown = sorted(names - known)
    if unknown:
        raise NotFound("Decoration method not found", code="method_not_found", extra={"methods": unknown})


def _line(
    variant: Variant,
    method: str,
    placements: Sequence[Mapping[str, Any]],
    quantity: int,
    design_quantity: int,
    neck_label: bool,
) -> LineInput:
    return LineInput(
        product_slug=variant.product.slug,
        base_price=variant.base_price,
        size=variant.size.name,
        is_dark=variant.colour.is_dark,
        quantity=quantity,
        design_quantity=design_quantity,
        placements=tuple(_placement(index, method, given) for index, given in enumerate(placements)),
        has_neck_label=neck_label,
    )


def _placement(index: int, method: str, given: Mapping[str, Any]) -> PlacementInput:
    place = _UNNAMED[index] if index < len(_UNNAMED) else f"place-{index + 1}"
    return PlacementInput(
        placement=given.get("placement", place),
        method=given.get("method", method),
        ink_colours=given.get("ink_colours", len(given.get("colors", []))),
        width_in=given.get("width", Decimal(0)),
        height_in=given.get("height", Decimal(0)),
        stitches=given.get("stitches"),
    )
