"""Quotes by decoration method, and the same look in other methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from common.canonical import canonical_hash
from common.errors import NotFound, Unprocessable
from pricing.engine import Breakdown, LineInput, MethodComparison, PlacementInput, break_even, compare_methods
from pricing.models import Quote
from pricing.rules import Book
from pricing.selectors import published_book
from pricing.services.books import line_price
from pricing.services.quotes import quote_freeze
from products import catalogue
from products.catalogue import Catalogue, Entry, VariantFacts
from products.selectors import methods_active

# Where a caller names no places: the storefront's two sides, then further ones.
_UNNAMED = ("front", "back")


@dataclass(frozen=True)
class MethodQuote:
    """A frozen quote, and the breakdown and garment that it was made from."""

    quote: Quote
    breakdown: Breakdown
    variant: VariantFacts
    inks: list[dict[str, Any]]


@dataclass(frozen=True)
class Compared:
    """The methods beside each other, from where on which is cheaper, and the inks that were priced."""

    methods: list[MethodComparison]
    crossings: list[Crossing]
    inks: list[dict[str, Any]]


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
    design_id: UUID | None = None,
    user: User | None = None,
) -> MethodQuote:
    """What a line costs, decorated by `method`; stored and signed.

    Inks that the shop has counted on the design or on the named artworks go before those that the caller says.
    Raises NotFound for an unknown variant, method or book, and Unprocessable for what the book has no price for.
    """
    known = catalogue.current()
    variant = _variant(known, variant_id)
    rules = published_book(book, as_of=known.token)
    _check_methods({method, *(placement.get("method", method) for placement in placements)}, rules)
    _check_places(known.by_slug[variant.product_slug], method, placements)
    placements, inks = _with_inks(variant, placements, design_id, user)
    line = _line(variant, method, placements, quantity, design_quantity, neck_label)
    breakdown = line_price(rules, line)
    design = {"method": method, "placements": line.to_json()["placements"], "neck_label": neck_label}
    quote = quote_freeze(
        book=rules, line=line, breakdown=breakdown, variant_id=variant.id, design_hash=canonical_hash(design)
    )
    return MethodQuote(quote, breakdown, variant, inks)


def compare_by_method(
    *,
    variant_id: UUID,
    placements: Sequence[Mapping[str, Any]],
    quantity: int,
    design_quantity: int,
    book: str,
    neck_label: bool = False,
    design_id: UUID | None = None,
    user: User | None = None,
) -> Compared:
    """What the same look would cost in every method that prints on the product and that the book prices, and from how
    many pieces on one becomes cheaper than another."""
    known = catalogue.current()
    variant = _variant(known, variant_id)
    rules = published_book(book, as_of=known.token)
    printed_by = {method for method, _ in known.by_slug[variant.product_slug].areas}
    methods = sorted(printed_by & set(rules.methods))
    if not methods:
        raise Unprocessable("No method of this product has a price in this book.", code="method_not_priced")
    placements, inks = _with_inks(variant, placements, design_id, user)
    line = _line(variant, methods[0], placements, quantity, design_quantity, neck_label)
    compared = compare_methods(rules, line, methods)
    possible = [comparison.method for comparison in compared if line.placements]
    crossings = [
        Crossing(method, other, break_even(rules, line, other, method))
        for other, method in permutations(possible, 2)
    ]
    return Compared(compared, [one for one in crossings if (one.from_quantity or 0) > 1], inks)


def _variant(known: Catalogue, variant_id: UUID) -> VariantFacts:
    variant = known.variants.get(variant_id)
    if variant is None:
        raise NotFound("Variant not found", code="variant_not_found")
    return variant


def _check_methods(names: set[str], rules: Book) -> None:
    """A method that the book does not price is either one that the shop has, or none at all."""
    unpriced = names - set(rules.methods)
    if unpriced and methods_active().filter(name__in=unpriced).count() < len(unpriced):
        raise NotFound(
            "Decoration method not found", code="method_not_found", extra={"methods": sorted(unpriced)}
        )


def _check_places(entry: Entry, method: str, placements: Sequence[Mapping[str, Any]]) -> None:
    """Places that are named must be the product's, large enough, and possible together."""
    names = {given["placement"] for given in placements if "placement" in given}
    pair = entry.conflicting(names)
    if pair:
        message = f"{pair[0]} and {pair[1]} cannot both be printed."
        raise _misplaced("/placements", "placement_conflict", message)
    for index, given in enumerate(placements):
        if "placement" not in given:
            continue
        area = entry.areas.get((given.get("method", method), given["placement"]))
        if area is None:
            message = f"{entry.title} cannot be printed on the {given['placement']} by this method."
            raise _misplaced(f"/placements/{index}/placement", "placement_not_offered", message)
        for name, largest in zip(("width", "height"), area, strict=True):
            if given.get(name, 0) > largest:
                message = f"The {given['placement']} is at most {largest.normalize():f} in in {name}."
                raise _misplaced(f"/placements/{index}/{name}", "placement_too_large", message)


def _misplaced(pointer: str, code: str, message: str) -> Unprocessable:
    return Unprocessable(message, code=code, errors=[{"pointer": pointer, "code": code, "detail": message}])


def _line(
    variant: VariantFacts,
    method: str,
    placements: Sequence[Mapping[str, Any]],
    quantity: int,
    design_quantity: int,
    neck_label: bool,
) -> LineInput:
    return LineInput(
        product_slug=variant.product_slug,
        base_price=variant.base_price,
        size=variant.size,
        is_dark=variant.is_dark,
        quantity=quantity,
        design_quantity=design_quantity,
        placements=tuple(_placement(index, method, given) for index, given in enumerate(placements)),
        has_neck_label=neck_label,
    )


def _with_inks(
    variant: VariantFacts,
    placements: Sequence[Mapping[str, Any]],
    design_id: UUID | None,
    user: User | None,
) -> tuple[list[Mapping[str, Any]], list[dict[str, Any]]]:
    """The placements with the inks to be priced, and of each how many those are and who says so.

    `artwork`: counted in the pixels. `caller`: said by whoever asks, where nothing is known of the picture or its
    pixels do not tell for certain, as at checkout. `estimate`: the uncertain count, where the caller says nothing.
    """
    artworks = {
        _place(index, given): given["artwork_ids"]
        for index, given in enumerate(placements)
        if given.get("artwork_ids")
    }
    counted: dict[str, dict[str, Any]] = {}
    if artworks or design_id is not None:
        count = import_string(settings.PRICE_INK_COUNTER)
        counted = count(user=user, variant_id=variant.id, design_id=design_id, artworks=artworks)
    priced: list[Mapping[str, Any]] = []
    told: list[dict[str, Any]] = []
    for index, given in enumerate(placements):
        place, said = _place(index, given), given.get("ink_colours", len(given.get("colors", [])))
        known = counted.get(place)
        basis = "caller"
        if known and (known["certain"] or not said):
            basis, said = ("artwork" if known["certain"] else "estimate"), known["count"]
        priced.append({**given, "ink_colours": said})
        told.append(
            {
                "placement": place,
                "count": said,
                "basis": basis,
                "counted": known["count"] if known else None,
            }
        )
    return priced, told


def _place(index: int, given: Mapping[str, Any]) -> str:
    place = _UNNAMED[index] if index < len(_UNNAMED) else f"place-{index + 1}"
    return str(given.get("placement", place))


def _placement(index: int, method: str, given: Mapping[str, Any]) -> PlacementInput:
    return PlacementInput(
        placement=_place(index, given),
        method=given.get("method", method),
        ink_colours=given["ink_colours"],
        width_in=given.get("width", Decimal(0)),
        height_in=given.get("height", Decimal(0)),
        stitches=given.get("stitches"),
    )
