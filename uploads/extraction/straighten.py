"""A print seen at an angle, as if seen straight on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from uploads.cutout.artwork import Cutout
from uploads.extraction.rectify import rectified_print

# A rectangle whose corners lie within this share of its size is straight already; resampling would only blur it.
_LEAST_SKEW_SHARE = 0.01
# What is turned further was printed so.
_MOST_TILT_DEG = 20.0
_MARGIN_SHARE = 0.02


def straightened(cutout: Cutout) -> Cutout | None:
    """The cut-out of a photographed print with its perspective undone; None where nothing tells what straight is.

    Only a print that fills a rectangle says what it looked like from the front.
    """
    if cutout.method != "print":
        return None
    flat = rectified_print(cutout.rgba)
    if not flat.is_quadrilateral or not _is_skewed(flat.corners):
        return None
    height_px, width_px = flat.rgba.shape[:2]
    margin_px = max(1, round(_MARGIN_SHARE * max(height_px, width_px)))
    framed = np.pad(flat.rgba, ((margin_px, margin_px), (margin_px, margin_px), (0, 0)))
    return replace(cutout, rgba=framed)


def _is_skewed(corners: NDArray[np.float32]) -> bool:
    """corners: float32 (4, 2), clockwise from the top left."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    upright = np.array([low, (high[0], low[1]), high, (low[0], high[1])], dtype=np.float32)
    skew = float(np.abs(corners - upright).max() / max(*(high - low), 1.0))
    run = corners[1] - corners[0]
    tilt_deg = abs(float(np.degrees(np.arctan2(run[1], run[0]))))
    return skew > _LEAST_SKEW_SHARE and tilt_deg < _MOST_TILT_DEG
