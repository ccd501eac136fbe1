"""Take the artwork out of whatever picture a customer sends: the route, the crop and the last checks.

A flat background is undone exactly (`colour_key`). A photo of a garment gives its print (`print_region`, `print_ink`).
Any other photo gives its salient object (`matting`). The picture is never returned uncut.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from uploads.cutout import scoring
from uploads.cutout.colour_key import background_statistics, is_flat, unmix
from uploads.cutout.matting import foreground_colours, refined_alpha
from uploads.cutout.print_ink import lift_print
from uploads.cutout.print_region import NoPrintFound, PrintRegion, find_print

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]
Box = tuple[int, int, int, int]
Method = Literal["colour_key", "print", "salient", "given"]
MaskOf = Callable[[ByteArray], FloatArray]
OnStep = Callable[[str], None]

# The storefront moves its progress bar when it reads "step 1" and "background" in these texts.
STEP_FIND = "Step 1: Finding the artwork"
STEP_REMOVE = "Step 2: Removing the background"

# The artwork is worked out at no more than this (px, long side): 14 in at 145 dpi, and below 6 s on one core.
WORK_SIDE_PX = 2000
# Masks and statistics need no more than this; the network itself sees 320 px.
SEARCH_SIDE_PX = 640

# Less or more visible area than this is no cut-out. A small logo on a large plain page is one, though.
_LEAST_SHARE: dict[Method, float] = {"colour_key": 0.001, "print": 0.01, "salient": 0.01, "given": 0.0}
_MOST_SHARE = 0.95
_PADDING_SHARE = 0.02
# Garments that fill the picture have no outline; then at least this much of it must be even cloth.
_FILLING_GARMENT_SHARE = 0.6


class CutoutFailed(Exception):
    """No artwork could be told from its background; `code` is stable, `message` is fit for the customer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Cutout:
    """The artwork, trimmed to its content and a margin of 2 %.

    rgba: uint8 (H, W, 4), straight alpha. box: left, top, right, bottom in px of the source; larger than `rgba` when
    the source had more than 2000 px there. method: the route that was taken; "given" is for a picture that came with
    its background removed. confidence: 0..1, the product of `components` for photos.
    """

    rgba: ByteArray
    method: Method
    confidence: float
    box: Box
    components: dict[str, float]


def extract_artwork(rgb: ByteArray, mask_of: MaskOf, on_step: OnStep) -> Cutout:
    """Return the artwork of an opaque picture, or raise CutoutFailed.

    rgb: uint8 (H, W, 3). mask_of: the network, uint8 (h, w, 3) -> float32 (h, w) in 0..1; it is not asked when the
    background is flat. on_step: is told the step that begins. A picture with real alpha needs none of this.
    """
    on_step(STEP_FIND)
    work, scale = _fitted(rgb, WORK_SIDE_PX)
    whole: Box = (0, 0, rgb.shape[1], rgb.shape[0])
    statistics = background_statistics(work)
    if is_flat(statistics):
        on_step(STEP_REMOVE)
        rgba, confidence = unmix(work, statistics)
        return _finished(rgba, "colour_key", confidence, whole, scale, {"colour_key": confidence})
    search, _ = _fitted(work, SEARCH_SIDE_PX)
    search_scale = search.shape[1] / rgb.shape[1]
    salient = mask_of(search)
    region = _print_region(search, salient)
    on_step(STEP_REMOVE)
    if region is not None:
        try:
            return _print_of(rgb, region, search_scale, mask_of)
        except NoPrintFound:  # the crop, seen closely, holds no cloth to compare with
            pass
    return _salient_object(work, salient, whole, scale)


def _print_region(search: ByteArray, salient: FloatArray) -> PrintRegion | None:
    """Return the print on the salient garment, or on one that fills the picture; None when there is none."""
    try:
        return find_print(search, salient)
    except NoPrintFound:
        pass
    try:
        everywhere = np.ones_like(salient)
        return find_print(search, everywhere, least_garment_share=_FILLING_GARMENT_SHARE)
    except NoPrintFound:
        return None


def _print_of(rgb: ByteArray, region: PrintRegion, search_scale: float, mask_of: MaskOf) -> Cutout:
    box = _source_box(region.box, search_scale, rgb)
    left, top, right, bottom = box
    crop, scale = _fitted(rgb[top:bottom, left:right], WORK_SIDE_PX)
    small, _ = _fitted(crop, SEARCH_SIDE_PX)
    salient = _enlarged(mask_of(small), crop.shape[1], crop.shape[0])
    ink = lift_print(crop, salient, region.cloth_lab)
    alpha = ink.rgba[..., 3].astype(np.float32) / np.float32(255)
    components = scoring.print_components(
        alpha, separation=ink.separation, agreement=ink.agreement, faint_share=ink.faint_share
    )
    return _finished(ink.rgba, "print", scoring.product(components), box, scale, components)


def _salient_object(work: ByteArray, salient: FloatArray, whole: Box, scale: float) -> Cutout:
    mask = _enlarged(salient, work.shape[1], work.shape[0])
    alpha = refined_alpha(work, mask)
    colours = foreground_colours(work, alpha)
    rgba = np.rint(np.dstack([colours, alpha * 255])).astype(np.uint8)
    components = scoring.salient_components(alpha, mask)
    return _finished(rgba, "salient", scoring.product(components), whole, scale, components)


def _finished(
    rgba: ByteArray, method: Method, confidence: float, box: Box, scale: float, components: dict[str, float]
) -> Cutout:
    """Check that something, and not everything, was cut out, and trim it. scale: px of `rgba` per px of the source."""
    alpha = rgba[..., 3]
    visible_share = float(np.mean(alpha > 127))
    if visible_share < _LEAST_SHARE[method]:
        raise CutoutFailed("nothing_found", "No artwork was found in the picture.")
    frame = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    if visible_share > _MOST_SHARE or bool(np.all(frame >= 250)):
        raise CutoutFailed("not_separable", "The artwork could not be told from its background.")
    left, top, right, bottom = _content_box(alpha)
    trimmed = rgba[top:bottom, left:right].copy()
    trimmed[trimmed[..., 3] == 0] = 0
    return Cutout(trimmed, method, confidence, _in_source((left, top, right, bottom), box, scale), components)


def _content_box(alpha: ByteArray) -> Box:
    height_px, width_px = alpha.shape
    rows = np.nonzero((alpha > 8).any(axis=1))[0]
    columns = np.nonzero((alpha > 8).any(axis=0))[0]
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    padding_px = max(1, round(_PADDING_SHARE * max(bottom - top, right - left)))
    return (
        max(0, left - padding_px),
        max(0, top - padding_px),
        min(width_px, right + padding_px),
        min(height_px, bottom + padding_px),
    )


def _in_source(part: Box, outer: Box, scale: float) -> Box:
    left, top = outer[0] + part[0] / scale, outer[1] + part[1] / scale
    right, bottom = outer[0] + part[2] / scale, outer[1] + part[3] / scale
    return round(left), round(top), min(outer[2], round(right)), min(outer[3], round(bottom))


def _source_box(box: Box, scale: float, rgb: ByteArray) -> Box:
    left, top, right, bottom = (value / scale for value in box)
    height_px, width_px = rgb.shape[:2]
    return int(left), int(top), min(width_px, round(right)), min(height_px, round(bottom))


def _fitted(rgb: ByteArray, side_px: int) -> tuple[ByteArray, float]:
    """Return the picture with a long side of at most `side_px`, and the scale that this took."""
    height_px, width_px = rgb.shape[:2]
    scale = min(1.0, side_px / max(height_px, width_px))
    if scale == 1.0:
        return rgb, 1.0
    size_px = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
    image = Image.fromarray(np.ascontiguousarray(rgb)).resize(size_px, Image.Resampling.LANCZOS)
    return np.asarray(image, dtype=np.uint8), scale


def _enlarged(mask: FloatArray, width_px: int, height_px: int) -> FloatArray:
    image = Image.fromarray(np.ascontiguousarray(mask, dtype=np.float32))
    return np.asarray(image.resize((width_px, height_px), Image.Resampling.BICUBIC), dtype=np.float32).clip(
        0, 1
    )
