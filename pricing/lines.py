"""What is priced and what comes out: lines, placements, charges and breakdowns as plain values. Pure, no float.

Every value can be written as JSON, with amounts as strings, and read back equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Literal

from pricing.reading import Member

ZERO = Decimal(0)
_MILLIONTH = Decimal("0.000001")
_INCH_DECIMALS = 28
Per = Literal["piece", "order"]


def amount_text(amount: Decimal) -> str:
    """The digits of an amount as JSON carries them, never with an exponent."""
    return format(amount, "f")


class NotPriceable(ValueError):
    """A line that the book has no price for. `code` is stable; `pointer` names the member of the line's JSON.

    Codes: `method_not_priced`, `below_minimum_quantity`, `too_many_colours`, `colours_required`, `size_required`,
    `size_too_large`, `stitches_required`.
    """

    def __init__(self, code: str, message: str, pointer: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.pointer = pointer


def _require_decimals(value: object) -> None:
    for field in fields(value):  # type: ignore[arg-type]
        if isinstance(getattr(value, field.name), float):
            raise TypeError(f"{field.name} is a float; amounts and inches are Decimal")


@dataclass(frozen=True)
class PlacementInput:
    """One decorated place: the method, the inks it takes, its size, and for embroidery its stitches if known."""

    placement: str
    method: str
    ink_colours: int
    width_in: Decimal
    height_in: Decimal
    stitches: int | None

    def __post_init__(self) -> None:
        _require_decimals(self)
        if self.ink_colours < 0 or self.width_in < 0 or self.height_in < 0 or (self.stitches or 0) < 0:
            raise ValueError("a placement has no negative measures")

    @property
    def area_sq_in(self) -> Decimal:
        """To the millionth: inches that come out of a division have no end."""
        return (self.width_in * self.height_in).quantize(_MILLIONTH)

    def to_json(self) -> dict[str, Any]:
        return {
            "placement": self.placement,
            "method": self.method,
            "ink_colours": self.ink_colours,
            "width_in": amount_text(self.width_in),
            "height_in": amount_text(self.height_in),
            "stitches": self.stitches,
        }

    @classmethod
    def read(cls, member: Member) -> PlacementInput:
        """Raises MemberInvalid."""
        given = member.fields(("placement", "method", "ink_colours", "width_in", "height_in", "stitches"))
        stitches = given["stitches"]
        return cls(
            placement=given["placement"].text(),
            method=given["method"].text(),
            ink_colours=given["ink_colours"].integer(minimum=0),
            width_in=given["width_in"].amount(decimals=_INCH_DECIMALS),
            height_in=given["height_in"].amount(decimals=_INCH_DECIMALS),
            stitches=None if stitches.value is None else stitches.integer(minimum=0),
        )


@dataclass(frozen=True)
class LineInput:
    """One garment in one size, `quantity` times.

    `design_quantity` is the number of pieces of the same design over all its sizes and colours: quantity breaks,
    minimums and set-up fees go by it.
    """

    product_slug: str
    base_price: Decimal
    size: str
    is_dark: bool
    quantity: int
    design_quantity: int
    placements: tuple[PlacementInput, ...]
    has_neck_label: bool = False

    def __post_init__(self) -> None:
        _require_decimals(self)
        if self.quantity < 1 or self.design_quantity < self.quantity:
            raise ValueError("a line has at least one piece, and its design at least as many")
        if self.base_price < 0:
            raise ValueError("a garment has no negative price")

    def to_json(self) -> dict[str, Any]:
        return {
            "product_slug": self.product_slug,
            "base_price": amount_text(self.base_price),
            "size": self.size,
            "is_dark": self.is_dark,
            "quantity": self.quantity,
            "design_quantity": self.design_quantity,
            "placements": [placement.to_json() for placement in self.placements],
            "has_neck_label": self.has_neck_label,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> LineInput:
        """The line that `to_json` wrote. Raises MemberInvalid."""
        given = Member(value).fields(
            (
                "product_slug",
                "base_price",
                "size",
                "is_dark",
                "quantity",
                "design_quantity",
                "placements",
                "has_neck_label",
            )
        )
        placements = given["placements"]
        quantity = given["quantity"].integer(minimum=1)
        return cls(
            product_slug=given["product_slug"].text(),
            base_price=given["base_price"].amount(),
            size=given["size"].text(),
            is_dark=given["is_dark"].flag(),
            quantity=quantity,
            design_quantity=given["design_quantity"].integer(minimum=quantity),
            placements=tuple(map(PlacementInput.read, placements.items() if placements.value != [] else ())),
            has_neck_label=given["has_neck_label"].flag(),
        )


@dataclass(frozen=True)
class Charge:
    """One line of a breakdown.

    `rule` is the book, its version and the JSON pointer of the rule in it: `trade@3/methods/dtg/rows/1/dark/0`.
    `amount` is at full precision, and negative where something is taken off; `per` says what it is for.
    """

    rule: str
    description: str
    amount: Decimal
    per: Per = "piece"

    def to_json(self) -> dict[str, str]:
        return {
            "rule": self.rule,
            "description": self.description,
            "amount": amount_text(self.amount),
            "per": self.per,
        }


@dataclass(frozen=True)
class NextBreak:
    """The next larger number of pieces of the design at which a piece costs less, and how much less, in cents."""

    quantity: int
    saves: Decimal


@dataclass(frozen=True)
class Breakdown:
    """A priced line.

    The charges add up to the total exactly: those per piece, `quantity` times, and those per order once; what a
    rounding took or gave is a charge of its own. `unit_price` is what a piece costs before the discount and without
    set-up; `setup_total`, `discount` (not negative) and `total` are for the whole line. All four are whole cents.
    """

    charges: tuple[Charge, ...]
    unit_price: Decimal
    quantity: int
    setup_total: Decimal
    discount: Decimal
    total: Decimal
    book: str
    next_break: NextBreak | None

    @property
    def decoration_price(self) -> Decimal:
        """What the printing or stitching of a piece costs, at full precision, after quantity breaks."""
        return sum((c.amount for c in self._decoration), ZERO)

    @property
    def quantity_multiplier(self) -> Decimal:
        """The factor that the quantity put on the decoration; 1 where the method has a grid instead."""
        breaks = sum((c.amount for c in self._decoration if c.rule.endswith("/multiplier")), ZERO)
        return self.decoration_price / (self.decoration_price - breaks) if breaks else Decimal(1)

    @property
    def _decoration(self) -> list[Charge]:
        return [c for c in self.charges if c.per == "piece" and c.rule.startswith(f"{self.book}/methods/")]

    def to_json(self) -> dict[str, Any]:
        following = self.next_break
        return {
            "charges": [charge.to_json() for charge in self.charges],
            "unit_price": amount_text(self.unit_price),
            "quantity": self.quantity,
            "setup_total": amount_text(self.setup_total),
            "discount": amount_text(self.discount),
            "total": amount_text(self.total),
            "book": self.book,
            "next_break": {"quantity": following.quantity, "saves": amount_text(following.saves)}
            if following
            else None,
        }
