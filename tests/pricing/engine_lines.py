"""Short spellings for lines, and the seeded books."""

from __future__ import annotations

from decimal import Decimal

from pricing.engine import Breakdown, LineInput, PlacementInput
from pricing.rules import Book
from pricing.seed import BOOKS

STOREFRONT = Book.parse("storefront", 1, BOOKS["storefront"])
STANDARD = Book.parse("standard", 1, BOOKS["standard"])
TRADE = Book.parse("trade", 1, BOOKS["trade"])
SEEDED = (STOREFRONT, STANDARD, TRADE)


def place(
    placement: str,
    method: str,
    colours: int = 0,
    size: tuple[str, str] = ("0", "0"),
    stitches: int | None = None,
) -> PlacementInput:
    return PlacementInput(placement, method, colours, Decimal(size[0]), Decimal(size[1]), stitches)


def line(
    *placements: PlacementInput,
    quantity: int = 1,
    of: int | None = None,
    price: str = "12.98",
    slug: str = "classic-tee",
    size: str = "M",
    dark: bool = False,
    neck: bool = False,
) -> LineInput:
    """`of` is the number of pieces of the whole design; without it, the line is the design."""
    return LineInput(slug, Decimal(price), size, dark, quantity, of or quantity, placements, neck)


def amounts(breakdown: Breakdown) -> list[tuple[str, str, str]]:
    """Rule without the book, amount and what it is for, of every charge."""
    return [
        (charge.rule.removeprefix(f"{breakdown.book}/"), str(charge.amount), charge.per)
        for charge in breakdown.charges
    ]
