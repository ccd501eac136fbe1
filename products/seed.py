"""The shop's first catalogue, as data. Prices are what the storefront shows; ids are those that it has built in.

Inches per placement are typical platen and label sizes; the pixels are the storefront's own drag limits and stage
sizes, so that whatever a customer can place lies on the print area (docs/adr/0004-stage-pixels-to-inches.md).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

HOODIE_ID = UUID("9f9e4e98-4128-4d09-af21-58e5523eed14")
HOODIE_VARIANT_IDS = {
    "S": UUID("242180eb-3029-40bc-b185-7ae8e3328b31"),
    "M": UUID("677f0bf4-98b9-4088-9151-7422312bbf76"),
    "L": UUID("d6495a9b-0e81-40f7-81e4-3cf09eb25f2a"),
    "XL": UUID("be75094a-c54b-4e3e-b861-b57aaaf2c774"),
    "2XL": UUID("0e302d1c-ce97-4a69-96df-eb603fca599e"),
}


def stable_id(name: str) -> UUID:
    """The same id on every machine and at every run, so that carts survive a fresh database."""
    return uuid5(NAMESPACE_URL, f"https://stolentee.com/catalogue/{name}")


COLOURS = {
    "Black": ("#1b1b1d", True, "BLK"),
    "White": ("#f7f7f5", False, "WHT"),
    "Navy": ("#1f2a44", True, "NVY"),
}
SIZES = ("S", "M", "L", "XL", "2XL", "3XL")

PRODUCTS = [
    {
        "id": stable_id("classic-tee"),
        "slug": "classic-tee",
        "title": "Classic Cotton T-Shirt",
        "description": "Premium pre-shrunk 100% cotton tee, made for custom designs.",
        "garment": "tee",
        "images": ["/assets/black-front.png", "/assets/black-back.png"],
        "materials": "100% Cotton",
        "weight_oz": Decimal("6.00"),
        "country_of_origin": "USA",
        "sku_prefix": "TEE",
        "colours": ("Black", "White", "Navy"),
        "price": Decimal("12.98"),
        "costs": {"S": "5.00", "M": "5.00", "L": "5.00", "XL": "5.50", "2XL": "6.00"},
        "alias_prefix": None,
    },
    {
        "id": HOODIE_ID,
        "slug": "classic-hoodie",
        "title": "Classic Hoodie",
        "description": "Cotton-blend hoodie with a drawstring hood and a kangaroo pocket.",
        "garment": "hoodie",
        "images": ["/assets/hoodie-black-front.png", "/assets/hoodie-black-back.png"],
        "materials": "80% Cotton, 20% Polyester",
        "weight_oz": Decimal("14.00"),
        "country_of_origin": "USA",
        "sku_prefix": "HOODIE",
        "colours": ("Black",),
        "price": Decimal("35.99"),
        "costs": {"S": "18.00", "M": "18.00", "L": "18.00", "XL": "19.00", "2XL": "20.00"},
        "alias_prefix": "hoodie",
    },
]

# slug, placement -> width, height, collar offset in inches of direct-to-garment prints, then the stage per colour
# (None: any other): stage width and height, picture left, top, width and height, datum left and top, pixels per inch.
_PPI = 390 / 14  # the tee's front drag limits are 390 px wide and the platen 14 in
PRINT_AREAS: dict[tuple[str, str], tuple[tuple[str, str, str], dict[str | None, tuple[float, ...]]]] = {
    ("classic-tee", "front"): (
        ("14.0", "16.0", "0.8"),
        {None: (600, 600, 0, 0, 600, 600, 103, 100, _PPI)},
    ),
    ("classic-tee", "back"): (
        ("12.0", "14.0", "2.0"),
        {
            None: (600, 600, 0, 0, 600, 600, 128, 100, _PPI),
            "White": (660, 660, 0, 0, 660, 660, 141, 110, _PPI * 1.10),
            "Navy": (612, 612, 0, 0, 612, 612, 131, 102, _PPI * 1.02),
        },
    ),
    ("classic-tee", "neck"): (
        ("3.0", "3.0", "1.0"),
        {None: (1600, 1358.48, 0, 0, 1600, 1358.48, 700, 450, 200)},
    ),
    ("classic-hoodie", "front"): (
        ("14.0", "13.0", "1.0"),
        {None: (690, 734.516, 0, 0, 690, 734.516, 150, 100, _PPI)},
    ),
    ("classic-hoodie", "back"): (
        ("14.0", "16.0", "3.0"),
        {None: (690, 734.516, 0, -20, 690, 734.516, 120, 100, _PPI)},
    ),
    ("classic-hoodie", "neck"): (
        ("3.0", "3.0", "1.0"),
        {None: (690, 734.516, 0, 0, 690, 734.516, 245, 225, 100)},
    ),
}


def _breaks(*steps: tuple[int, int | None, str]) -> list[dict[str, object]]:
    return [{"min": low, "max": high, "multiplier": multiplier} for low, high, multiplier in steps]


METHODS: list[dict[str, Any]] = [
    {
        "name": "screen_print",
        "display_name": "Screen Print",
        "description": "Spot colours pressed through a screen each; best for larger runs.",
        "pricing_rules": {
            "base_price": "5.00",
            "per_color": "1.50",
            "per_location": "3.00",
            "quantity_breaks": _breaks(
                (1, 11, "1.00"), (12, 23, "0.85"), (24, 49, "0.70"), (50, None, "0.60")
            ),
        },
        "file_requirements": {
            "min_dpi": 300,
            "formats": ["png", "svg", "pdf", "ai"],
            "max_colors": 6,
            "semi_transparency": False,
        },
    },
    {
        "name": "embroidery",
        "display_name": "Embroidery",
        "description": "Stitched thread for chests, sleeves and caps.",
        "pricing_rules": {
            "base_price": "8.00",
            "per_location": "5.00",
            "per_1000_stitches": "0.50",
            "quantity_breaks": _breaks((1, 11, "1.00"), (12, 23, "0.90"), (24, None, "0.80")),
        },
        "file_requirements": {
            "min_dpi": 300,
            "formats": ["dst", "png", "svg", "pdf"],
            "max_size_inches": 4,
        },
    },
    {
        "name": "dtg",
        "display_name": "Direct to Garment",
        "description": "Full colour printed straight into the cotton; no set-up.",
        "pricing_rules": {
            "base_price": "10.00",
            "per_location": "6.00",
            "per_square_inch": "0.15",
            "quantity_breaks": _breaks((1, 5, "1.00"), (6, 11, "0.95"), (12, None, "0.85")),
        },
        "file_requirements": {"min_dpi": 300, "formats": ["png", "jpg", "pdf"], "full_color": True},
    },
]

# Further methods: slug, placement, method -> width, height, collar offset, left offset in inches, most colours.
# Screens are as large as the platen; embroidery on the left chest is 4 x 4 in, its centre about 4 in below the seam.
OTHER_AREAS: dict[tuple[str, str, str], tuple[str, str, str, str, int | None]] = {
    ("classic-tee", "front", "screen_print"): ("14.0", "16.0", "0.8", "0", 6),
    ("classic-tee", "back", "screen_print"): ("12.0", "14.0", "2.0", "0", 6),
    ("classic-tee", "left_chest", "embroidery"): ("4.0", "4.0", "2.0", "8.5", 12),
    ("classic-hoodie", "front", "screen_print"): ("14.0", "13.0", "1.0", "0", 6),
    ("classic-hoodie", "back", "screen_print"): ("14.0", "16.0", "3.0", "0", 6),
    ("classic-hoodie", "left_chest", "embroidery"): ("4.0", "4.0", "2.5", "8.5", 12),
}
# The stage of a placement that the storefront does not draw by itself is that of its side.
SIDE_OF = {"left_chest": "front"}
SAFE_MARGIN_IN = Decimal("0.25")

CONFLICTS = [
    ("back", "upper_back"),
    ("center_chest", "front"),
    ("front", "left_chest"),
    ("front", "right_chest"),
    ("left_chest", "pocket"),
]

# Garment laid flat, in inches, S to 2XL.
SIZE_GUIDES: dict[str, dict[str, tuple[str, ...]]] = {
    "classic-tee": {
        "Body length": ("28", "29", "30", "31", "32"),
        "Chest width": ("18", "20", "22", "24", "26"),
        "Sleeve length": ("15.62", "17", "18.5", "20", "21.5"),
    },
    "classic-hoodie": {
        "Body length": ("27", "28", "29", "30", "31"),
        "Chest width": ("20", "22", "24", "26", "28"),
        "Sleeve length": ("33.5", "34.5", "35.5", "36.5", "37.5"),
    },
}
