"""Take the artwork out of whatever picture a customer sends: the route, the crop and the last checks.

A flat or graded background is undone exactly (`colour_key`), without a network. A photo of a garment gives its print
(`print_region`, `print_ink`). Any other photo gives its salient object (`matting`). No picture is returned uncut.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from uploads.cutout import scoring
from uploads.cutout.background import BackgroundStatistics, background_statistics, is_flat
from uploads.cutout.colour_key import Unmixed, unmix
from uploads.cutout.doubtful_mask import is_doubtful, without_background_colours
from uploads.cutout.garment_shape import is_garment
from uploads.cutout.matting import cut_out, halved
from uploads.cutout.print_ink import lift_print
from uploads.cutout.print_region import NoPrintFound, PrintRegion, find_print

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]
Box = tuple[int, int, int, int]
Method = Literal["colour_key", "print", "salient", "given"]
# What was found in the picture: an even or a graded background, a photo on an even one, a garment on either, a photo.
Route = Literal["flat", "graded", "photo_on_flat", "garment_on_flat", "garment_photo", "photo", "given"]
Subject = Literal["print", "object"]
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
# Beside the largest object, what the frame cuts off must be this large to belong to it, what stands free this.
_LESSER_CUT_OFF, _LESSER_FREE = 0.35, 0.02
# The network and the colour key must agree this far (IoU) that they see the same object.
_PHOTO_AGREEMENT = 0.80


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
    the source had more than 2000 px there. method: how it was cut out; "given" is for a picture that came with its
    background removed. confidence: 0..1, the product of `components`. route: what the picture was taken for.
    timings_s: what each stage took.
    """

    rgba: ByteArray
    method: Method
    confidence: float
    box: Box
    components: dict[str, float]
    route: Route = "given"
    timings_s: dict[str, float] = field(default_factory=dict)


class _Clock:
    """Takes the time of stages that follow each other."""

    def __init__(self) -> None:
        self.taken_s: dict[str, float] = {}
        self._since = time.perf_counter()

    def stage(self, name: str) -> None:
        """The stage that ends now was this one."""
        now = time.perf_counter()
        self.taken_s[name] = self.taken_s.get(name, 0.0) + now - self._since
        self._since = now


@dataclass(frozen=True)
class _Found:
    """A cut-out before its last checks: box in px of the source, scale: px of `rgba` per px of the source."""

    rgba: ByteArray
    method: Method
    route: Route
    components: dict[str, float]
    box: Box
    scale: float


def extract_artwork(
    rgb: ByteArray, mask_of: MaskOf, on_step: OnStep, *, subject: Subject = "print"
) -> Cutout:
    """Return the artwork of an opaque picture, or raise CutoutFailed.

    rgb: uint8 (H, W, 3). mask_of: the network, uint8 (h, w, 3) -> float32 (h, w) in 0..1; it is not asked when the
    background is flat and the art is drawn. on_step: is told the step that begins. subject: "print" takes the print
    off a garment, "object" leaves the garment whole. A picture with real alpha needs none of this.
    """
    clock = _Clock()
    on_step(STEP_FIND)
    work, scale = _fitted(rgb, WORK_SIDE_PX)
    statistics = background_statistics(work)
    clock.stage("route")
    if is_flat(statistics):
        found = _on_even_background(rgb, work, scale, statistics, mask_of, on_step, subject, clock)
    else:
        found = _on_photo(rgb, work, scale, mask_of, on_step, subject, clock)
    return _finished(found, clock)


def _on_even_background(
    rgb: ByteArray,
    work: ByteArray,
    scale: float,
    statistics: BackgroundStatistics,
    mask_of: MaskOf,
    on_step: OnStep,
    subject: Subject,
    clock: _Clock,
) -> _Found:
    whole: Box = (0, 0, rgb.shape[1], rgb.shape[0])
    unmixed = unmix(work, statistics)
    clock.stage("unmix")
    if subject == "print":
        region = _print_on_cut_garment(work, unmixed)
        clock.stage("find_print")
        if region is not None:
            on_step(STEP_REMOVE)
            try:
                return _print_of(rgb, region, mask_of, "garment_on_flat", clock)
            except NoPrintFound:  # the crop, seen closely, holds no cloth to compare with
                pass
    on_step(STEP_REMOVE)
    components = scoring.key_components(unmixed, statistics)
    if scoring.is_photographic(unmixed):
        photo = _photo_on_even_background(work, scale, whole, unmixed, statistics, mask_of)
        clock.stage("network_and_matting")
        if photo is not None:
            return photo
    route: Route = "flat" if statistics.surface is None else "graded"
    return _Found(unmixed.rgba, "colour_key", route, components, whole, scale)


def _print_on_cut_garment(work: ByteArray, unmixed: Unmixed) -> PrintRegion | None:
    """Return the print when what stands on the even background is a garment; box in px of the work's source."""
    search = _search_copy(work)
    alpha = _roughly_resized(_alpha(unmixed.rgba), search.shape[1], search.shape[0])
    body = alpha.astype(np.float32) / np.float32(255)
    if not is_garment(search, body > 0.5):
        return None
    try:
        return find_print(search, body)
    except NoPrintFound:
        return None


def _photo_on_even_background(
    work: ByteArray,
    scale: float,
    whole: Box,
    unmixed: Unmixed,
    statistics: BackgroundStatistics,
    mask_of: MaskOf,
) -> _Found | None:
    """Return the object as the network and the known background show it; None when the network sees something else.

    Fur and cloth of nearly the background's colour are full of holes to the colour key.
    """
    search = _search_copy(work)
    salient = mask_of(search)
    alpha = _roughly_resized(_alpha(unmixed.rgba), search.shape[1], search.shape[0])
    agreement = scoring.mask_agreement(alpha.astype(np.float32) / np.float32(255), salient)
    if agreement < _PHOTO_AGREEMENT:
        return None
    rgba = cut_out(work, salient, statistics.colour if statistics.surface is None else None)
    components = _salient_components(rgba, salient, salient)
    return _Found(rgba, "salient", "photo_on_flat", components, whole, scale)


def _on_photo(
    rgb: ByteArray,
    work: ByteArray,
    scale: float,
    mask_of: MaskOf,
    on_step: OnStep,
    subject: Subject,
    clock: _Clock,
) -> _Found:
    search = _search_copy(work)
    salient = mask_of(search)
    clock.stage("network")
    region = _print_region(search, salient) if subject == "print" else None
    clock.stage("find_print")
    on_step(STEP_REMOVE)
    if region is not None:
        try:
            return _print_of(rgb, region, mask_of, "garment_photo", clock)
        except NoPrintFound:  # the crop, seen closely, holds no cloth to compare with
            pass
    subject_mask, others_share = _main_subject(salient)
    if is_doubtful(subject_mask):
        subject_mask = without_background_colours(search, subject_mask)
        clock.stage("colour_models")
    rgba = cut_out(work, subject_mask)
    clock.stage("matting")
    components = _salient_components(rgba, subject_mask, salient, others_share)
    return _Found(rgba, "salient", "photo", components, (0, 0, rgb.shape[1], rgb.shape[0]), scale)


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


def _print_of(rgb: ByteArray, region: PrintRegion, mask_of: MaskOf, route: Route, clock: _Clock) -> _Found:
    _, search_scale = _size_within(rgb, SEARCH_SIDE_PX)
    box = _source_box(region.box, search_scale, rgb)
    left, top, right, bottom = box
    crop, scale = _fitted(rgb[top:bottom, left:right], WORK_SIDE_PX)
    small = _search_copy(crop)
    salient = _enlarged(mask_of(small), crop.shape[1], crop.shape[0])
    clock.stage("network")
    ink = lift_print(crop, salient, region.cloth_lab)
    clock.stage("lift_print")
    alpha = ink.rgba[..., 3].astype(np.float32) / np.float32(255)
    components = scoring.print_components(
        alpha, separation=ink.separation, agreement=ink.agreement, faint_share=ink.faint_share
    )
    return _Found(ink.rgba, "print", route, components, box, scale)


def _salient_components(
    rgba: ByteArray, mask: FloatArray, seen: FloatArray, others_share: float = 0.0
) -> dict[str, float]:
    """Return what speaks for a salient object, measured at the size of the network's mask."""
    alpha = _roughly_resized(_alpha(rgba), mask.shape[1], mask.shape[0])
    return scoring.salient_components(
        alpha.astype(np.float32) / np.float32(255), mask, seen=seen, others_share=others_share
    )


def _main_subject(salient: FloatArray) -> tuple[FloatArray, float]:
    """Return the mask without the lesser things that the frame cuts off, and their area beside the rest's.

    What stands free in the picture stays.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (salient > 0.4).astype(np.uint8), connectivity=8
    )
    if count <= 2:
        return salient, 0.0
    area_px = stats[1:, cv2.CC_STAT_AREA]
    right = stats[1:, cv2.CC_STAT_LEFT] + stats[1:, cv2.CC_STAT_WIDTH]
    bottom = stats[1:, cv2.CC_STAT_TOP] + stats[1:, cv2.CC_STAT_HEIGHT]
    cut_off = (stats[1:, cv2.CC_STAT_LEFT] == 0) | (stats[1:, cv2.CC_STAT_TOP] == 0)
    cut_off |= (right == salient.shape[1]) | (bottom == salient.shape[0])
    lesser = area_px < np.where(cut_off, _LESSER_CUT_OFF, _LESSER_FREE) * area_px.max()
    dropped = np.concatenate([[False], lesser])[labels].astype(np.uint8)
    kept = np.concatenate([[False], ~lesser])[labels].astype(np.uint8)
    # The soft flank of what is dropped goes with it, that of what is kept stays.
    to_dropped = cv2.distanceTransform(1 - dropped, cv2.DIST_L2, 3)
    to_kept = cv2.distanceTransform(1 - kept, cv2.DIST_L2, 3)
    share = float(area_px[lesser].sum() / area_px[~lesser].sum())
    return np.where(to_dropped < to_kept, np.float32(0), salient), share


def _finished(found: _Found, clock: _Clock) -> Cutout:
    """Check that something, and not everything, was cut out, and trim it."""
    alpha = _alpha(found.rgba)
    visible_share = float(np.count_nonzero(alpha > 127) / alpha.size)
    if visible_share < _LEAST_SHARE[found.method]:
        raise CutoutFailed("nothing_found", "No artwork was found in the picture.")
    frame = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    if visible_share > _MOST_SHARE or bool(np.all(frame >= 250)):
        raise CutoutFailed("not_separable", "The artwork could not be told from its background.")
    part = _content_box(alpha)
    left, top, right, bottom = part
    content = np.ascontiguousarray(found.rgba[top:bottom, left:right])
    trimmed = np.asarray(cv2.copyTo(content, _alpha(content)), dtype=np.uint8)
    clock.stage("trim")
    return Cutout(
        trimmed,
        found.method,
        scoring.product(found.components),
        _in_source(part, found.box, found.scale),
        found.components,
        found.route,
        clock.taken_s,
    )


def _alpha(rgba: ByteArray) -> ByteArray:
    """Return the alpha channel side by side: numpy reads every fourth byte four times slower."""
    return np.asarray(cv2.extractChannel(rgba, 3), dtype=np.uint8)


def _content_box(alpha: ByteArray) -> Box:
    height_px, width_px = alpha.shape
    left, top, width, height = cv2.boundingRect((alpha > 8).astype(np.uint8))
    right, bottom = left + width, top + height
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
    size_px, scale = _size_within(rgb, side_px)
    return (rgb if scale == 1.0 else _resized(halved(rgb, min(size_px)), *size_px)), scale


def _search_copy(rgb: ByteArray) -> ByteArray:
    """Return the picture at the size at which things are looked for."""
    size_px, scale = _size_within(rgb, SEARCH_SIDE_PX)
    return rgb if scale == 1.0 else _roughly_resized(rgb, *size_px)


def _size_within(rgb: ByteArray, side_px: int) -> tuple[tuple[int, int], float]:
    """Return width and height (px) with a long side of at most `side_px`, and the scale that this takes."""
    height_px, width_px = rgb.shape[:2]
    scale = min(1.0, side_px / max(height_px, width_px))
    return (max(1, round(width_px * scale)), max(1, round(height_px * scale))), scale


def _roughly_resized(layers: ByteArray, width_px: int, height_px: int) -> ByteArray:
    """Return a smaller picture for masks and statistics, in a sixth of the time of `_resized`."""
    near = halved(layers, min(width_px, height_px))
    if max(near.shape[0] / height_px, near.shape[1] / width_px) >= 2:  # a side of an odd length
        return _resized(near, width_px, height_px)
    return np.asarray(cv2.resize(near, (width_px, height_px), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _resized(layers: ByteArray, width_px: int, height_px: int) -> ByteArray:
    shrunk = cv2.resize(np.ascontiguousarray(layers), (width_px, height_px), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, dtype=np.uint8)


def _enlarged(mask: FloatArray, width_px: int, height_px: int) -> FloatArray:
    enlarged = cv2.resize(np.ascontiguousarray(mask), (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged, dtype=np.float32)
