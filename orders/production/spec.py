"""What the printer must know about one line of an order, as values and as the JSON that lies in the pack."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from designs.inks import lab_of, rgb_of
from orders.production.placement_spec import PlacementSpec

SCHEMA_VERSION = "1.2"
UNDERBASE_BELOW_LIGHTNESS = 80.0
"""Cloth darker than this CIE L* swallows ink, so the printer lays white under it."""

_ORDER_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,49}")
_HEX = re.compile(r"#[0-9a-f]{6}")
UNDERBASE_METHODS = frozenset({"dtg", "dtf", "screen_print"})
"""Methods that lay ink on cloth; thread, leather and cut film cover it by themselves."""

WHOLE_PIXEL_METHODS = frozenset({"dtf", "screen_print"})
"""Methods that print an ink or do not, whatever the shop's rows say: a half-transparent pixel comes out as grey haze or
a white rim."""


@dataclass(frozen=True, slots=True)
class SizeSpec:
    """How many garments of one size."""

    size: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ShipTo:
    """What kind of address the parcel goes to. The address itself is no part of a file that is passed on."""

    type: str = "customer"
    country: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class PurchaseSpec:
    """What the customer was told about the resolution when the order was placed, and on which ground a poor print is
    made: `customer`, the shop's terms, or empty where nobody had to agree to anything.

    `placements` are (placement, effective DPI, grade) of each print's worst artwork.
    """

    grade: str
    consent: str = ""
    placements: tuple[tuple[str, float, str], ...] = ()

    @property
    def words(self) -> str:
        """As the sheet says it."""
        ground = {"": "", "customer": "; the customer agreed to print it as it is"}
        prints = ", ".join(
            f"{placement.replace('_', ' ')} {math.floor(dpi + 1e-6)} DPI ({grade})"
            for placement, dpi, grade in self.placements
        )
        terms = f"; accepted by the shop's terms ({self.consent.removeprefix('terms:')})"
        return f"At purchase: {prints}{ground.get(self.consent, terms)}."

    def to_dict(self) -> dict[str, Any]:
        return {
            "grade": self.grade,
            "consent": self.consent,
            "placements": [
                {"placement": placement, "effective_dpi": round(dpi, 1), "dpi_grade": grade}
                for placement, dpi, grade in self.placements
            ],
        }


@dataclass(frozen=True, slots=True)
class PackSpec:
    """One line of an order for the printer. `created` is an ISO 8601 date or time, `colour_hex` #rrggbb."""

    order_number: str
    line_number: int
    created: str
    sku: str
    product: str
    colour_name: str
    colour_hex: str
    size: str
    quantity: int
    method: str
    method_name: str
    placements: tuple[PlacementSpec, ...]
    notes: str = ""
    warnings: tuple[str, ...] = ()
    due: str = ""
    sizes: tuple[SizeSpec, ...] = ()
    ship_to: ShipTo = field(default_factory=ShipTo)
    design_hash: str = ""
    reprint_of: str = ""
    purchase: PurchaseSpec | None = None
    whole_pixels: bool = False

    def __post_init__(self) -> None:
        if not _ORDER_NUMBER.fullmatch(self.order_number):
            raise ValueError("An order number consists of letters, digits and hyphens.")
        if self.line_number < 1 or self.quantity < 1:
            raise ValueError("Lines and quantities count from 1.")
        if not (self.sku.strip() and self.size.strip() and self.colour_name.strip()):
            raise ValueError("A garment needs a SKU, a colour and a size.")
        if not _HEX.fullmatch(self.colour_hex):
            raise ValueError(f"{self.colour_hex!r} is no colour of the form #rrggbb.")
        names = [placement.placement for placement in self.placements]
        if len(set(names)) != len(names):
            raise ValueError("A placement may occur once in a line.")
        if sum(row.quantity for row in self.size_split) != self.quantity:
            raise ValueError("The sizes do not add up to the quantity.")
        self.created_at  # noqa: B018 - refuses a date that cannot be read

    @property
    def created_at(self) -> datetime:
        return datetime.fromisoformat(self.created)

    @property
    def pack_name(self) -> str:
        """The folder in the pack and the stem of its file name."""
        return f"{self.order_number}-{self.line_number}"

    @property
    def size_split(self) -> tuple[SizeSpec, ...]:
        """How the quantity divides into sizes; by itself a line is of one size."""
        return self.sizes or (SizeSpec(self.size, self.sku, self.quantity),)

    @property
    def underbase(self) -> str:
        """`white` when the cloth is too dark to print on directly, else `none`."""
        return "white" if needs_underbase(self.colour_hex, self.method) else "none"

    @property
    def has_whole_pixels(self) -> bool:
        """Whether every pixel of the art is printed or is not: nothing in it may be half-clear."""
        return self.whole_pixels or self.method in WHOLE_PIXEL_METHODS

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "order_number": self.order_number,
            "line_number": self.line_number,
            "created": self.created,
            "garment": {
                "sku": self.sku,
                "product": self.product,
                "colour": {"name": self.colour_name, "hex": self.colour_hex},
                "size": self.size,
                "quantity": self.quantity,
                "size_split": [
                    {"size": row.size, "sku": row.sku, "quantity": row.quantity} for row in self.size_split
                ],
            },
            "due": self.due,
            "ship_to": {
                "type": self.ship_to.type,
                "country": self.ship_to.country,
                "region": self.ship_to.region,
            },
            "design_hash": self.design_hash,
            "reprint_of": self.reprint_of,
            "method": {
                "code": self.method,
                "name": self.method_name,
                "underbase": self.underbase,
                "whole_pixels": self.has_whole_pixels,
            },
            "purchase": self.purchase.to_dict() if self.purchase else None,
            "placements": [placement.to_dict() for placement in self.placements],
            "notes": self.notes,
            "warnings": list(self.warnings),
        }

    def to_json(self) -> str:
        """The JSON mirror: keys sorted, so that equal specs have equal bytes."""
        return json.dumps(self.to_dict(), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def needs_underbase(colour_hex: str, method: str) -> bool:
    """Whether this method lays white under the ink on cloth of this colour."""
    return method in UNDERBASE_METHODS and _lightness(colour_hex) < UNDERBASE_BELOW_LIGHTNESS


def _lightness(colour_hex: str) -> float:
    """CIE L* of an sRGB colour."""
    return float(lab_of(np.array([rgb_of(colour_hex)]))[0, 0])
