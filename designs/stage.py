"""The catalogue's stage views as the geometry's, with what the storefront has built in per garment (CONTRACT 2.4)."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from designs.geometry import DpiThresholds, Garment, Placement, Position, StageView
from products import models as catalogue
from products.selectors import STAGE_METHOD, stage_geometry

# Base box, automatic crop, and where an artwork appears, by garment and placement.
_BASE_BOX_PX = {"tee": 500.0, "hoodie": 250.0}
_AUTO_CROP = {"tee": True, "hoodie": False}
_DEFAULT_CORNER_PX = {
    ("tee", "neck"): (750.0, 500.0),
    ("tee", "*"): (200.0, 250.0),
    ("hoodie", "*"): (270.0, 250.0),
}


def stage_views(
    product: catalogue.Product, colour_id: UUID | None, method: str = STAGE_METHOD
) -> dict[str, StageView]:
    """The view of every placement where `method` prints on this product in this colour; None: in any other colour."""
    return {
        placement: _view(product.garment, *rows)
        for placement, rows in stage_geometry(product, colour_id, method).items()
    }


def _view(garment: str, row: catalogue.StageView, area: catalogue.PrintArea) -> StageView:
    scale = row.pixels_per_inch
    below_datum_in = float(area.collar_offset_in - row.datum_collar_offset_in)
    default = _DEFAULT_CORNER_PX.get((garment, area.placement)) or _DEFAULT_CORNER_PX[garment, "*"]
    return StageView(
        garment=cast(Garment, garment),
        placement=cast(Placement, area.placement),
        stage_width_px=row.stage_width_px,
        stage_height_px=row.stage_height_px,
        image_left_px=row.image_left_px,
        image_top_px=row.image_top_px,
        image_width_px=row.image_width_px,
        image_height_px=row.image_height_px,
        area_left_px=row.area_left_px + float(area.left_offset_in) * scale,
        area_top_px=row.area_top_px + below_datum_in * scale,
        pixels_per_inch=scale,
        area_width_in=float(area.width_in),
        area_height_in=float(area.height_in),
        collar_offset_in=float(area.collar_offset_in),
        base_box_px=_BASE_BOX_PX[garment],
        auto_crop=_AUTO_CROP[garment],
        default_left_px=default[0],
        default_top_px=default[1],
        safe_margin_in=float(area.safe_margin_in),
        thresholds=DpiThresholds(area.good_dpi, area.okay_dpi, area.min_dpi),
    )


def position_of(sent: dict[str, float] | None) -> Position | None:
    """The storefront's camelCase position, or None for an artwork that was never moved."""
    if sent is None:
        return None
    return Position(
        x=float(sent["x"]),
        y=float(sent["y"]),
        scale_x=float(sent["scaleX"]),
        scale_y=float(sent["scaleY"]),
        rotation_deg=float(sent["rotation"]),
    )
