"""Whether a placed artwork can be printed well: its resolution, and what hangs over which line by how much.  [pure]

Everything is judged from pixels and inches; what a file claims about its resolution plays no part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from designs.geometry import (
    Bounds,
    CropBox,
    DpiGrade,
    PlacedRectangle,
    Position,
    Side,
    StageView,
    bounds_of,
    default_position,
    dpi_grade,
    effective_dpi,
    grown,
    placed_rectangle,
    position_of,
    to_inches,
    turned,
)

Point = tuple[float, float]

SMALLEST_REPORTED_IN = 0.001
"""Inches are measured to a thousandth: printers' own tolerance is fifty times that."""

HIGHEST_DPI = 100_000.0
"""A picture shrunk to a dot has any resolution; JSON has no infinity."""

GRADES: tuple[DpiGrade, ...] = ("good", "okay", "poor", "bad")


@dataclass(frozen=True, slots=True)
class Artwork:
    """What has to be known of a picture: its size in pixels and the box of its visible ones.

    `display_scale` is the number of these pixels per pixel of the picture that the storefront draws.
    """

    width_px: int
    height_px: int
    visible: CropBox
    display_scale: float = 1.0

    def crop(self, view: StageView) -> CropBox:
        """The part that the storefront draws: the visible box and a margin on tees, the whole frame on hoodies."""
        size = (self.width_px, self.height_px)
        return grown(self.visible, size, self.display_scale) if view.auto_crop else CropBox(0, 0, *size)


@dataclass(frozen=True, slots=True)
class Layer:
    """One artwork on a view. `position` is None where the customer never moved it."""

    artwork: Artwork
    index: int
    position: Position | None


@dataclass(frozen=True, slots=True)
class LayerQuality:
    """One artwork, measured on the cloth. Inches count from the print area's top-left corner.

    The size and the rectangle are those of the visible pixels: `width_in` and `height_in` before the turn, `bounds`
    around it after. `largest_*_in` is the largest size that is not bad. `off_area` and `off_safe_zone` say by how
    many inches it runs over each side of the print area and of the safe zone in it.
    """

    index: int
    dpi: float
    grade: DpiGrade
    width_in: float
    height_in: float
    rotation_deg: float
    bounds: Bounds
    top_below_collar_in: float
    largest_width_in: float
    largest_height_in: float
    off_area: dict[Side, float]
    off_safe_zone: dict[Side, float]
    is_outside: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "effective_dpi": round(self.dpi, 1),
            "grade": self.grade,
            "width_in": round(self.width_in, 3),
            "height_in": round(self.height_in, 3),
            "left_in": round(self.bounds.left, 3),
            "top_in": round(self.bounds.top, 3),
            "right_in": round(self.bounds.right, 3),
            "bottom_in": round(self.bounds.bottom, 3),
            "top_below_collar_in": round(self.top_below_collar_in, 3),
            "rotation_deg": round(self.rotation_deg, 2),
            "largest_width_in": self.largest_width_in,
            "largest_height_in": self.largest_height_in,
            "off_area_in": _sides(self.off_area),
            "off_safe_zone_in": _sides(self.off_safe_zone),
            "outside": self.is_outside,
        }


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two artworks of one placement of which one covers a part of the other."""

    first: int
    second: int
    area_sq_in: float
    width_in: float
    height_in: float

    def to_json(self) -> dict[str, Any]:
        return {
            "first": self.first,
            "second": self.second,
            "area_sq_in": round(self.area_sq_in, 3),
            "width_in": round(self.width_in, 3),
            "height_in": round(self.height_in, 3),
        }


@dataclass(frozen=True, slots=True)
class PlacementQuality:
    """All artworks of one placement, and where they cover each other."""

    placement: str
    layers: tuple[LayerQuality, ...]
    overlaps: tuple[Overlap, ...]

    @property
    def grade(self) -> DpiGrade:
        """That of the worst artwork; good for a placement without any."""
        return worst_grade([layer.grade for layer in self.layers])

    def size_in(self) -> tuple[float, float]:
        """Width and height of the box around all artworks."""
        boxes = [layer.bounds for layer in self.layers]
        whole = bounds_of([(b.left, b.top) for b in boxes] + [(b.right, b.bottom) for b in boxes])
        return whole.width, whole.height

    def to_json(self) -> dict[str, Any]:
        return {
            "grade": self.grade,
            "layers": [layer.to_json() for layer in self.layers],
            "overlaps": [overlap.to_json() for overlap in self.overlaps],
        }


def worst_grade(grades: Sequence[DpiGrade]) -> DpiGrade:
    return max(grades, key=GRADES.index, default="good")


def placement_quality(view: StageView, layers: Sequence[Layer]) -> PlacementQuality:
    """Everything that can be said of the artworks of one placement without looking at their pixels."""
    rectangles = [visible_rectangle(view, layer) for layer in layers]
    measured = tuple(
        _layer_quality(view, layer, rectangle) for layer, rectangle in zip(layers, rectangles, strict=True)
    )
    overlaps = (
        _overlap(view, (one.index, rectangles[i]), (other.index, rectangles[j]))
        for (i, one), (j, other) in combinations(enumerate(layers), 2)
    )
    return PlacementQuality(view.placement, measured, tuple(found for found in overlaps if found))


def drawn_rectangle(view: StageView, layer: Layer) -> PlacedRectangle:
    """Where the crop of the artwork lies on the stage."""
    crop = layer.artwork.crop(view)
    position = layer.position or default_position(view, layer.index)
    return placed_rectangle(view, (crop.width_px, crop.height_px), position)


def visible_rectangle(view: StageView, layer: Layer) -> PlacedRectangle:
    """Where its visible pixels lie on the stage: the crop has a margin, and hoodies draw the whole frame."""
    crop, visible = layer.artwork.crop(view), layer.artwork.visible
    drawn = drawn_rectangle(view, layer)
    scale_x, scale_y = drawn.width_px / crop.width_px, drawn.height_px / crop.height_px
    right = ((visible.left + visible.right) - (crop.left + crop.right)) / 2 * scale_x
    down = ((visible.top + visible.bottom) - (crop.top + crop.bottom)) / 2 * scale_y
    dx, dy = turned(right, down, drawn.rotation_deg)
    return PlacedRectangle(
        centre_x_px=drawn.centre_x_px + dx,
        centre_y_px=drawn.centre_y_px + dy,
        width_px=visible.width_px * scale_x,
        height_px=visible.height_px * scale_y,
        rotation_deg=drawn.rotation_deg,
    )


def position_in_inches(
    view: StageView,
    artwork: Artwork,
    corner_in: tuple[float, float],
    width_in: float,
    rotation_deg: float = 0.0,
) -> Position:
    """The stage position at which the drawn part of an artwork is `width_in` wide and, before it is turned about its
    centre, has its top-left corner at `corner_in` on the print area: inches to pixels.
    """
    crop = artwork.crop(view)
    scale, height_in = view.pixels_per_inch, width_in * crop.height_px / crop.width_px
    rectangle = PlacedRectangle(
        centre_x_px=view.area_left_px + (corner_in[0] + width_in / 2) * scale,
        centre_y_px=view.area_top_px + (corner_in[1] + height_in / 2) * scale,
        width_px=width_in * scale,
        height_px=height_in * scale,
        rotation_deg=rotation_deg,
    )
    return position_of(view, (crop.width_px, crop.height_px), rectangle)


def _layer_quality(view: StageView, layer: Layer, rectangle: PlacedRectangle) -> LayerQuality:
    visible, cloth = layer.artwork.visible, to_inches(view, rectangle)
    dpi = min(
        HIGHEST_DPI, effective_dpi((visible.width_px, visible.height_px), (cloth.width_in, cloth.height_in))
    )
    box = cloth.bounding_box
    return LayerQuality(
        index=layer.index,
        dpi=dpi,
        grade=dpi_grade(dpi, view.thresholds),
        width_in=cloth.width_in,
        height_in=cloth.height_in,
        rotation_deg=rectangle.rotation_deg,
        bounds=box,
        top_below_collar_in=cloth.top_below_collar_in,
        largest_width_in=_largest(cloth.width_in, dpi, view.thresholds.poor),
        largest_height_in=_largest(cloth.height_in, dpi, view.thresholds.poor),
        off_area=_over(view, box, 0.0),
        off_safe_zone=_over(view, box, view.safe_margin_in),
        is_outside=box.right <= 0
        or box.bottom <= 0
        or box.left >= view.area_width_in
        or box.top >= view.area_height_in,
    )


def _largest(length_in: float, dpi: float, least_dpi: float) -> float:
    """The largest length at which the resolution passes, rounded down to a hundredth so that it surely does."""
    if least_dpi <= 0:
        return round(length_in, 2)
    return math.floor(length_in * dpi / least_dpi * 100 + 1e-9) / 100


def _over(view: StageView, box: Bounds, margin_in: float) -> dict[Side, float]:
    over: dict[Side, float] = {
        "left": margin_in - box.left,
        "top": margin_in - box.top,
        "right": box.right - (view.area_width_in - margin_in),
        "bottom": box.bottom - (view.area_height_in - margin_in),
    }
    return {side: length for side, length in over.items() if length >= SMALLEST_REPORTED_IN}


def _sides(lengths: dict[Side, float]) -> dict[str, float]:
    return {side: round(length, 3) for side, length in lengths.items()}


def _overlap(
    view: StageView, one: tuple[int, PlacedRectangle], other: tuple[int, PlacedRectangle]
) -> Overlap | None:
    shared = _intersection(one[1].corners, other[1].corners)
    if len(shared) < 3:
        return None
    scale, box = view.pixels_per_inch, bounds_of(shared)
    area_sq_in = abs(_signed_area(shared)) / scale**2
    if area_sq_in < SMALLEST_REPORTED_IN:
        return None
    return Overlap(one[0], other[0], area_sq_in, box.width / scale, box.height / scale)


def _intersection(subject: Sequence[Point], clip: Sequence[Point]) -> list[Point]:
    """The common part of two convex polygons whose corners run clockwise on the screen (Sutherland-Hodgman)."""
    points = list(subject)
    for start, end in zip(clip, [*clip[1:], clip[0]], strict=True):
        kept: list[Point] = []
        for one, two in zip(points, [*points[1:], points[0]] if points else [], strict=True):
            side_one, side_two = _side_of(start, end, one), _side_of(start, end, two)
            if side_one >= 0:
                kept.append(one)
            if side_one * side_two < 0:
                share = side_one / (side_one - side_two)
                kept.append((one[0] + (two[0] - one[0]) * share, one[1] + (two[1] - one[1]) * share))
        points = kept
    return points


def _side_of(start: Point, end: Point, point: Point) -> float:
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


def _signed_area(points: Sequence[Point]) -> float:
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return sum(one[0] * two[1] - two[0] * one[1] for one, two in pairs) / 2
