"""How faithful a redrawn artwork is to the print in the photo that it was drawn after.

Both are cut out and laid over each other; then their edges must coincide and their inks must be the same. Light and
cloth tint the photo's inks, so colours are compared after the photo's white balance has been fitted to the drawing's.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from uploads.extraction.rectify import aligned, edge_picture, rectified_print, warped
from uploads.imaging.colour import srgb_to_lab

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]

_SIDE_PX = 512
_EDGE_LEVEL = 0.12
_EDGE_REACH_PX = 6
_INKS = 6
# Below this overlap of the edges, or above this distance of the inks (CIE76), the drawing is not that print.
LEAST_EDGE_OVERLAP = 0.70
# A place is altered when its pattern correlates less than this; in a true drawing few places are.
_LEAST_CORRELATION = 0.5
MOST_ALTERED_SHARE = 0.20
# Half-tones never lie dot on dot; with edges that coincide this well, altered details are such.
_SURE_OVERLAP = 0.94
_PLACE_PX = 25
MOST_PALETTE_DISTANCE = 22.0
# Sides of the two boxes may differ by this factor: perspective and a careless crop.
MOST_ASPECT_RATIO = 1.35


@dataclass(frozen=True)
class Fidelity:
    """How a drawing compares with the print.

    edge_overlap: F-measure 0..1 of the edges after alignment. altered_share: places along the edges whose pattern
    differs, 0..1: dense art overlaps by chance, its details do not. palette_distance: mean CIE76 between matched inks,
    weighted by area. aspect_ratio: how much longer one is than the other, 1 or more. score: 0..1. reasons: what does
    not match, as stable codes `shape`, `edges`, `details`, `colours`; empty when all matches.
    """

    edge_overlap: float
    altered_share: float
    palette_distance: float
    aspect_ratio: float
    score: float
    reasons: tuple[str, ...]

    @property
    def matches(self) -> bool:
        """Whether the drawing may be offered as the print of the photo."""
        return not self.reasons


def fidelity(drawing: ByteArray, print_in_photo: ByteArray) -> Fidelity:
    """Compare a redrawn artwork with the print cut out of the photo; both uint8 (H, W, 4), straight alpha.

    Raises ValueError when one of them shows nothing.
    """
    drawn, seen = _trimmed(drawing), rectified_print(print_in_photo).rgba
    aspects = [picture.shape[1] / picture.shape[0] for picture in (drawn, seen)]
    aspect_ratio = float(max(aspects) / min(aspects))
    size_px = (_SIDE_PX, _SIDE_PX)
    drawn, seen = _scaled(drawn, size_px), _scaled(seen, size_px)
    overlap, altered = _edge_overlap(drawn, seen), altered_share(drawn, seen)
    found = aligned(edge_picture(drawn), edge_picture(seen))
    if found is not None:
        laid = warped(drawn, found[0], size_px)
        overlap, altered = max(overlap, _edge_overlap(laid, seen)), min(altered, altered_share(laid, seen))
    distance = palette_distance(palette(drawn), palette(seen))
    reasons = []
    if aspect_ratio > MOST_ASPECT_RATIO:
        reasons.append("shape")
    if overlap < LEAST_EDGE_OVERLAP:
        reasons.append("edges")
    if altered > MOST_ALTERED_SHARE and overlap < _SURE_OVERLAP:
        reasons.append("details")
    if distance > MOST_PALETTE_DISTANCE:
        reasons.append("colours")
    score = (
        overlap
        * (1 - altered)
        * float(np.clip(1.5 - distance / MOST_PALETTE_DISTANCE, 0, 1))
        / max(1.0, aspect_ratio**2)
    )
    return Fidelity(overlap, altered, distance, aspect_ratio, float(np.clip(score, 0, 1)), tuple(reasons))


def altered_share(first: ByteArray, second: ByteArray) -> float:
    """Return the share of places with edges where the patterns of lightness do not correlate; same size, aligned."""
    grey = [_lightness(picture) for picture in (first, second)]
    window = (_PLACE_PX, _PLACE_PX)
    mean = [cv2.blur(layer, window) for layer in grey]
    joint = cv2.blur(grey[0] * grey[1], window) - mean[0] * mean[1]
    spread = [
        np.maximum(cv2.blur(layer * layer, window) - centre * centre, 0)
        for layer, centre in zip(grey, mean, strict=True)
    ]
    correlation = joint / np.sqrt((spread[0] + 4) * (spread[1] + 4))
    busy = np.maximum(spread[0], spread[1]) > 100
    return float(np.mean(correlation[busy] < _LEAST_CORRELATION)) if busy.any() else 0.0


def _lightness(rgba: ByteArray) -> FloatArray:
    alpha = rgba[..., 3].astype(np.float32) / np.float32(255)
    grey = cv2.cvtColor(np.ascontiguousarray(rgba[..., :3]), cv2.COLOR_RGB2GRAY).astype(np.float32)
    return cv2.GaussianBlur(grey * alpha + 128 * (1 - alpha), (0, 0), 2.0).astype(np.float32)


def palette(rgba: ByteArray, inks: int = _INKS) -> tuple[FloatArray, FloatArray]:
    """Return the inks as L*a*b* (n, 3) and the share of the area that each covers (n,), the largest first."""
    solid = rgba[..., 3] > 200
    colours = srgb_to_lab(rgba[solid][:, :3][:: max(1, int(solid.sum()) // 8000)])
    if not len(colours):
        raise ValueError("there is no solid ink in the picture")
    count = min(inks, len(np.unique(np.rint(colours), axis=0)))
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 0.5)
    cv2.setRNGSeed(1)
    _, labels, centres = cv2.kmeans(colours, count, None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(labels.ravel(), minlength=count) / len(colours)
    order = np.argsort(-shares)
    return np.asarray(centres[order], dtype=np.float32), np.asarray(shares[order], dtype=np.float32)


def palette_distance(first: tuple[FloatArray, FloatArray], second: tuple[FloatArray, FloatArray]) -> float:
    """Return the mean CIE76 distance of two palettes (see `palette`), after fitting lightness and tint of the second.

    The area of each ink is moved to the nearest ink of the other palette that still has room (transport by units of
    a fortieth of the area). The fit may brighten by a quarter and tint by eight units, as a lamp or a shade does.
    """
    units = 40
    one, other = (np.repeat(lab, _units(share, units), axis=0) for lab, share in (first, second))
    distance = float("inf")
    for _ in range(3):
        cost = np.linalg.norm(one[:, None] - other[None], axis=2)
        rows, columns = linear_sum_assignment(cost)
        distance = min(distance, float(cost[rows, columns].mean()))
        shift = np.median(one[rows] - other[columns], axis=0)
        other = other + np.clip(shift, (-12, -8, -8), (12, 8, 8))
    return distance


def _units(shares: FloatArray, units: int) -> NDArray[np.int64]:
    """Return whole units per share that add up to `units`, by largest remainder."""
    exact = shares / shares.sum() * units
    whole = np.floor(exact).astype(np.int64)
    rest = np.argsort(-(exact - whole))[: units - int(whole.sum())]
    whole[rest] += 1
    return whole


def _edge_overlap(first: ByteArray, second: ByteArray) -> float:
    edges = [(edge_picture(picture) > _EDGE_LEVEL).astype(np.uint8) for picture in (first, second)]
    if not edges[0].any() or not edges[1].any():
        return 0.0
    # The edges are bands of some px; their middle is what is compared.
    thin = [cv2.erode(edge, np.ones((3, 3), np.uint8)) for edge in edges]
    thin = [middle if middle.any() else edge for middle, edge in zip(thin, edges, strict=True)]
    side_px = 2 * (_EDGE_REACH_PX // 2) + 1
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side_px, side_px))
    precision = float(cv2.dilate(thin[1], window)[thin[0] > 0].mean())
    recall = float(cv2.dilate(thin[0], window)[thin[1] > 0].mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _trimmed(rgba: ByteArray) -> ByteArray:
    points = cv2.findNonZero((rgba[..., 3] > 127).astype(np.uint8))
    if points is None:
        raise ValueError("there is nothing in the drawing")
    left, top, width, height = cv2.boundingRect(points)
    return rgba[top : top + height, left : left + width]


def _scaled(rgba: ByteArray, size_px: tuple[int, int]) -> ByteArray:
    target = np.array([(size_px[0] / rgba.shape[1], 0, 0), (0, size_px[1] / rgba.shape[0], 0), (0, 0, 1)])
    if rgba.shape[1] <= size_px[0] and rgba.shape[0] <= size_px[1]:
        return warped(rgba, target, size_px)
    alpha = rgba[..., 3:].astype(np.float32) / np.float32(255)
    premultiplied = np.dstack([rgba[..., :3] * alpha, alpha * 255]).astype(np.float32)
    small = cv2.resize(premultiplied, size_px, interpolation=cv2.INTER_AREA)
    colour = small[..., :3] / np.maximum(small[..., 3:] / 255, 1e-3)
    result = np.dstack([np.where(small[..., 3:] > 0.5, colour, 0), small[..., 3]])
    return np.clip(np.rint(result), 0, 255).astype(np.uint8)
