"""Draws one artwork onto a picture: cropped, sized, turned and resampled in as few steps as can be.

Colours are resampled weighted by their alpha, so that nothing hidden under a transparent pixel bleeds into an
edge, and the edges of the artwork's frame fall exactly where geometry puts them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

from designs.geometry import Bounds, CropBox, direction

BAND_HEIGHT_PX = 1024
"""Rows drawn at a time: bounds the intermediate pictures to 17 MB each at the width of a full front."""

SOURCE_MARGIN_PX = 4
"""Pixels read beyond the drawn part of a source: the reach of the resampling filter."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Maps artwork pixels to target pixels: the artwork's turned rectangle in units of the target."""

    crop: CropBox
    centre_x: float
    centre_y: float
    width: float
    height: float
    rotation_deg: float

    def to_target(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Points (N, 2) in pixels of the crop as points on the target."""
        cosine, sine = direction(self.rotation_deg)
        u = (points[:, 0] / self.crop.width_px - 0.5) * self.width
        v = (points[:, 1] / self.crop.height_px - 0.5) * self.height
        return np.stack(
            [self.centre_x + u * cosine - v * sine, self.centre_y + u * sine + v * cosine], axis=1
        )

    def to_crop(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Points (N, 2) on the target as points in pixels of the crop."""
        cosine, sine = direction(self.rotation_deg)
        x, y = points[:, 0] - self.centre_x, points[:, 1] - self.centre_y
        u, v = x * cosine + y * sine, -x * sine + y * cosine
        return np.stack(
            [(u / self.width + 0.5) * self.crop.width_px, (v / self.height + 0.5) * self.crop.height_px],
            axis=1,
        )


@dataclass(frozen=True, slots=True)
class Box:
    """A window of whole pixels on the target; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        return self.right - self.left, self.bottom - self.top

    @property
    def is_empty(self) -> bool:
        return self.right <= self.left or self.bottom <= self.top

    def corners(self) -> npt.NDArray[np.float64]:
        left, top, right, bottom = self.left, self.top, self.right, self.bottom
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)


def window_of(frame: Frame, target: Box) -> Box:
    """The whole pixels of the target that the frame touches."""
    crop = frame.crop
    bounds = bounds_around(frame.to_target(Box(0, 0, crop.width_px, crop.height_px).corners()))
    return Box(
        left=max(target.left, math.floor(bounds.left + 1e-6)),
        top=max(target.top, math.floor(bounds.top + 1e-6)),
        right=min(target.right, math.ceil(bounds.right - 1e-6)),
        bottom=min(target.bottom, math.ceil(bounds.bottom - 1e-6)),
    )


def bounds_around(points: npt.NDArray[np.float64]) -> Bounds:
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return Bounds(float(left), float(top), float(right), float(bottom))


def union_of(boxes: Sequence[Box]) -> Box:
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def draw(canvas: Image.Image, canvas_box: Box, rgba: npt.NDArray[np.uint8], frame: Frame) -> None:
    """Lays one artwork over the canvas, which shows the part `canvas_box` of the target.

    It works in bands of rows, because a full print and its intermediate pictures would not fit a small
    worker.
    """
    window = window_of(frame, canvas_box)
    if window.is_empty:
        return
    if frame.rotation_deg % 90.0 == 0.0:
        rgba, frame = _upright(rgba, frame)
    turnable = None if frame.rotation_deg == 0.0 else _reduced(*_source(rgba, frame, window), frame)
    for top in range(window.top, window.bottom, BAND_HEIGHT_PX):
        band = Box(window.left, top, window.right, min(window.bottom, top + BAND_HEIGHT_PX))
        if turnable is None:
            layer = _scaled(*_source(rgba, frame, band), frame, band)
        else:
            layer = _turned(*turnable, frame, band)
        _trim_to_frame(layer, frame, band)
        canvas.alpha_composite(layer, (band.left - canvas_box.left, band.top - canvas_box.top))


def _upright(rgba: npt.NDArray[np.uint8], frame: Frame) -> tuple[npt.NDArray[np.uint8], Frame]:
    """The same picture of a quarter turn without a turn: its pixels change places, which loses nothing."""
    crop, quarters = frame.crop, int(frame.rotation_deg // 90.0) % 4
    pixels = np.rot90(rgba[crop.top : crop.bottom, crop.left : crop.right], -quarters)
    height_px, width_px = pixels.shape[:2]
    width, height = (frame.width, frame.height) if quarters % 2 == 0 else (frame.height, frame.width)
    whole = CropBox(0, 0, width_px, height_px)
    return pixels, replace(frame, crop=whole, width=width, height=height, rotation_deg=0.0)


def _source(rgba: npt.NDArray[np.uint8], frame: Frame, window: Box) -> tuple[Image.Image, Box]:
    """The pixels that the window needs, and where they lie in the crop.

    The frame's outermost pixels are repeated outwards, so that an edge stays solid up to where it is cut.
    """
    crop = frame.crop
    bounds = bounds_around(frame.to_crop(window.corners()))
    margin_x = SOURCE_MARGIN_PX * max(1, math.ceil(crop.width_px / frame.width))
    margin_y = SOURCE_MARGIN_PX * max(1, math.ceil(crop.height_px / frame.height))
    read = Box(
        max(0, math.floor(bounds.left)) - margin_x,
        max(0, math.floor(bounds.top)) - margin_y,
        min(crop.width_px, math.ceil(bounds.right)) + margin_x,
        min(crop.height_px, math.ceil(bounds.bottom)) + margin_y,
    )
    inner = Box(
        max(0, read.left), max(0, read.top), min(crop.width_px, read.right), min(crop.height_px, read.bottom)
    )
    pixels = rgba[
        crop.top + inner.top : crop.top + inner.bottom, crop.left + inner.left : crop.left + inner.right
    ]
    padding = (
        (inner.top - read.top, read.bottom - inner.bottom),
        (inner.left - read.left, read.right - inner.right),
    )
    return Image.fromarray(np.pad(pixels, (*padding, (0, 0)), mode="edge")), read


def _scaled(source: Image.Image, read: Box, frame: Frame, window: Box) -> Image.Image:
    """An upright artwork in one resampling step, placed to a fraction of a pixel."""
    bounds = bounds_around(frame.to_crop(window.corners()))
    box = (bounds.left - read.left, bounds.top - read.top, bounds.right - read.left, bounds.bottom - read.top)
    whole = tuple(float(round(edge)) if abs(edge - round(edge)) < 1e-6 else edge for edge in box)
    enlarges = frame.width >= frame.crop.width_px
    resampling = Image.Resampling.BICUBIC if enlarges else Image.Resampling.LANCZOS
    return source.resize(window.size, resampling, box=(whole[0], whole[1], whole[2], whole[3]))


def _reduced(source: Image.Image, read: Box, frame: Frame) -> tuple[Image.Image, Box]:
    """The source, premultiplied and no larger than on the target: turning alone would skip pixels of a larger
    one.
    """
    source = source.convert("RGBa")
    size = (
        min(source.width, max(1, round(source.width * frame.width / frame.crop.width_px))),
        min(source.height, max(1, round(source.height * frame.height / frame.crop.height_px))),
    )
    return (source if size == source.size else source.resize(size, Image.Resampling.LANCZOS)), read


def _turned(source: Image.Image, read: Box, frame: Frame, window: Box) -> Image.Image:
    """The window of a turned artwork; `source` is premultiplied and shows the part `read` of the crop."""
    shrink_x, shrink_y = source.width / read.size[0], source.height / read.size[1]
    steps = np.array([(0, 0), (1, 0), (0, 1)], dtype=np.float64) + (window.left, window.top)
    origin, right, down = frame.to_crop(steps)
    x, y = (origin - (read.left, read.top)) * (shrink_x, shrink_y)
    x_right, y_right = (right - origin) * (shrink_x, shrink_y)
    x_down, y_down = (down - origin) * (shrink_x, shrink_y)
    matrix = (x_right, x_down, x, y_right, y_down, y)
    layer = source.transform(window.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    return layer.convert("RGBA")


def _trim_to_frame(layer: Image.Image, frame: Frame, window: Box) -> None:
    """Multiplies the layer's alpha by how much of each pixel the frame covers."""
    if frame.rotation_deg == 0.0:
        half_width, half_height = frame.width / 2, frame.height / 2
        columns = _covered(
            window.left, window.right, frame.centre_x - half_width, frame.centre_x + half_width
        )
        rows = _covered(window.top, window.bottom, frame.centre_y - half_height, frame.centre_y + half_height)
        if columns.min() == 255 and rows.min() == 255:
            return
        mask = ImageChops.multiply(
            Image.fromarray(columns[None, :]).resize(window.size, Image.Resampling.NEAREST),
            Image.fromarray(rows[:, None]).resize(window.size, Image.Resampling.NEAREST),
        )
    else:
        mask = Image.fromarray(_turned_coverage(frame, window))
    layer.putalpha(ImageChops.multiply(layer.getchannel("A"), mask))


def _covered(start: int, stop: int, low: float, high: float) -> npt.NDArray[np.uint8]:
    """How much of each pixel from start to stop lies between low and high, as uint8."""
    edges = np.clip(np.arange(start, stop + 1, dtype=np.float64), low, high)
    return np.rint(np.diff(edges) * 255).astype(np.uint8)


def _turned_coverage(frame: Frame, window: Box) -> npt.NDArray[np.uint8]:
    """Coverage of each pixel by a turned rectangle, from the distances of its centre to the four edges."""
    cosine, sine = (np.float32(part) for part in direction(frame.rotation_deg))
    x = np.arange(window.left, window.right, dtype=np.float32)[None, :] + np.float32(0.5 - frame.centre_x)
    y = np.arange(window.top, window.bottom, dtype=np.float32)[:, None] + np.float32(0.5 - frame.centre_y)
    mask = np.full((y.size, x.size), 255, dtype=np.uint8)
    for along_x, along_y, half in ((cosine, sine, frame.width / 2), (-sine, cosine, frame.height / 2)):
        distance: npt.NDArray[Any] = np.abs(x * along_x + y * along_y)
        np.subtract(np.float32(half + 0.5), distance, out=distance)
        np.clip(distance, 0.0, 1.0, out=distance)
        np.multiply(distance, 255.0, out=distance)
        np.minimum(mask, np.rint(distance, out=distance).astype(np.uint8), out=mask)
    return mask
