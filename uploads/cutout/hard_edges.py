"""Art without half-clear pixels, for methods that print a pixel or leave it out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# Fainter than this is haze, not ink.
_LEAST_INK = 48
_HALF = 128


def without_semi_transparency(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture with every alpha either 0 or 255; colours stay, and are zero where nothing is left.

    rgba: uint8 (H, W, 4), straight alpha. The border runs where half is covered. Hair lines that are nowhere covered
    by half would vanish; each of them keeps what exceeds half of its own strongest pixel.
    """
    alpha = rgba[..., 3]
    kept = alpha >= _HALF
    regions, count = ndimage.label(alpha >= _LEAST_INK, structure=np.ones((3, 3), dtype=bool))
    if count:
        strongest = np.asarray(ndimage.maximum(alpha, regions, index=np.arange(count + 1)))
        strongest[0] = 0
        peak = strongest[regions]
        kept |= (regions > 0) & (peak < _HALF) & (alpha.astype(np.int16) * 2 > peak)
    hard = rgba.copy()
    hard[..., 3] = np.where(kept, 255, 0)
    hard[~kept] = 0
    return hard
