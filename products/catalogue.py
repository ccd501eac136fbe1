"""The catalogue in memory: read once per version, serialized once, and right after every write.

One small query asks for the version's token; everything else is answered from what was read under that token. The
number of queries does not depend on the size of the catalogue: one when nothing has changed, nine when something has.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson

from products.models import (
    CatalogueVersion,
    DecorationMethod,
    PlacementConflict,
    PrintArea,
    Product,
    SizeMeasurement,
    StageView,
    Variant,
)

CENTIMETRES_PER_INCH = Decimal("2.54")
PRINT_DPI = 300


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """What pricing needs to know of a variant."""

    id: UUID
    product_slug: str
    colour: str
    size: str
    is_dark: bool
    base_price: Decimal
    base_cost: Decimal
    in_stock: bool


AreaSize = tuple[Decimal, Decimal]
"""The largest width and height in inches that a method prints on a placement, over all size ranges."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One active product: its JSON as bytes, and what lists are filtered and sorted by."""

    id: str
    slug: str
    title: str
    searched: str
    created_at: datetime
    lowest_price: Decimal
    variants: tuple[VariantFacts, ...]
    areas: Mapping[tuple[str, str], AreaSize]  # by method and placement
    conflicts: tuple[tuple[str, str], ...]
    listed: bytes
    detailed: bytes

    def conflicting(self, placements: Collection[str]) -> tuple[str, str] | None:
        """The first pair among `placements` that cannot both be printed."""
        return next(
            (pair for pair in self.conflicts if pair[0] in placements and pair[1] in placements), None
        )


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All active products, newest first, as they were under one token."""

    token: str
    entries: tuple[Entry, ...]
    by_slug: Mapping[str, Entry]
    variants: Mapping[UUID, VariantFacts]
    methods: bytes


_lock = threading.Lock()
_known: Catalogue | None = None


def current() -> Catalogue:
    """The catalogue as of now. No read that begins after a write has been committed misses it, in any process."""
    global _known
    token = CatalogueVersion.objects.values_list("token", flat=True).first() or ""
    known = _known
    if known is not None and token and known.token == token:
        return known
    with _lock:
        if _known is None or _known.token != token or not token:
            _known = _read(token)
        return _known


def _read(token: str) -> Catalogue:
    variants = _variants_by_product()
    areas, details = _areas_and_details()
    entries = tuple(
        _entry(row, variants.get(row["id"], []), areas.get(row["id"], {}), details(row["id"]))
        for row in Product.objects.filter(status=Product.Status.ACTIVE)
        .order_by("-created_at", "slug")
        .values(*_PRODUCT_COLUMNS)
    )
    return Catalogue(
        token=token,
        entries=entries,
        by_slug=MappingProxyType({entry.slug: entry for entry in entries}),
        variants=MappingProxyType({facts.id: facts for entry in entries for facts in entry.variants}),
        methods=orjson.dumps(_methods(), default=_plain),
    )


_PRODUCT_COLUMNS = (
    "id", "title", "slug", "description", "images", "materials", "weight_oz", "country_of_origin", "status", "metadata",
    "created_at", "updated_at",
)  # fmt: skip
_VARIANT_COLUMNS = (
    "id", "product_id", "colour__name", "size__name", "sku", "base_price", "stock_level", "image_url", "metadata",
    "created_at", "updated_at", "base_cost", "colour__is_dark", "product__slug",
)  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _variants_by_product() -> dict[UUID, list[tuple[dict[str, Any], VariantFacts]]]:
    """Cheapest first, then by colour and size: the storefront shows the first price as "from"."""
    rows = (
        Variant.objects.filter(product__status=Product.Status.ACTIVE)
        .order_by("base_price", "colour__name", "size__position")
        .values_list(*_VARIANT_COLUMNS)
    )
    found: dict[UUID, list[tuple[dict[str, Any], VariantFacts]]] = defaultdict(list)
    for row in rows.iterator(chunk_size=5000):
        (pk, product_id, colour, size, sku, price, stock, image_url) = row[:8]
        (metadata, created_at, updated_at, cost, is_dark, slug) = row[8:]
        shown = {
            "id": str(pk),
            "product_id": str(product_id),
            "color": colour,
            "size": size,
            "sku": sku,
            "base_price": float(price),
            "stock_level": stock,
            "image_url": image_url,
            "metadata": metadata,
            "created_at": _time(created_at),
            "updated_at": _time(updated_at),
        }
        facts = VariantFacts(pk, slug, colour, size, is_dark, price, cost, stock is None or stock > 0)
        found[product_id].append((shown, facts))
    return found


def _entry(
    row: dict[str, Any],
    variants: list[tuple[dict[str, Any], VariantFacts]],
    areas: Mapping[tuple[str, str], AreaSize],
    details: dict[str, Any],
) -> Entry:
    shown = {
        "id": str(row["id"]),
        "title": row["title"],
        "slug": row["slug"],
        "description": row["description"],
        "images": row["images"],
        "materials": row["materials"],
        "weight": row["weight_oz"],
        "country_of_origin": row["country_of_origin"],
        "status": row["status"],
        "metadata": row["metadata"],
        "created_at": _time(row["created_at"]),
        "updated_at": _time(row["updated_at"]),
        "variants": [variant for variant, _ in variants],
    }
    facts = tuple(facts for _, facts in variants)
    words = (row["title"], row["slug"], row["description"] or "", row["materials"] or "")
    return Entry(
        id=str(row["id"]),
        slug=row["slug"],
        title=row["title"],
        searched=" ".join(words).casefold(),
        created_at=row["created_at"],
        lowest_price=facts[0].base_price if facts else Decimal(0),
        variants=facts,
        areas=areas,
        conflicts=tuple((first, second) for first, second in details["placement_conflicts"]),
        listed=orjson.dumps(shown, default=_plain),
        detailed=orjson.dumps(shown | details, default=_plain),
    )


def _areas_and_details() -> tuple[dict[UUID, dict[tuple[str, str], AreaSize]], Any]:
    """The areas of each product by method and placement, and a function from a product's id to its further details."""
    areas: dict[UUID, list[PrintArea]] = defaultdict(list)
    for area in PrintArea.objects.select_related("method", "min_size", "max_size").order_by(
        "placement", "method__name"
    ):
        areas[area.product_id].append(area)
    views: dict[tuple[UUID, str], list[StageView]] = defaultdict(list)
    for view in StageView.objects.select_related("colour").order_by("colour__name"):
        views[view.product_id, view.placement].append(view)
    measures: dict[UUID, dict[str, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for row in SizeMeasurement.objects.select_related("size").order_by("name", "size__position"):
        measures[row.product_id][row.name][row.size.name] = row.length_in
    conflicts = list(PlacementConflict.objects.order_by("first", "second"))

    def details(product_id: UUID) -> dict[str, Any]:
        return {
            "print_areas": [_area(area, views[product_id, area.placement]) for area in areas[product_id]],
            "placement_conflicts": [
                [row.first, row.second] for row in conflicts if row.product_id in (None, product_id)
            ],
            "size_guide": _size_guide(measures[product_id]),
        }

    sizes: dict[UUID, dict[tuple[str, str], AreaSize]] = defaultdict(dict)
    for product_id, rows in areas.items():
        for area in rows:
            key = (area.method.name, area.placement)
            width, height = sizes[product_id].get(key, (Decimal(0), Decimal(0)))
            sizes[product_id][key] = (max(width, area.width_in), max(height, area.height_in))
    return sizes, details


def _area(area: PrintArea, views: list[StageView]) -> dict[str, Any]:
    return {
        "placement": area.placement,
        "method": area.method.name,
        "min_size": area.min_size.name if area.min_size else None,
        "max_size": area.max_size.name if area.max_size else None,
        "width_in": area.width_in,
        "height_in": area.height_in,
        "width_px_300dpi": round(area.width_in * PRINT_DPI),
        "height_px_300dpi": round(area.height_in * PRINT_DPI),
        "collar_offset_in": area.collar_offset_in,
        "safe_margin_in": area.safe_margin_in,
        "good_dpi": area.good_dpi,
        "okay_dpi": area.okay_dpi,
        "min_dpi": area.min_dpi,
        "max_colours": area.max_colours,
        "stage": [stage_rectangle(area, view) for view in views],
    }


def stage_rectangle(area: PrintArea, view: StageView) -> dict[str, Any]:
    """An area in the pixels of a stage: `px = left_px + inches * pixels_per_inch`, and back."""
    scale = view.pixels_per_inch
    below_datum_in = float(area.collar_offset_in - view.datum_collar_offset_in)
    return {
        "color": view.colour.name if view.colour else None,
        "stage_width_px": view.stage_width_px,
        "stage_height_px": view.stage_height_px,
        "pixels_per_inch": scale,
        "left_px": view.area_left_px + float(area.left_offset_in) * scale,
        "top_px": view.area_top_px + below_datum_in * scale,
        "width_px": float(area.width_in) * scale,
        "height_px": float(area.height_in) * scale,
    }


def _size_guide(measures: Mapping[str, Mapping[str, Decimal]]) -> dict[str, Any]:
    """The same table in inches and in centimetres: measure -> size -> length."""
    return {
        "inches": {name: dict(lengths) for name, lengths in measures.items()},
        "centimetres": {
            name: {size: round(length * CENTIMETRES_PER_INCH, 1) for size, length in lengths.items()}
            for name, lengths in measures.items()
        },
    }


def _methods() -> list[dict[str, Any]]:
    return [
        {
            "id": str(method.pk),
            "name": method.name,
            "display_name": method.display_name,
            "description": method.description,
            "allowed_products": method.allowed_products,
            "pricing_rules": method.pricing_rules,
            "file_requirements": method.file_requirements,
            "status": method.status,
            "created_at": _time(method.created_at),
            "updated_at": _time(method.updated_at),
        }
        for method in DecorationMethod.objects.filter(status=DecorationMethod.Status.ACTIVE)
    ]
