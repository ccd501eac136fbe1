"""Whether the thing that stands on an even background is a photographed garment: by its outline and its cloth.

A round, shaded drawing with dark eyes is also of one colour with marks on it, so the outline must be a garment's: the
same left and right, shoulders above, a straight hem below, and sleeves.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
ByteArray = NDArray[np.uint8]

_LEAST_SHARE = 0.12
_LEAST_SYMMETRY = 0.86
# Shares of the garment's height where its width is taken, and the widths' bounds as a share of the widest row.
_SHOULDER_AT, _LEAST_SHOULDER = 0.12, 0.40
_HEM_AT, _ABOVE_HEM_AT, _LEAST_HEM = 0.97, 0.82, 0.85
_SLEEVE_STEP = 0.94
# Long sleeves hang beside the body: so many of the lower rows show a gap, and the hem between them is so wide.
_LEAST_GAP_ROWS = 0.12
_LEAST_HEM_BETWEEN_SLEEVES = 0.55
# Drawn cloth is even: that many pixels equal their neighbour. The light on real cloth varies at least this much.
_MOST_EQUAL_NEIGHBOURS = 0.75
_LEAST_SHADING = 1.2


def is_garment(rgb: ByteArray, body: BoolArray) -> bool:
    """Return whether `body` (H, W) is a garment. rgb: uint8 (H, W, 3), best about 640 px long."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(body.astype(np.uint8), connectivity=8)
    if count < 2:
        return False
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    left, top, width, height, area = (int(value) for value in stats[largest])
    if area < _LEAST_SHARE * body.size or area < 0.9 * int(body.sum()):
        return False
    if not (0.6 < height / width < 1.9 and 0.45 < area / (width * height) < 0.95):
        return False
    shape = _filled(labels[top : top + height, left : left + width] == largest)
    return _has_outline(shape) and _has_cloth(rgb[top : top + height, left : left + width], shape)


def _filled(shape: BoolArray) -> BoolArray:
    contours, _ = cv2.findContours(shape.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(shape.shape, dtype=np.uint8)
    cv2.drawContours(filled, contours, -1, 1, cv2.FILLED)
    return filled > 0


def _has_outline(shape: BoolArray) -> bool:
    mirrored = shape[:, ::-1]
    if np.count_nonzero(shape & mirrored) < _LEAST_SYMMETRY * np.count_nonzero(shape | mirrored):
        return False
    widths = shape.sum(axis=1).astype(float)
    height = len(widths)

    def width_at(share: float) -> float:
        row = int(share * (height - 1))
        return float(np.median(widths[max(0, row - 2) : row + 3]))

    widest = float(np.percentile(widths, 98))
    if width_at(_SHOULDER_AT) < _LEAST_SHOULDER * widest:
        return False
    if _hanging_sleeves(shape):
        return width_at(_HEM_AT) > _LEAST_HEM_BETWEEN_SLEEVES * widest
    straight_hem = width_at(_HEM_AT) > _LEAST_HEM * width_at(_ABOVE_HEM_AT)
    short_sleeves = int(np.argmax(widths)) < 0.6 * height and width_at(0.75) < _SLEEVE_STEP * widest
    return straight_hem and short_sleeves


def _hanging_sleeves(shape: BoolArray) -> bool:
    """Return whether two sleeves hang beside the body: gaps cut some of the lower rows into three."""
    rows = shape[len(shape) // 2 :]
    starts = (np.diff(np.pad(rows, ((0, 0), (1, 0))).astype(np.int8), axis=1) == 1).sum(axis=1)
    return float(np.mean(starts == 3)) > _LEAST_GAP_ROWS


def _has_cloth(rgb: ByteArray, shape: BoolArray) -> bool:
    inside = cv2.erode(shape.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    if not inside.any():
        return False
    equal = (rgb[:, 1:] == rgb[:, :-1]).all(axis=2)
    grey = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY).astype(np.float32)
    typical = float(np.median(grey[inside]))
    near = inside & (np.abs(grey - typical) < 30)
    shading = float(cv2.GaussianBlur(grey, (0, 0), 2)[near].std())
    return float(np.mean(equal[inside[:, 1:]])) < _MOST_EQUAL_NEIGHBOURS and shading > _LEAST_SHADING
