"""Shadows, glows and washes of colour on a flat background: areas that climb slowly and are meant to be translucent.

They are looked for at no more than 1024 px, where they are as plain as at full size. A soft area climbs slowly and
also begins slowly: where more than a quarter of its rim toward the background is a drawn edge, it is a plain area.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
ByteArray = NDArray[np.uint8]
Labels = NDArray[np.int32]

_SEARCH_SIDE_PX = 1024
# A ramp begins with less than this per pixel (levels of 255), may steepen to the second; a drawn edge climbs more.
_SOFT_SLOPE = 2.5
_SOFT_RIM_SLOPE = 4.0
_STEEPEST_RAMP = 9.0
_LEAST_AREA_SHARE = 5e-5
# Light that is caught inside a letter has the glow's hue: the cosine between the two offsets is at least this.
_SAME_HUE = 0.985
# How far around (share of the long side) the fullest paint of a wash is looked for, and the least it can be.
_WASH_REACH_SHARE = 0.07
_PALEST_PAINT = 0.45
# An area is a shadow when this much of it only darkens the background.
_SHADOW_SHARE = 0.8
# A glow's outline lies on solid ink for more than this share.
_GLOW_CONTACT = 0.2


@dataclass(frozen=True)
class SoftAreas:
    """mask: uint8 (H, W), 255 where the artwork is translucent. glow: the part of it that surrounds solid ink.

    doubtful_share: area that might be soft, 0..1.
    """

    mask: ByteArray
    glow: ByteArray
    doubtful_share: float

    @property
    def any(self) -> bool:
        """Whether there is any soft area."""
        return bool(self.mask.any())


def find_soft_areas(rgb: ByteArray, background: FloatArray, distance: ByteArray, ink: ByteArray) -> SoftAreas:
    """Return the soft areas of the ink. distance: uint8 (H, W) from the background. ink: uint8 (H, W), 0 or 255."""
    height_px, width_px = ink.shape
    scale = min(1.0, _SEARCH_SIDE_PX / max(height_px, width_px))
    size_px = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
    small = cv2.resize(distance, size_px, interpolation=cv2.INTER_AREA).astype(np.float32)
    small_ink = cv2.resize(ink, size_px, interpolation=cv2.INTER_AREA) > 127
    slope = slope_of(small) * np.float32(scale)
    # The middle of a thin stroke is level, too; its neighbours tell it from a ramp.
    slope = cv2.dilate(slope, np.ones((3, 3), np.uint8))
    rim = small_ink & (cv2.erode(small_ink.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    least_px = max(32.0, _LEAST_AREA_SHARE * small_ink.size)
    ramps, area_px, begins = _rim_shares(small_ink & (slope < _STEEPEST_RAMP), rim, slope < _SOFT_RIM_SLOPE)
    chosen = (area_px > least_px) & (begins > 0.75)
    _, doubtful_px, doubtful = _rim_shares(small_ink & (slope < _SOFT_SLOPE), rim, slope < _SOFT_SLOPE)
    share = float(doubtful_px[(doubtful_px > least_px) & (doubtful > 0)].sum() / small_ink.size)
    if not chosen.any():
        return SoftAreas(np.zeros_like(ink), np.zeros_like(ink), share)
    if not chosen.all():
        offset = cv2.resize(rgb, size_px, interpolation=cv2.INTER_AREA) - cv2.resize(background, size_px)
        chosen |= _caught_light(ramps, area_px > least_px, chosen, offset.astype(np.float32))
    chosen[0] = False
    glowing = chosen & _touches_ink(ramps, chosen, small_ink, rim)
    masks = []
    for areas in (chosen, glowing):
        soft = areas[ramps].astype(np.uint8) * 255
        whole = cv2.resize(soft, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
        masks.append(np.where((ink > 0) & (whole > 127), np.uint8(255), np.uint8(0)))
    return SoftAreas(masks[0], masks[1], share)


def _touches_ink(labels: Labels, soft: BoolArray, ink: BoolArray, rim: BoolArray) -> BoolArray:
    """Return which soft areas lie around solid ink and so are its glow: a fair part of their outline is on it."""
    solid = (ink & ~soft[labels]).astype(np.uint8)
    # What is steep is no ink yet: the solid core of a drawn edge is three pixels wide at least.
    solid = cv2.dilate(cv2.erode(solid, np.ones((3, 3), np.uint8)), np.ones((7, 7), np.uint8))
    edge = soft[labels] & (cv2.erode(soft[labels].astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    contact_px = np.bincount(labels[edge & (solid > 0) & ~rim], minlength=len(soft))
    edge_px = np.bincount(labels[edge], minlength=len(soft))
    result: BoolArray = contact_px > _GLOW_CONTACT * np.maximum(edge_px, 1)
    return result


def slope_of(values: FloatArray) -> FloatArray:
    """Return the gradient's length per pixel after a blur of one pixel, float32 (H, W)."""
    smooth = cv2.GaussianBlur(values, (0, 0), 1.0)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return np.asarray(cv2.magnitude(across, down), dtype=np.float32)


def least_alpha(offset: FloatArray, background: FloatArray) -> FloatArray:
    """Return the least alpha whose ink exists in 0..255, of offsets (..., 3) from a background (..., 3)."""
    room = np.where(offset > 0, 255.0 - background, background)
    share = np.abs(offset) / np.maximum(room, 1.0)
    return np.clip(share.max(axis=-1), 0, 1).astype(np.float32)


def wash_strength(least: FloatArray, soft: ByteArray, shade: BoolArray) -> FloatArray:
    """Return what to divide `least` by: the fullest paint around, since a wash is full paint at its strongest.

    The least alpha of a pale paint makes it a thin film of a garish ink. A shadow is no paint: it only darkens the
    background (`shade`), black at the least alpha is right for it, and the strength is 1 there.
    """
    reach_px = max(3, round(_WASH_REACH_SHARE * max(least.shape)))
    step = max(1, reach_px // 12)
    paint = np.where((soft > 0) & ~shade, least, 0).astype(np.float32)
    size_px = (max(1, least.shape[1] // step), max(1, least.shape[0] // step))
    coarse = cv2.resize(paint, size_px, interpolation=cv2.INTER_AREA)
    side_px = 2 * max(1, reach_px // step) + 1
    around = cv2.dilate(coarse, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side_px, side_px)))
    around = cv2.GaussianBlur(around, (0, 0), max(1.0, side_px / 4))
    fullest = cv2.resize(around, (least.shape[1], least.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.where(shade, 1.0, np.clip(fullest, _PALEST_PAINT, 1.0)).astype(np.float32)


def darkens_only(offset: FloatArray, background: FloatArray) -> BoolArray:
    """Return where light is merely taken away from the background, as a shadow does: (...,) of offsets (..., 3)."""
    light = np.linalg.norm(background, axis=-1)
    length = np.linalg.norm(offset, axis=-1)
    along = -np.einsum("...c,...c->...", offset, background) / np.maximum(light, 1.0)
    result: BoolArray = along > 0.985 * length
    return result


def darkening_areas(
    soft: ByteArray, y: NDArray[np.intp], x: NDArray[np.intp], darkens: BoolArray, strength: FloatArray
) -> BoolArray:
    """Return which of the soft pixels (n,) lie in an area that darkens for the most part, weighted by `strength`.

    Paint has places of every hue, also of the background's own, and no seams around them: an area is a shadow or a
    wash as a whole.
    """
    count, labels = cv2.connectedComponents(soft, connectivity=8)
    area = labels[y, x]
    dark = np.bincount(area, strength * darkens, minlength=count)
    result: BoolArray = (dark > _SHADOW_SHARE * np.bincount(area, strength, minlength=count))[area]
    return result


def _rim_shares(
    region: BoolArray, rim: BoolArray, gentle: BoolArray
) -> tuple[Labels, NDArray[np.int64], NDArray[np.float64]]:
    """Return the components of `region`, the area of each (px), and the share of its rim that begins gently."""
    count, labels = cv2.connectedComponents(region.astype(np.uint8), connectivity=4)
    owner = cv2.dilate(labels.astype(np.float32), np.ones((5, 5), np.uint8))[rim].astype(np.int64)
    rim_px = np.bincount(owner, minlength=count)
    gentle_px = np.bincount(owner[gentle[rim]], minlength=count)
    area_px = np.bincount(labels.ravel(), minlength=count)
    begins = gentle_px / np.maximum(rim_px, 1)
    begins[0] = 0.0
    return labels.astype(np.int32), area_px, begins


def _caught_light(labels: Labels, large: BoolArray, soft: BoolArray, offset: FloatArray) -> BoolArray:
    """Return the level areas inside the ink that hold the glow's own light, as the inside of a neon letter does."""
    count = len(large)
    sums = np.stack(
        [np.bincount(labels.ravel(), offset[..., channel].ravel(), minlength=count) for channel in range(3)],
        axis=1,
    )
    length = np.linalg.norm(offset, axis=2)
    area_px = np.maximum(np.bincount(labels.ravel(), minlength=count), 1)
    unit = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
    strength = np.bincount(labels.ravel(), length.ravel(), minlength=count) / area_px
    square = np.bincount(labels.ravel(), np.square(length).ravel(), minlength=count) / area_px
    varied = np.sqrt(np.maximum(square - strength**2, 0)) > 0.05 * strength
    glows = np.nonzero(soft)[0]
    strongest = np.array([length[labels == label].max() for label in glows])
    alike = unit @ unit[glows].T > _SAME_HUE
    weaker = strength[:, None] < 0.9 * strongest[None]
    result: BoolArray = large & varied & ~soft & (alike & weaker).any(axis=1)
    return result
