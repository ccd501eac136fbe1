"""The shop's first price books, as data. `pricing.books` explains the format.

`storefront` charges what the storefront shows, `standard` is the shop's formula for quotes by method, and `trade` has
the tables of printers' own lists, for larger runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

STOREFRONT: dict[str, Any] = {
    "currency": "usd",
    "rounding": "unit",
    "garment": {"description": "Garment with one printed side"},
    "second_side": "5.00",
    # The storefront never charges a neck label on tees.
    "neck_label": {"classic-hoodie": "1.00"},
    "shipping": {"US": "4.98", "CA": "4.98"},
    # All that the storefront sells is printed directly on the garment.
    "methods": {"dtg": {"kind": "included"}},
}


def _breaks(*steps: tuple[int, str]) -> list[dict[str, object]]:
    return [{"from": start, "multiplier": multiplier} for start, multiplier in steps]


# The formulas and bulk discounts of the shop's first catalogue.
STANDARD: dict[str, Any] = {
    "currency": "usd",
    "rounding": "line",
    "garment": {"description": "Garment"},
    "quantity_discounts": [
        {"from": 12, "percent": "10"},
        {"from": 24, "percent": "15"},
        {"from": 50, "percent": "20"},
    ],
    "methods": {
        "screen_print": {
            "kind": "formula",
            "base_price": "5.00",
            "per_location": "3.00",
            "per_colour": "1.50",
            "max_colours": 6,
            "breaks": _breaks((1, "1.00"), (12, "0.85"), (24, "0.70"), (50, "0.60")),
        },
        "embroidery": {
            "kind": "formula",
            "base_price": "8.00",
            "per_location": "5.00",
            "per_1000_stitches": "0.50",
            "breaks": _breaks((1, "1.00"), (12, "0.90"), (24, "0.80")),
        },
        "dtg": {
            "kind": "formula",
            "base_price": "10.00",
            "per_location": "6.00",
            "per_square_inch": "0.15",
            "breaks": _breaks((1, "1.00"), (6, "0.95"), (12, "0.85")),
        },
    },
}

# Designsline's retail list (designsline.com/?p=609): from how many pieces, first colour, each further colour.
_SCREEN_PRINT = (
    (12, "5.50", "0.68"),
    (24, "4.26", "0.61"),
    (72, "3.40", "0.56"),
    (144, "2.54", "0.49"),
    (288, "1.94", "0.44"),
    (576, "1.51", "0.38"),
)

# Saddle Hill Studios (saddlehillstudios.com), per band on dark and on white garments. The list ends at 99 pieces; the
# last row holds beyond.
_DTG_BANDS_IN = ((5, 5), (10, 10), (14, 14), (14, 18))
_DTG = (
    (1, ("9.00", "12.00", "16.00", "20.00"), ("8.00", "11.00", "15.00", "19.00")),
    (6, ("8.00", "11.00", "14.00", "18.00"), ("7.00", "10.00", "13.00", "17.00")),
    (51, ("7.00", "10.00", "12.00", "16.00"), ("6.00", "9.00", "11.00", "15.00")),
)

# Designsline's embroidery list (designsline.com/?p=616): up to 5,000, 8,000 and 12,000 stitches. What lies between two
# of its columns costs as the larger.
_STITCH_BANDS = (5000, 8000, 12000)
_EMBROIDERY = (
    (6, ("9.25", "11.60", "14.73")),
    (12, ("5.95", "7.63", "9.85")),
    (24, ("4.31", "5.64", "7.41")),
    (72, ("3.18", "4.27", "5.74")),
    (144, ("2.92", "3.96", "5.36")),
    (288, ("2.79", "3.80", "5.16")),
)


def _bands_in(bands: Sequence[tuple[int, int]]) -> list[dict[str, str]]:
    return [{"width_in": str(width), "height_in": str(height)} for width, height in bands]


TRADE: dict[str, Any] = {
    "currency": "usd",
    "rounding": "unit",
    "garment": {
        "description": "Garment",
        # The list price contains one printed side, which the storefront values at 5.00: its price of a second one.
        "included_print": "5.00",
        # The differences of the first price list by size; 3XL continues them.
        "size_upcharge": {"XL": "1.00", "2XL": "2.00", "3XL": "3.00"},
    },
    # US Colorworks (uscolorworks.com/screen-print-pricing).
    "neck_label": {"*": "0.35"},
    "methods": {
        "screen_print": {
            "kind": "ink_grid",
            "max_colours": 6,
            # Designsline asks 22 for a new screen and 14 for a kept one; US Colorworks and Grand Palace 12 to 15.
            "screen_fee": "20.00",
            "screen_fee_waived_from": 144,
            "dark_underbase": True,
            "rows": [
                {"from": start, "first": first, "extra": extra} for start, first, extra in _SCREEN_PRINT
            ],
        },
        "dtg": {
            "kind": "size_bands",
            "bands": _bands_in(_DTG_BANDS_IN),
            "rows": [
                {"from": start, "dark": list(dark), "light": list(light)} for start, dark, light in _DTG
            ],
        },
        "embroidery": {
            "kind": "stitch_grid",
            "max_colours": 12,
            "bands": list(_STITCH_BANDS),
            # Apliiq's rate beyond what its price includes (help.apliiq.com).
            "per_extra_1000": "0.40",
            # Designsline: 60 up to 12,000 stitches; beyond, the same rate per 1,000 is proposed.
            "digitising_fee": "60.00",
            "digitising_per_extra_1000": "5.00",
            "rows": [{"from": start, "prices": list(prices)} for start, prices in _EMBROIDERY],
        },
        "dtf": {
            "kind": "area",
            # Proposed, without a list behind it; printers sell by the square inch from rolls of 22 inches.
            "per_square_inch": "0.06",
            "press": "3.00",
            "max_width_in": "22",
            "breaks": _breaks((1, "1.00")),
        },
    },
}

BOOKS: dict[str, dict[str, Any]] = {"storefront": STOREFRONT, "standard": STANDARD, "trade": TRADE}
