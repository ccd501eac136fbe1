"""What the server says of a design: inches, resolution, what hangs over which line, and the inks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from designs.document import PlacedSource, canonical_document, design_hash
from designs.geometry import DpiGrade, StageView
from designs.inks import InkReport, knocked_out, merged_inks, rgb_of
from designs.measuring import artwork_of, facts_of
from designs.models import Design
from designs.quality import Layer, PlacementQuality, placement_quality, worst_grade
from designs.stage import position_of, stage_views
from products.models import Colour, Product
from products.selectors import STAGE_METHOD
from uploads.models import Asset

VIEWS = ("front", "back", "neck")


@dataclass(frozen=True)
class Placed:
    """One artwork of a design, as the storefront places it (`position` in its camelCase, None: never moved)."""

    asset: Asset
    placement: str
    index: int
    position: dict[str, Any] | None


@dataclass(frozen=True)
class Inspection:
    """A design held against the areas of one method on one product."""

    placements: Mapping[str, PlacementQuality]
    inks: Mapping[str, InkReport]
    not_offered: tuple[str, ...]
    empty: tuple[UUID, ...]

    @property
    def grade(self) -> DpiGrade:
        return worst_grade([quality.grade for quality in self.placements.values()])

    def to_json(self) -> dict[str, Any]:
        return {
            "grade": self.grade,
            "placements": {
                name: quality.to_json() | {"inks": ink_json(self.inks[name])}
                for name, quality in self.placements.items()
            },
            "not_offered": list(self.not_offered),
        }


def ink_json(report: InkReport) -> dict[str, Any]:
    return {
        "count": report.count,
        "palette": [
            {"hex": name, "coverage_percent": share}
            for name, share in zip(report.palette, report.coverage, strict=True)
        ],
        "knocked_out": list(report.knocked_out),
        "confidence": report.confidence,
        "certain": report.is_certain,
    }


def placed_of(design: Design) -> list[Placed]:
    """The artworks of a saved design: ids and positions run front, back, neck in one order."""
    sent = [
        (view, index, position)
        for view in VIEWS
        for index, position in enumerate(design.design_data.get(view) or [])
    ]
    return [
        Placed(artwork.asset, view, index, position)
        for artwork, (view, index, position) in zip(design.artworks.all(), sent, strict=False)
    ]


def inspect(
    placed: Sequence[Placed], product: Product, colour: Colour | None, method: str = STAGE_METHOD
) -> Inspection:
    """Judges every placement that `method` offers on this product. Raises ArtworkUnreadable."""
    views = stage_views(product, colour.pk if colour else None, method)
    facts = facts_of({item.asset.pk: item.asset for item in placed}.values())
    shirt = rgb_of(colour.hex) if colour else None
    placements: dict[str, PlacementQuality] = {}
    inks: dict[str, InkReport] = {}
    names = dict.fromkeys(item.placement for item in placed)
    for name in names:
        if name not in views:
            continue
        items = [item for item in placed if item.placement == name]
        layers = [
            Layer(
                artwork_of(item.asset, facts[item.asset.pk]),
                item.index,
                position_of(item.position),
            )
            for item in items
        ]
        placements[name] = placement_quality(views[name], layers)
        merged = merged_inks([facts[item.asset.pk].ink_report for item in items])
        inks[name] = knocked_out(merged, shirt) if shirt else merged
    return Inspection(
        placements=placements,
        inks=inks,
        not_offered=tuple(name for name in names if name not in views),
        empty=tuple(pk for pk, found in facts.items() if found.is_empty),
    )


def hash_of(placed: Sequence[Placed], product: Product, views: Mapping[str, StageView] | None = None) -> str:
    """The `design_hash` of these artworks on this product, whatever its colour."""
    views = stage_views(product, None) if views is None else views
    placements: dict[str, list[PlacedSource]] = {}
    for item in placed:
        source = PlacedSource(item.asset.sha256, item.index, position_of(item.position))
        placements.setdefault(item.placement, []).append(source)
    return design_hash(canonical_document(product.slug, views, placements))
