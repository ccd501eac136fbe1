"""Filtering, sorting, paging and counting the catalogue in memory. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from products.catalogue import Entry, VariantFacts

Sort = Literal["newest", "title", "price", "-price"]


@dataclass(frozen=True)
class Query:
    """What a list asks for; empty means anything. `after` is the id of the last product of the page before."""

    q: str = ""
    color: tuple[str, ...] = ()
    size: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    placement: tuple[str, ...] = ()
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: bool = False
    sort: Sort = "newest"
    limit: int | None = None
    after: str = ""
    facets: bool = False


@dataclass(frozen=True)
class Page:
    entries: tuple[Entry, ...]
    next_after: str | None
    facets: dict[str, Any] | None


class CursorUnknown(ValueError):
    """The cursor names a product that this list does not hold (any more)."""


def select(entries: Sequence[Entry], query: Query) -> Page:
    """The page that a query asks for. Facets count the whole filtered set. Raises CursorUnknown."""
    found = sorted((entry for entry in entries if _matches(entry, query)), key=_SORT_KEYS[query.sort])
    facets = _facets(found) if query.facets else None
    if query.after:
        position = next((i for i, entry in enumerate(found) if entry.id == query.after), None)
        if position is None:
            raise CursorUnknown(query.after)
        found = found[position + 1 :]
    page = tuple(found if query.limit is None else found[: query.limit])
    return Page(page, page[-1].id if len(found) > len(page) else None, facets)


# Ties are broken by slug, so that pages neither repeat nor lose a product.
_SORT_KEYS: dict[str, Any] = {
    "newest": lambda entry: (-entry.created_at.timestamp(), entry.slug),
    "title": lambda entry: (entry.title.casefold(), entry.slug),
    "price": lambda entry: (entry.lowest_price, entry.slug),
    "-price": lambda entry: (-entry.lowest_price, entry.slug),
}


def _matches(entry: Entry, query: Query) -> bool:
    """All words are found, some area fits, and one and the same variant fits all that is asked of variants."""
    if not all(word in entry.searched for word in query.q.casefold().split()):
        return False
    if (query.method or query.placement) and not any(
        (not query.method or method in query.method) and (not query.placement or placement in query.placement)
        for method, placement in entry.areas
    ):
        return False
    asks_of_variants = query.color or query.size or query.in_stock
    if not asks_of_variants and query.min_price is None and query.max_price is None:
        return True
    return any(_variant_matches(variant, query) for variant in entry.variants)


def _variant_matches(variant: VariantFacts, query: Query) -> bool:
    return (
        (not query.color or variant.colour.casefold() in query.color)
        and (not query.size or variant.size.casefold() in query.size)
        and (query.min_price is None or variant.base_price >= query.min_price)
        and (query.max_price is None or variant.base_price <= query.max_price)
        and (not query.in_stock or variant.in_stock)
    )


def _facets(entries: Sequence[Entry]) -> dict[str, Any]:
    """How many of the products have each value, and the range of their prices."""
    prices = [variant.base_price for entry in entries for variant in entry.variants]
    return {
        "colors": _counts({v.colour for v in entry.variants} for entry in entries),
        "sizes": _counts({v.size for v in entry.variants} for entry in entries),
        "methods": _counts({method for method, _ in entry.areas} for entry in entries),
        "placements": _counts({placement for _, placement in entry.areas} for entry in entries),
        "price": {"min": float(min(prices)), "max": float(max(prices))} if prices else None,
    }


def _counts(sets: Any) -> list[dict[str, Any]]:
    counted = Counter(value for values in sets for value in values)
    return [{"value": value, "count": count} for value, count in sorted(counted.items())]
