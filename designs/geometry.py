"""The storefront's stage in numbers: where an artwork lies on the screen, and where that is on the cloth.

A stage is measured in pixels from its top-left corner with y downwards. An artwork is placed by its top-left
corner before rotation and turned clockwise about that corner. Cloth is measured in inches from the top-left
corner of the print area.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Garment = Literal["tee", "hoodie"]
Placement = Literal["front", "back", "neck"]
Side = Literal["left", "top", "right", "bottom"]
DpiGrade = Literal["good", "okay", "poor", "bad"]

AUTO_CROP_MARGIN_PX = 5
"""How far the storefront grows the box of visible pixels on each side before it draws a tee's artwork."""

DEFAULT_STEP_PX = 20
"""How far right and down each further artwork starts when the customer has not moved it."""

DPI_TOLERANCE = 1e-6
"""Absorbs the rounding of binary fractions, so that 4200 px over 14 in is 300 and not a hair less."""


@dataclass(frozen=True, slots=True)
class DpiThresholds:
    """The lowest resolution of each grade; below `poor` a print is bad and refused.

    Printers ask for 300, and 150 is the floor of direct-to-garment printing.
    """

    good: float = 300.0
    okay: float = 200.0
    poor: float = 150.0

    def __post_init__(self) -> None:
        if not 0 <= self.poor <= self.okay <= self.good:
            raise ValueError("The thresholds of the grades must fall from good to poor.")


DEFAULT_THRESHOLDS = DpiThresholds()


@dataclass(frozen=True, slots=True)
class StageView:
    """One side of one garment as the storefront draws it, with the print area that its owner measured.

    `image_*` is the rectangle in which the garment's picture is drawn on the stage. `area_left_px` and
    `area_top_px` are the print area's corner, `pixels_per_inch` the scale of the stage on the cloth, and
    `collar_offset_in` how far below the collar seam the print area begins. `base_box_px` is the square into
    which a new artwork is fitted.
    """

    garment: Garment
    placement: Placement
    stage_width_px: float
    stage_height_px: float
    image_left_px: float
    image_top_px: float
    image_width_px: float
    image_height_px: float
    area_left_px: float
    area_top_px: float
    pixels_per_inch: float
    area_width_in: float
    area_height_in: float
    collar_offset_in: float
    base_box_px: float
    auto_crop: bool
    default_left_px: float
    default_top_px: float
    safe_margin_in: float = 0.0
    thresholds: DpiThresholds = DEFAULT_THRESHOLDS

    def __post_init__(self) -> None:
        positive = (
            self.stage_width_px,
            self.stage_height_px,
            self.image_width_px,
            self.image_height_px,
            self.pixels_per_inch,
            self.area_width_in,
            self.area_height_in,
            self.base_box_px,
        )
        if not all(math.isfinite(value) and value > 0 for value in positive):
            raise ValueError("The sizes and the scale of a stage view must be positive numbers.")

    @property
    def centre_line_px(self) -> float:
        """Where the garment's centre line stands on the stage: the middle of its picture."""
        return self.image_left_px + self.image_width_px / 2

    @property
    def collar_seam_px(self) -> float:
        """How far below the stage's top the collar seam lies."""
        return self.area_top_px - self.collar_offset_in * self.pixels_per_inch

    @property
    def area_left_of_centre_in(self) -> float:
        """How far the print area's left edge lies left of the garment's centre line."""
        return (self.centre_line_px - self.area_left_px) / self.pixels_per_inch


@dataclass(frozen=True, slots=True)
class Position:
    """A customer's placement of one artwork: corner in stage pixels, scale of the base size, degrees
    clockwise.
    """

    x: float
    y: float
    scale_x: float = 1.0
    scale_y: float = 1.0
    rotation_deg: float = 0.0

    def __post_init__(self) -> None:
        numbers = (self.x, self.y, self.scale_x, self.scale_y, self.rotation_deg)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError("A position must consist of finite numbers.")
        if self.scale_x <= 0 or self.scale_y <= 0:
            raise ValueError("The scale of a position must be greater than zero.")


@dataclass(frozen=True, slots=True)
class CropBox:
    """A part of a picture in its own pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width_px(self) -> int:
        return self.right - self.left

    @property
    def height_px(self) -> int:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Bounds:
    """An upright rectangle in whatever unit its owner states."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class PlacedRectangle:
    """An artwork's rectangle on the stage: centre and size in stage pixels, turned about its centre."""

    centre_x_px: float
    centre_y_px: float
    width_px: float
    height_px: float
    rotation_deg: float

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """The four corners in stage pixels, clockwise from what was the top-left one before the turn."""
        half_width, half_height = self.width_px / 2, self.height_px / 2
        offsets = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return tuple(
            (self.centre_x_px + dx, self.centre_y_px + dy)
            for dx, dy in (turned(sx * half_width, sy * half_height, self.rotation_deg) for sx, sy in offsets)
        )

    @property
    def bounding_box(self) -> Bounds:
        """The smallest upright box around the turned rectangle, in stage pixels."""
        return bounds_of(self.corners)


@dataclass(frozen=True, slots=True)
class PrintRectangle:
    """An artwork's rectangle on the cloth, in inches from the print area's top-left corner.

    `left_in`, `top_in`, `width_in` and `height_in` describe the artwork as it lies before it is turned about
    its centre by `rotation_deg`. `bounding_box` is the upright box around the turned artwork.
    `top_below_collar_in` runs from the collar seam to the top of that box. `centre_offset_in` runs from the
    garment's centre line to the artwork's centre and is positive towards the right of somebody who looks at
    that side.
    """

    left_in: float
    top_in: float
    width_in: float
    height_in: float
    rotation_deg: float
    bounding_box: Bounds
    top_below_collar_in: float
    centre_offset_in: float


def turned(x: float, y: float, rotation_deg: float) -> tuple[float, float]:
    """The vector turned clockwise as seen on a screen (y down); quarter turns are exact."""
    cosine, sine = direction(rotation_deg)
    return x * cosine - y * sine, x * sine + y * cosine


def direction(rotation_deg: float) -> tuple[float, float]:
    """Cosine and sine of an angle in degrees, exact for quarter turns."""
    quarters, rest = divmod(rotation_deg, 90.0)
    if rest == 0.0:
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarters) % 4]
    radians = math.radians(rotation_deg)
    return math.cos(radians), math.sin(radians)


def bounds_of(points: Iterable[tuple[float, float]]) -> Bounds:
    """The smallest upright box that holds every point."""
    xs, ys = zip(*points, strict=True)
    return Bounds(min(xs), min(ys), max(xs), max(ys))


def auto_crop_box(alpha: npt.NDArray[np.uint8], display_scale: float = 1.0) -> CropBox:
    """The box that the storefront crops a tee's artwork to; alpha is uint8 (H, W).

    It is the box of all pixels with alpha above zero, grown by 5 px on each side and held inside the picture.
    The storefront counts those in the picture that it was given: `display_scale` is the number of pixels here
    per pixel there. A picture without a visible pixel keeps its whole frame.
    """
    height_px, width_px = alpha.shape
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if rows.size == 0:
        return CropBox(0, 0, width_px, height_px)
    visible = CropBox(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return grown(visible, (width_px, height_px), display_scale)


def grown(visible: CropBox, size: tuple[int, int], display_scale: float = 1.0) -> CropBox:
    """A box of visible pixels as the storefront crops to it: 5 of its pixels larger on each side, inside the picture.

    `display_scale` is as in `auto_crop_box`.
    """
    margin_px = round(AUTO_CROP_MARGIN_PX * display_scale)
    return CropBox(
        left=max(0, visible.left - margin_px),
        top=max(0, visible.top - margin_px),
        right=min(size[0], visible.right + margin_px),
        bottom=min(size[1], visible.bottom + margin_px),
    )


def crop_box(view: StageView, alpha: npt.NDArray[np.uint8], display_scale: float = 1.0) -> CropBox:
    """The part of an artwork that this view draws: cropped on tees, the whole frame on hoodies.

    `display_scale` is as in `auto_crop_box`.
    """
    if view.auto_crop:
        return auto_crop_box(alpha, display_scale)
    height_px, width_px = alpha.shape
    return CropBox(0, 0, width_px, height_px)


def base_size(width_px: float, height_px: float, box_px: float) -> tuple[float, float]:
    """Width and height on the stage at scale 1: the crop fitted into a square box, small ones enlarged."""
    if width_px <= 0 or height_px <= 0 or box_px <= 0:
        raise ValueError("An artwork and its box must have a size.")
    ratio = width_px / height_px
    width, height = box_px, box_px / ratio
    if height > box_px:
        width, height = box_px * ratio, box_px
    return width, height


def default_position(view: StageView, index: int) -> Position:
    """Where the storefront puts the artwork of this index (from 0) when the customer has not moved it."""
    step_px = DEFAULT_STEP_PX * index
    return Position(view.default_left_px + step_px, view.default_top_px + step_px)


def placed_rectangle(view: StageView, crop_size: tuple[int, int], position: Position) -> PlacedRectangle:
    """Where a crop of (width, height) pixels lies on the stage at this position."""
    base_width_px, base_height_px = base_size(*crop_size, view.base_box_px)
    width_px, height_px = base_width_px * position.scale_x, base_height_px * position.scale_y
    dx, dy = turned(width_px / 2, height_px / 2, position.rotation_deg)
    return PlacedRectangle(position.x + dx, position.y + dy, width_px, height_px, position.rotation_deg)


def position_of(view: StageView, crop_size: tuple[int, int], rectangle: PlacedRectangle) -> Position:
    """The position that puts a crop of (width, height) pixels here; undoes `placed_rectangle`."""
    base_width_px, base_height_px = base_size(*crop_size, view.base_box_px)
    dx, dy = turned(rectangle.width_px / 2, rectangle.height_px / 2, rectangle.rotation_deg)
    return Position(
        x=rectangle.centre_x_px - dx,
        y=rectangle.centre_y_px - dy,
        scale_x=rectangle.width_px / base_width_px,
        scale_y=rectangle.height_px / base_height_px,
        rotation_deg=rectangle.rotation_deg,
    )


def to_inches(view: StageView, rectangle: PlacedRectangle) -> PrintRectangle:
    """The same rectangle on the cloth."""
    scale = view.pixels_per_inch
    box = rectangle.bounding_box
    bounding_box = Bounds(
        left=(box.left - view.area_left_px) / scale,
        top=(box.top - view.area_top_px) / scale,
        right=(box.right - view.area_left_px) / scale,
        bottom=(box.bottom - view.area_top_px) / scale,
    )
    return PrintRectangle(
        left_in=(rectangle.centre_x_px - rectangle.width_px / 2 - view.area_left_px) / scale,
        top_in=(rectangle.centre_y_px - rectangle.height_px / 2 - view.area_top_px) / scale,
        width_in=rectangle.width_px / scale,
        height_in=rectangle.height_px / scale,
        rotation_deg=rectangle.rotation_deg,
        bounding_box=bounding_box,
        top_below_collar_in=view.collar_offset_in + bounding_box.top,
        centre_offset_in=(rectangle.centre_x_px - view.centre_line_px) / scale,
    )


def from_inches(view: StageView, rectangle: PrintRectangle) -> PlacedRectangle:
    """The same rectangle on the stage: undoes `to_inches`."""
    scale = view.pixels_per_inch
    return PlacedRectangle(
        centre_x_px=view.area_left_px + (rectangle.left_in + rectangle.width_in / 2) * scale,
        centre_y_px=view.area_top_px + (rectangle.top_in + rectangle.height_in / 2) * scale,
        width_px=rectangle.width_in * scale,
        height_px=rectangle.height_in * scale,
        rotation_deg=rectangle.rotation_deg,
    )


def overshoot_in(view: StageView, rectangle: PlacedRectangle) -> dict[Side, float]:
    """How many inches the turned rectangle runs over each side of the print area; zero where inside."""
    box = to_inches(view, rectangle).bounding_box
    return {
        "left": max(0.0, -box.left),
        "top": max(0.0, -box.top),
        "right": max(0.0, box.right - view.area_width_in),
        "bottom": max(0.0, box.bottom - view.area_height_in),
    }


def effective_dpi(crop_px: tuple[float, float], printed_in: tuple[float, float]) -> float:
    """Source pixels per printed inch of (width, height): the lower of the two axes, whatever the metadata
    claims.
    """
    if min(*crop_px, *printed_in) <= 0:
        raise ValueError("Pixels and inches must be greater than zero.")
    return min(crop_px[0] / printed_in[0], crop_px[1] / printed_in[1])


def dpi_grade(dpi: float, thresholds: DpiThresholds = DEFAULT_THRESHOLDS) -> DpiGrade:
    """good, okay or poor from its threshold on, bad below all."""
    reached = dpi + DPI_TOLERANCE
    if reached >= thresholds.good:
        return "good"
    if reached >= thresholds.okay:
        return "okay"
    return "poor" if reached >= thresholds.poor else "bad"


def visible_outline(alpha: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The corners of the first and the last visible pixel of each row, float (N, 2) as x, y; empty if none is
    visible.

    The furthest visible point in any direction is among them, so they decide whether a turned artwork leaves
    an area.
    """
    visible = alpha > 0
    rows = np.flatnonzero(visible.any(axis=1))
    first = visible[rows].argmax(axis=1)
    last = alpha.shape[1] - visible[rows][:, ::-1].argmax(axis=1)
    corners = [np.stack([x, y], axis=1) for x in (first, last) for y in (rows, rows + 1)]
    return np.concatenate(corners).astype(np.float64)
