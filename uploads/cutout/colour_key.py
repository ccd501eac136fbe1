"""Cut artwork off a flat or gently graded background by undoing the mixing of its edge pixels, without a network.

An edge pixel is a mixture I = alpha * F + (1 - alpha) * B of ink F and background B. On a background that is known
everywhere, alpha follows from how far I has moved from B toward the nearest full ink, and F from alpha; letter holes,
thin strokes and half-tone dots come out exactly, which no salient-object network achieves. Most pixels are plainly
background or plainly ink and stay 8-bit; only the mixed ones are gathered and solved.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from uploads.cutout.background import BackgroundStatistics
from uploads.cutout.outlined_letters import letter_fillings
from uploads.cutout.soft_areas import (
    SoftAreas,
    darkening_areas,
    darkens_only,
    find_soft_areas,
    least_alpha,
    slope_of,
    wash_strength,
)

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
ByteArray = NDArray[np.uint8]
Indices = NDArray[np.intp]

# Compression ripples reach this far from an edge: one JPEG block and its chroma neighbour (px).
_RIPPLE_REACH_PX = 9.0
# Fewer pixels than this share that are almost, but not quite, background: nothing ripples there.
_RIPPLING_SHARE = 5e-4
_MARGIN_PX = 16
_OUTLINES_SIDE_PX = 1024


@dataclass(frozen=True)
class Unmixed:
    """The artwork, uint8 (H, W, 4), straight alpha, and what its score is made of.

    All shares are of the picture's area. film_share: shadows and glows. wash_share: translucent paint. semi_share: what
    else is half clear. soft_share: what else may be meant to be soft. hole_share: large holes. contrast: how many
    tolerances the weakest tenth of the edges climbs. filled_share: area that was taken for the filling of outlined
    letters. texture: how photographic the ink is (levels of 255).
    weak_rim_share: how much of the outline hardly differs from the background.
    """

    rgba: ByteArray
    film_share: float
    wash_share: float
    semi_share: float
    soft_share: float
    hole_share: float
    contrast: float
    filled_share: float
    texture: float
    weak_rim_share: float


def unmix(rgb: ByteArray, statistics: BackgroundStatistics) -> Unmixed:
    """Return the artwork of a picture with an even background.

    rgb: uint8 (H, W, 3); the size is kept. Every part that has the background's colour becomes clear, letter holes
    included; shadows and glows become translucent. The filling of outlined letters is kept.
    """
    height_px, width_px = rgb.shape[:2]
    field = statistics.field(height_px, width_px)
    distance = _distance(rgb, field, statistics)
    box = _content(distance > statistics.tolerance)
    rgba = np.zeros((height_px, width_px, 4), dtype=np.uint8)
    if box is None:
        return Unmixed(rgba, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    rows, columns = box
    part = np.ascontiguousarray(rgb[rows, columns])
    ground = field[rows, columns]
    near = np.ascontiguousarray(distance[rows, columns])
    ink = _ink(near, statistics.tolerance)
    soft = find_soft_areas(part, ground, near, ink)
    small = _closed_outlines(cv2.bitwise_and(ink, cv2.bitwise_not(soft.mask)))
    fillings = cv2.resize(
        letter_fillings(small).astype(np.uint8), near.shape[::-1], interpolation=cv2.INTER_NEAREST
    )
    rgba[rows, columns], film = _composed(part, ground, near, ink, soft, fillings > 0)
    share = near.size / distance.size
    contrast, weak = _rim(near, ink, statistics.tolerance)
    half_clear = cv2.inRange(np.ascontiguousarray(rgba[rows, columns, 3]), 13, 242)
    half_clear[film > 0] = 0
    film_share = cv2.countNonZero(film) / film.size * share
    return Unmixed(
        rgba,
        film_share=film_share,
        wash_share=cv2.countNonZero(soft.mask) / film.size * share - film_share,
        semi_share=cv2.countNonZero(half_clear) / near.size * share,
        soft_share=max(0.0, soft.doubtful_share * share - film_share),
        hole_share=_large_hole_share(small) * share,
        contrast=contrast,
        filled_share=float(np.mean(fillings)) * share,
        texture=_texture(part, ink),
        weak_rim_share=weak,
    )


def _distance(rgb: ByteArray, field: FloatArray, statistics: BackgroundStatistics) -> ByteArray:
    """Return how far every pixel is from the background in its furthest channel, uint8 (H, W)."""
    pixels = np.ascontiguousarray(rgb)
    if statistics.surface is None:
        red, green, blue = np.rint(statistics.colour).tolist()
        offset = cv2.absdiff(pixels, (red, green, blue, 0))
    else:
        offset = cv2.absdiff(pixels, np.rint(field).astype(np.uint8))
    red, green, blue = cv2.split(offset)
    return np.asarray(cv2.max(cv2.max(red, green), blue), dtype=np.uint8)


def _content(ink: BoolArray) -> tuple[slice, slice] | None:
    """Return the rows and columns that hold ink, with a margin."""
    rows, columns = np.nonzero(ink.any(axis=1))[0], np.nonzero(ink.any(axis=0))[0]
    if not len(rows):
        return None
    return (
        slice(max(0, int(rows[0]) - _MARGIN_PX), int(rows[-1]) + 1 + _MARGIN_PX),
        slice(max(0, int(columns[0]) - _MARGIN_PX), int(columns[-1]) + 1 + _MARGIN_PX),
    )


def _ink(distance: ByteArray, tolerance: float) -> ByteArray:
    """Return 255 where there is ink, without ripples and specks."""
    raised = _ripple_tolerance(distance, tolerance)
    ink = (distance > tolerance).astype(np.uint8) * 255
    if raised is not None:
        ink[(distance <= raised[0]) & (raised[1] < _RIPPLE_REACH_PX)] = 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] < max(2.0, 1e-5 * ink.size)
    small[0] = False
    if small.any():
        y, x = np.nonzero(small[labels])
        strongest = np.zeros(count, dtype=np.uint8)
        np.maximum.at(strongest, labels[y, x], distance[y, x])
        weak = strongest[labels[y, x]] < 2.5 * tolerance
        ink[y[weak], x[weak]] = 0
    return ink


def _places(where: BoolArray) -> tuple[Indices, Indices]:
    """Return the rows and columns; OpenCV finds them in a fifth of numpy's time."""
    found = cv2.findNonZero(where.view(np.uint8))
    if found is None:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    columns, rows = np.asarray(found).reshape(-1, 2).T
    return rows.astype(np.intp), columns.astype(np.intp)


def _ripple_tolerance(distance: ByteArray, tolerance: float) -> tuple[float, FloatArray] | None:
    """Return the tolerance near strong edges, and how far each pixel is from one; None when nothing ripples.

    Compression makes the background ripple beside edges. The ripples are high-pass, a drop shadow is low-pass: only
    the former raise the tolerance.
    """
    almost = np.count_nonzero((distance > 0) & (distance <= 3 * tolerance + 20))
    if almost < _RIPPLING_SHARE * distance.size:
        return None
    values = distance.astype(np.float32)
    slope = slope_of(values)
    # The weaker stretches of an edge belong to it and are no ripple beside it.
    weak = (slope > 5).astype(np.uint8)
    _, labels = cv2.connectedComponents(weak, connectivity=8)
    strong = np.zeros(int(labels.max()) + 1, dtype=np.uint8)
    y, x = _places(slope > 20)
    strong[labels[y, x]] = 1
    strong[0] = 0
    if not strong.any():
        return None
    edges = strong[labels] > 0
    reach = cv2.distanceTransform((~edges).astype(np.uint8), cv2.DIST_L2, 3)
    zone = (reach > 3.5) & (reach < 8.0) & (distance < 3 * tolerance + 20)
    if np.count_nonzero(zone) < 64:
        return None
    ripple = float(np.percentile(cv2.absdiff(values, cv2.blur(values, (5, 5)))[zone], 97))
    if ripple <= 1.2:
        return None
    return float(np.clip(3.2 * ripple, tolerance, 30.0)), np.asarray(reach, dtype=np.float32)


def _composed(
    rgb: ByteArray,
    field: FloatArray,
    distance: ByteArray,
    ink: ByteArray,
    soft: SoftAreas,
    fillings: BoolArray,
) -> tuple[ByteArray, ByteArray]:
    """Return the artwork as uint8 (H, W, 4): full ink as it is, the mixed pixels solved one by one; and 255 where it is
    a shadow or a glow.
    """
    full = _full_ink(rgb, field, distance, ink)
    solid = full > 0
    if fillings.any():
        # The outline's inner edge is a mixture with the filling, which covers: it is solid as it stands.
        solid |= cv2.dilate(fillings.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    rgba = cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA)
    rgba = cv2.bitwise_and(rgba, rgba, mask=solid.astype(np.uint8))
    y, x = _places((ink > 0) & ~solid)
    if len(y) and (full > 0).any():
        _solve_mixed(rgba, rgb, field, full, y, x)
    if not soft.any:
        return rgba, soft.mask
    return rgba, _solve_soft(rgba, rgb, field, distance, soft)


def _full_ink(rgb: ByteArray, field: FloatArray, distance: ByteArray, ink: ByteArray) -> ByteArray:
    """Return 255 where ink covers fully: deep inside, or, on strokes without an inside, where they are strongest."""
    band_px = max(2, round(3 * max(ink.shape) / 1400))
    window = np.ones((2 * band_px + 1, 2 * band_px + 1), np.uint8)
    deep = cv2.erode(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, window.shape))
    y, x = _notches(rgb, field, distance, deep)
    deep[y, x] = 0
    strongest = cv2.dilate(distance, window)
    peak = cv2.compare(distance, cv2.multiply(strongest, 0.97), cv2.CMP_GE)
    return np.asarray(cv2.bitwise_or(deep, cv2.bitwise_and(peak, ink)), dtype=np.uint8)


def _notches(
    rgb: ByteArray, field: FloatArray, distance: ByteArray, deep: ByteArray
) -> tuple[Indices, Indices]:
    """Return the small dips toward the background's colour, as worn prints have: holes that blur has half filled."""
    surrounding = cv2.morphologyEx(distance, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    dips = cv2.compare(distance, cv2.multiply(surrounding, 0.7), cv2.CMP_LT)
    y, x = _places(cv2.bitwise_and(dips, deep) > 0)
    if not len(y):
        return y, x
    offset = rgb[y, x] - field[y, x]
    mean = cv2.blur(rgb, (9, 9))[y, x] - field[y, x]
    along = np.einsum("nc,nc->n", offset, mean)
    toward = along > 0.93 * np.linalg.norm(offset, axis=1) * np.linalg.norm(mean, axis=1)
    return y[toward], x[toward]


def _solve_mixed(
    rgba: ByteArray, rgb: ByteArray, field: FloatArray, full: ByteArray, y: Indices, x: Indices
) -> None:
    """Write alpha and ink of the pixels (y, x), each a mixture of the background and the full ink nearest to it."""
    _, labels = cv2.distanceTransformWithLabels(
        cv2.bitwise_not(full), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    # The nearest full ink is never in the inside of an area.
    inside = cv2.erode(full, np.ones((3, 3), np.uint8))
    full_y, full_x = _places((full > 0) & (inside == 0))
    place = np.zeros(int(labels.max()) + 1, dtype=np.intp)
    place[labels[full_y, full_x]] = np.arange(len(full_y))
    nearest = place[labels[y, x]]
    ground = field[y, x]
    offset = rgb[y, x] - ground
    source_y, source_x = full_y[nearest], full_x[nearest]
    source = rgb[source_y, source_x] - field[source_y, source_x]
    along = np.einsum("nc,nc->n", offset, source)
    alpha = np.clip(along / np.maximum(np.einsum("nc,nc->n", source, source), 1.0), 0, 1)
    trust = np.clip(alpha / 0.25, 0, 1)[:, None]
    own = offset / np.maximum(alpha, 1 / 255)[:, None]
    _write(rgba, y, x, ground + trust * own + (1 - trust) * source, alpha)


def _solve_soft(
    rgba: ByteArray, rgb: ByteArray, field: FloatArray, distance: ByteArray, soft: SoftAreas
) -> ByteArray:
    """Make shadows, glows and washes as translucent as their colours allow, and fade the ink into them.

    Return 255 where it is a shadow or a glow, uint8 (H, W).
    """
    y, x = np.nonzero(soft.mask)
    ground = field[y, x]
    offset = rgb[y, x] - ground
    least = least_alpha(offset, ground)
    layer = np.zeros(distance.shape, np.float32)
    shade = np.zeros(distance.shape, bool)
    layer[y, x] = least
    shade[y, x] = darkening_areas(soft.mask, y, x, darkens_only(offset, ground), least) | (
        soft.glow[y, x] > 0
    )
    alpha = np.clip(least / wash_strength(layer, soft.mask, shade)[y, x], 0, 1)
    _write(rgba, y, x, ground + offset / np.maximum(alpha, 1 / 255)[:, None], alpha)
    near = cv2.dilate(soft.mask, np.ones((5, 5), np.uint8))
    y, x = np.nonzero((near > 0) & (soft.mask == 0) & (rgba[..., 3] > 0))
    strongest = cv2.dilate(distance, np.ones((7, 7), np.uint8))
    ground = field[y, x]
    offset = rgb[y, x] - ground
    ratio = distance[y, x] / np.maximum(strongest[y, x].astype(np.float32), 1.0)
    alpha = np.minimum(rgba[y, x, 3] / np.float32(255), np.maximum(ratio, least_alpha(offset, ground)))
    _write(rgba, y, x, ground + offset / np.maximum(alpha, 1 / 255)[:, None], alpha)
    return shade.astype(np.uint8) * 255


def _write(rgba: ByteArray, y: Indices, x: Indices, colour: FloatArray, alpha: FloatArray) -> None:
    solved = np.concatenate([colour, alpha[:, None] * 255], axis=1)
    rgba[y, x] = np.clip(np.rint(solved), 0, 255).astype(np.uint8)


def _rim(distance: ByteArray, ink: ByteArray, tolerance: float) -> tuple[float, float]:
    """Return the contrast of the weakest tenth of the outline in tolerances, and the share that is weak (0..1)."""
    rim = (ink > 0) & (cv2.erode(ink, np.ones((5, 5), np.uint8)) == 0)
    strongest = cv2.dilate(distance, np.ones((5, 5), np.uint8))[rim]
    if not strongest.size:
        return 1.0, 0.0
    weak = float(np.mean(strongest < 3 * tolerance + 12))
    return float(np.percentile(strongest, 10)) / tolerance, weak


def _closed_outlines(ink: ByteArray) -> ByteArray:
    """Return the ink at no more than 1024 px, hair lines kept whole: what encloses something still does."""
    step = -(-max(ink.shape) // _OUTLINES_SIDE_PX)
    if step == 1:
        return ink
    return np.ascontiguousarray(cv2.dilate(ink, np.ones((step, step), np.uint8))[::step, ::step])


def _large_hole_share(ink: ByteArray) -> float:
    """Return the share of the ink's frame in holes that are too large to be letter holes without asking."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.bitwise_not(ink), connectivity=4)
    area_px = stats[:, cv2.CC_STAT_AREA].copy()
    frame = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    area_px[np.unique(frame)] = 0
    area_px[0] = 0
    return float(area_px[area_px > 0.004 * ink.size].sum() / ink.size) if count > 1 else 0.0


def _texture(rgb: ByteArray, ink: ByteArray) -> float:
    """Return the mean fine detail of the ink's inside (levels of 255): a drawing has next to none, fur has much."""
    step = max(1, max(ink.shape) // 700)
    grey = cv2.cvtColor(np.ascontiguousarray(rgb[::step, ::step]), cv2.COLOR_RGB2GRAY)
    inside = cv2.erode(np.ascontiguousarray(ink[::step, ::step]), np.ones((7, 7), np.uint8)) > 0
    if not inside.any():
        return 0.0
    detail = cv2.absdiff(grey, cv2.medianBlur(grey, 5))
    return float(np.minimum(detail[inside], 16).mean())
