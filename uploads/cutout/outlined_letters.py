"""Find the filling of outlined letters whose colour is the background's own, as in white college lettering on white.

By its pixels such a filling is background. What tells it is typography: an outline of one even stroke closes around a
region that is itself a stroke, and several of one size stand together. Counters of plain letters, rings and frames
are compact, and line drawings have loose ends and compact meshes; they stay open.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
ByteArray = NDArray[np.uint8]

# A letter's body is at least this many times as long as it is thick (area by thickness squared); a disc has 0.8.
_LEAST_ELONGATION = 1.9
# The outline is thinner than the letter's stem, but not a hair.
_STEM_PER_STROKE = (1.25, 14.0)
# What an outline encloses is at least this large beside the outline itself; a counter is smaller than its letter.
_LEAST_FILLING_PER_INK = 0.5
# Fewer letters are no lettering; stems of one typeface differ less than this, and so do heights of one line.
_LEAST_LETTERS = 3
_MOST_STEM_RATIO = 2.0
_MOST_HEIGHT_RATIO = 2.6
# Of all that the outlines enclose, this much must look like letters.
_LEAST_LETTER_SHARE = 0.7


@dataclass(frozen=True)
class _Filling:
    """A region that an outline encloses: label, the outline's part, area, thickness of body and outline, height."""

    label: int
    owner: int
    area_px: float
    stem_px: float
    stroke_px: float
    height_px: float

    @property
    def is_letter(self) -> bool:
        low, high = _STEM_PER_STROKE
        elongated = self.area_px > _LEAST_ELONGATION * self.stem_px**2
        return elongated and low <= self.stem_px / max(self.stroke_px, 1.0) <= high


def letter_fillings(ink: ByteArray) -> BoolArray:
    """Return the pixels (H, W) that fill outlined letters. ink: uint8 (H, W), 0 or 255."""
    nothing = np.zeros(ink.shape, dtype=bool)
    framed = cv2.copyMakeBorder(ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    count, holes, stats, _ = cv2.connectedComponentsWithStats(cv2.bitwise_not(framed), connectivity=4)
    # Label 0 is the ink; the frame that was just added makes the surrounding background the component at the corner.
    outside = int(holes[0, 0])
    least_px = max(60.0, 2e-5 * ink.size)
    candidates = [
        label for label in range(1, count) if label != outside and stats[label, cv2.CC_STAT_AREA] >= least_px
    ]
    if len(candidates) < _LEAST_LETTERS or len(candidates) > 400:
        return nothing
    _, parts, part_stats, _ = cv2.connectedComponentsWithStats(framed, connectivity=8)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 3)
    touching_outside = np.unique(parts[cv2.dilate((holes == outside).astype(np.uint8), np.ones((3, 3))) > 0])
    fillings: list[_Filling] = []
    for label in candidates:
        filling = _measured(label, stats[label], holes, parts, part_stats, depth, touching_outside)
        if filling is not None:
            fillings.append(filling)
    fillings = _mostly_filled(fillings, part_stats)
    letters = _lettering(fillings)
    enclosed_px = sum(filling.area_px for filling in fillings)
    if len(letters) < _LEAST_LETTERS or sum(f.area_px for f in letters) < _LEAST_LETTER_SHARE * enclosed_px:
        return nothing
    chosen = np.isin(holes, [filling.label for filling in letters])
    return np.asarray(chosen[1:-1, 1:-1])


def _mostly_filled(fillings: list[_Filling], part_stats: NDArray[np.int32]) -> list[_Filling]:
    """Return the fillings whose outlines enclose more than they cover themselves."""
    enclosed_px: dict[int, float] = {}
    for filling in fillings:
        enclosed_px[filling.owner] = enclosed_px.get(filling.owner, 0.0) + filling.area_px
    return [
        filling
        for filling in fillings
        if enclosed_px[filling.owner]
        > _LEAST_FILLING_PER_INK * float(part_stats[filling.owner, cv2.CC_STAT_AREA])
    ]


def _measured(
    label: int,
    box: NDArray[np.int32],
    holes: NDArray[np.int32],
    parts: NDArray[np.int32],
    part_stats: NDArray[np.int32],
    depth: NDArray[np.float32],
    outer_parts: NDArray[np.int32],
) -> _Filling | None:
    """Return the measures of one enclosed region; None when what encloses it is no outline of one even stroke."""
    left, top, width, height, area = (int(value) for value in box)
    pad = 4
    window = (
        slice(max(0, top - pad), top + height + pad),
        slice(max(0, left - pad), left + width + pad),
    )
    region = (holes[window] == label).astype(np.uint8)
    stem_px = 2 * float(cv2.distanceTransform(region, cv2.DIST_L2, 3).max())
    beside = (cv2.dilate(region, np.ones((3, 3), np.uint8)) > 0) & (region == 0)
    around, counts = np.unique(parts[window][beside], return_counts=True)
    owner = int(around[np.argmax(counts)])
    if owner not in outer_parts:
        return None
    stroke_px, even = _stroke(owner, part_stats[owner], parts, depth)
    if not even:
        return None
    return _Filling(label, owner, float(area), stem_px, stroke_px, float(height))


def _stroke(
    owner: int, box: NDArray[np.int32], parts: NDArray[np.int32], depth: NDArray[np.float32]
) -> tuple[float, bool]:
    """Return the thickness of a part's stroke (px), and whether it has only one: the ridge is equally deep."""
    left, top, width, height, _ = (int(value) for value in box)
    window = (slice(top, top + height), slice(left, left + width))
    own = parts[window] == owner
    part_depth = np.where(own, depth[window], 0).astype(np.float32)
    ridge = part_depth[own & (part_depth >= cv2.dilate(part_depth, np.ones((3, 3), np.uint8)) - 1e-3)]
    typical, thick = float(np.median(ridge)), float(np.percentile(ridge, 90))
    return 2 * typical, thick <= 1.5 * typical + 0.75


def _lettering(fillings: list[_Filling]) -> list[_Filling]:
    """Return the letter-like regions that are of one typeface: similar stems, strokes and heights."""
    letters = [filling for filling in fillings if filling.is_letter]
    if not letters:
        return []
    stem = float(np.median([letter.stem_px for letter in letters]))
    height = float(np.median([letter.height_px for letter in letters]))
    return [
        letter
        for letter in letters
        if 1 / _MOST_STEM_RATIO <= letter.stem_px / stem <= _MOST_STEM_RATIO
        and 1 / _MOST_HEIGHT_RATIO <= letter.height_px / height <= _MOST_HEIGHT_RATIO
    ]
