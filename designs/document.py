"""The canonical form of a design: equal looks have equal documents, and so one hash.  [pure]

A document names artworks by the SHA-256 of their bytes, in the order in which they cover each other, and where each
lies: stage pixels to a hundredth (less than a thousandth of an inch on every stage). An artwork that was never moved
lies where the storefront puts it. Names, notes, sizes and colours are no part of the look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.canonical import canonical_hash
from designs.geometry import Position, StageView, default_position

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class PlacedSource:
    """One artwork: the hash of its bytes, its index on its view, and where it lies (None: where it appeared)."""

    sha256: str
    index: int
    position: Position | None


def canonical_document(
    product_slug: str, views: Mapping[str, StageView], placements: Mapping[str, Sequence[PlacedSource]]
) -> dict[str, Any]:
    """The document of a design. Placements without artworks are left out, those without a stage keep their index."""
    return {
        "schema": SCHEMA_VERSION,
        "product": product_slug,
        "placements": {
            placement: [_layer(views.get(placement), source) for source in sources]
            for placement, sources in placements.items()
            if sources
        },
    }


def design_hash(document: Mapping[str, Any]) -> str:
    """The SHA-256 of the document's canonical JSON."""
    return canonical_hash(document)


def _layer(view: StageView | None, source: PlacedSource) -> dict[str, Any]:
    position = source.position or (default_position(view, source.index) if view else None)
    if position is None:
        return {"artwork": source.sha256, "index": source.index}
    return {
        "artwork": source.sha256,
        "x": _rounded(position.x, 2),
        "y": _rounded(position.y, 2),
        "scale_x": _rounded(position.scale_x, 5),
        "scale_y": _rounded(position.scale_y, 5),
        "rotation_deg": _rounded(position.rotation_deg % 360.0, 2) % 360.0,
    }


def _rounded(number: float, digits: int) -> float:
    """Rounded, and never minus zero, which JSON would spell differently."""
    return round(number, digits) + 0.0
