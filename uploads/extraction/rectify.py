"""Bring two views of the same print over each other: the print in a photo, and a drawing of it.

The photo shows the print tilted and in perspective. The outline's four corners give a first homography; aligning the
edges (enhanced correlation, Evangelidis and Psarakis 2008) makes it exact.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]

_SIDE_PX = 512
# Corners that lie further out of a rectangle than this share of its side come from a ragged print, not from a tilt.
_MOST_TILT_SHARE = 0.35
_LEAST_QUAD_FILL = 0.80


@dataclass(frozen=True)
class Rectified:
    """A print seen straight on.

    rgba: uint8 (H, W, 4). corners: float32 (4, 2), px of the source, clockwise from top left. is_quadrilateral:
    whether the print has four corners of its own; otherwise its box was taken and only turned.
    """

    rgba: ByteArray
    corners: FloatArray
    is_quadrilateral: bool


def rectified_print(rgba: ByteArray) -> Rectified:
    """Return the print, cut out of a photo, as if seen straight on. rgba: uint8 (H, W, 4), straight alpha.

    A print that fills a tilted rectangle is stretched back into it; any other is only turned upright, by the tilt of
    its smallest box where that is small. Raises ValueError for a picture without anything visible.
    """
    visible = (rgba[..., 3] > 127).astype(np.uint8)
    points = cv2.findNonZero(visible)
    if points is None:
        raise ValueError("there is no print in the picture")
    hull = cv2.convexHull(points)
    corners = _quadrilateral(hull)
    is_quadrilateral = corners is not None
    if corners is None:
        corners = _upright_box(hull)
    width_px = max(1, round(max(_length(corners, 0, 1), _length(corners, 3, 2))))
    height_px = max(1, round(max(_length(corners, 0, 3), _length(corners, 1, 2))))
    target = np.array([(0, 0), (width_px, 0), (width_px, height_px), (0, height_px)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    flat = warped(rgba, np.asarray(matrix, dtype=np.float64), (width_px, height_px))
    return Rectified(flat, corners, is_quadrilateral)


def warped(rgba: ByteArray, matrix: NDArray[np.float64], size_px: tuple[int, int]) -> ByteArray:
    """Return the picture through a homography, colours weighted by alpha so that clear pixels lend no colour."""
    alpha = rgba[..., 3:].astype(np.float32) / np.float32(255)
    premultiplied = np.dstack([rgba[..., :3] * alpha, alpha * 255]).astype(np.float32)
    moved = cv2.warpPerspective(premultiplied, matrix, size_px, flags=cv2.INTER_LINEAR)
    colour = moved[..., :3] / np.maximum(moved[..., 3:] / 255, 1e-3)
    result = np.dstack([np.where(moved[..., 3:] > 0.5, colour, 0), moved[..., 3]])
    return np.clip(np.rint(result), 0, 255).astype(np.uint8)


def aligned(moving: FloatArray, fixed: FloatArray) -> tuple[NDArray[np.float64], float] | None:
    """Return the homography that lays `moving` over `fixed`, both float32 (H, W), and their correlation -1..1.

    None when they cannot be brought together.
    """
    warp = np.eye(3, dtype=np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
    try:
        correlation, warp = cv2.findTransformECC(
            fixed, moving, warp, cv2.MOTION_HOMOGRAPHY, criteria, None, 5
        )
    except cv2.error:  # the correlation is undefined or falls: the pictures have nothing in common
        return None
    return np.linalg.inv(np.asarray(warp, dtype=np.float64)), float(correlation)


def edge_picture(rgba: ByteArray, size_px: tuple[int, int] = (_SIDE_PX, _SIDE_PX)) -> FloatArray:
    """Return how strong the edges are, colour edges and outline alike, float32 (h, w) in 0..1; (width, height) px."""
    alpha = rgba[..., 3:].astype(np.float32) / np.float32(255)
    layers = np.dstack([rgba[..., :3] * alpha + 128 * (1 - alpha), alpha * 255]).astype(np.float32)
    small = cv2.resize(layers, size_px, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (0, 0), 1.5)
    slopes = [
        cv2.magnitude(
            cv2.Sobel(smooth[..., layer], cv2.CV_32F, 1, 0), cv2.Sobel(smooth[..., layer], cv2.CV_32F, 0, 1)
        )
        for layer in range(4)
    ]
    strongest = np.max(np.stack(slopes), axis=0)
    return np.asarray(np.clip(strongest / 255, 0, 1), dtype=np.float32)


def _quadrilateral(hull: NDArray[np.int32]) -> FloatArray | None:
    """Return the four corners of a print that fills a tilted rectangle, else None."""
    around = cv2.arcLength(hull, True)
    area = cv2.contourArea(hull)
    for tolerance in (0.01, 0.02, 0.03, 0.05):
        outline = cv2.approxPolyDP(hull, tolerance * around, True)
        if len(outline) == 4:
            corners = _clockwise(outline.reshape(4, 2).astype(np.float32))
            filled = min(area, cv2.contourArea(corners)) / max(area, cv2.contourArea(corners), 1.0)
            return corners if filled > _LEAST_QUAD_FILL and _is_plausible(corners) else None
    return None


def _is_plausible(corners: FloatArray) -> bool:
    """Return whether opposite sides differ no more than perspective makes them."""
    sides = [_length(corners, first, (first + 1) % 4) for first in range(4)]
    if min(sides) < 8:
        return False
    across = abs(sides[0] - sides[2]) / max(sides[0], sides[2])
    down = abs(sides[1] - sides[3]) / max(sides[1], sides[3])
    return max(across, down) < _MOST_TILT_SHARE


def _upright_box(hull: NDArray[np.int32]) -> FloatArray:
    """Return the corners of the smallest box around the print, or of its upright box when that hardly differs."""
    left, top, width, height = cv2.boundingRect(hull)
    upright = np.array(
        [(left, top), (left + width, top), (left + width, top + height), (left, top + height)], np.float32
    )
    tight = cv2.minAreaRect(hull)
    corners = _clockwise(cv2.boxPoints(tight).astype(np.float32))
    run = corners[1] - corners[0]
    tilt_deg = abs(float(np.degrees(np.arctan2(run[1], run[0]))))
    worthwhile = 1.0 < tilt_deg < 20.0 and tight[1][0] * tight[1][1] < 0.9 * width * height
    return corners if worthwhile else upright


def _clockwise(corners: FloatArray) -> FloatArray:
    """Order four corners clockwise, beginning with the one that is nearest to the top left."""
    centre = corners.mean(axis=0)
    angle = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    ordered = corners[np.argsort(angle)]
    first = int(np.argmin(ordered.sum(axis=1)))
    return np.ascontiguousarray(np.roll(ordered, -first, axis=0), dtype=np.float32)


def _length(corners: FloatArray, first: int, second: int) -> float:
    return float(np.hypot(*(corners[first] - corners[second])))
