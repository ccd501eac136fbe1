"""Sharpen the blurred edge of a network's mask, and take the background out of the edge's colours.

The mask comes from a 320 px network, so its edge is several pixels wide. Within that band alpha is a straight line in
colour, from the colours just outside (alpha 0) to those just inside (alpha 1); the line is Fisher's linear
discriminant of the two sides, taken from windows around each place. The windows are cheap, since they are gathered
on a small grid; the line is then applied to the full-size pixels of the band alone. Colour has a say only as far as the
mask is undecided: what looks like the object but lies well outside its mask, as mortar beside a grey shirt, is not it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
ByteArray = NDArray[np.uint8]

# The two sides are described at this size (px, long side).
_GRID_SIDE_PX = 512
# The mask errs by about one pixel of its network (share of the long side): it is blurred by as much.
_MASK_ERROR_SHARE = 1 / 300
# The blurred mask is believed where it is nearer to 0 or 1 than this; the rest is solved.
_SURE = 0.02
# How fast colour gains its say as the mask becomes undecided: the full say at 0.15 and at 0.85.
_COLOUR_SAY = 8.0
# Windows around each place (px of the grid), wide to narrow; the narrow one decides where it holds enough.
_WINDOWS_PX = (64, 24, 10)
# Noise of a colour that is assumed at least, variance on colours 0..1.
_LEAST_VARIANCE = 1e-4
# At this squared distance between the two sides, in their own variation, colour and mask count equally.
_EQUAL_SAY = 4.0
_PASSES = 2
# Products of the channels: the upper triangle of a covariance, and where its entries stand in the full matrix.
_FIRST, _SECOND = [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]


@dataclass(frozen=True)
class _Lines:
    """For each place of the grid's band: alpha = slope . colour + offset; and the mean colours of the two sides."""

    slope: FloatArray
    offset: FloatArray
    inside: FloatArray
    outside: FloatArray


def cut_out(rgb: ByteArray, mask: FloatArray, ground: FloatArray | None = None) -> ByteArray:
    """Return the object as uint8 (H, W, 4), straight alpha, with edges that follow the picture.

    rgb: uint8 (H, W, 3). mask: float32 (h, w) in 0..1 of the same picture, of any size: the network's opinion.
    ground: the background's colour (3,), where it is known. Edge colours are the object's own.
    """
    height_px, width_px = rgb.shape[:2]
    scale = min(1.0, _GRID_SIDE_PX / max(height_px, width_px))
    size_px = (max(3, round(width_px * scale)), max(3, round(height_px * scale)))
    small = cv2.resize(halved(rgb, min(size_px)), size_px, interpolation=cv2.INTER_AREA)
    small = small.astype(np.float32) / np.float32(255)
    prior = np.clip(cv2.resize(mask, size_px, interpolation=cv2.INTER_AREA), 0, 1)
    doubtful = _blurred(prior)
    inside, outside = doubtful > 1 - _SURE, doubtful < _SURE
    band = ~(inside | outside)
    if not band.any() or not inside.any():
        whole = cv2.resize(prior, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
        return np.dstack([rgb, np.rint(whole * 255).astype(np.uint8)])
    y, x = np.nonzero(band)
    say = np.minimum(_COLOUR_SAY * doubtful[y, x] * (1 - doubtful[y, x]), 1)
    lines = _solved(small, prior, inside, outside, (y, x), say, ground)
    return _applied(rgb, inside, band, (y, x), lines, ground)


def halved(rgb: ByteArray, least_px: int) -> ByteArray:
    """Return the picture halved as often as its short side stays this long.

    Means of two by two pixels are vectorised: what is left to shrink by an odd factor then costs a quarter.
    """
    while min(rgb.shape[:2]) >= 2 * least_px and rgb.shape[0] % 2 == 0 and rgb.shape[1] % 2 == 0:
        size_px = (rgb.shape[1] // 2, rgb.shape[0] // 2)
        rgb = np.asarray(cv2.resize(rgb, size_px, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return rgb


def _blurred(prior: FloatArray) -> FloatArray:
    sigma_px = _MASK_ERROR_SHARE * max(prior.shape)
    return np.asarray(cv2.GaussianBlur(prior, (0, 0), sigma_px), dtype=np.float32)


def _solved(
    small: FloatArray,
    prior: FloatArray,
    inside: BoolArray,
    outside: BoolArray,
    where: tuple[NDArray[np.intp], NDArray[np.intp]],
    say: FloatArray,
    ground: FloatArray | None,
) -> _Lines:
    """Return the lines at the band's places; after each pass what became certain joins its side.

    say: how much colour may say beside the mask at each place, 0..1.
    """
    y, x = where
    colour, opinion = small[y, x], np.clip((prior[y, x] - 0.5) * 1.5 + 0.5, 0, 1)
    undecided = ~(inside | outside)
    kernel = np.ones((3, 3), np.uint8)
    for turn in range(_PASSES):
        inner, inner_spread = _side(small, inside, where)
        if ground is None:
            outer, outer_spread = _side(small, outside, where)
        else:
            outer = np.broadcast_to((ground / 255).astype(np.float32), inner.shape)
            outer_spread = np.zeros_like(inner_spread)
        slope, parting = _discriminant(inner - outer, (inner_spread + outer_spread) / np.float32(2))
        trust = say * parting / (parting + _EQUAL_SAY)
        offset = -np.einsum("nc,nc->n", slope, outer)
        if turn == _PASSES - 1:
            slope, offset = slope * trust[:, None], offset * trust + (1 - trust) * opinion
            certain = inside[y, x] | outside[y, x]
            slope[certain] = 0
            offset[certain] = inside[y, x][certain]
            return _Lines(slope, offset, inner, outer)
        alpha = inside.astype(np.float32)
        straight = np.clip(np.einsum("nc,nc->n", slope, colour) + offset, 0, 1)
        alpha[y, x] = trust * straight + (1 - trust) * opinion
        smooth = cv2.GaussianBlur(alpha, (0, 0), 1.0)
        grown = inside | (undecided & (smooth > 0.93) & (prior > 0.3))
        shrunk = outside | (undecided & (smooth < 0.07) & (prior < 0.7))
        inside = cv2.erode(grown.astype(np.uint8), kernel) > 0
        outside = cv2.erode(shrunk.astype(np.uint8), kernel) > 0
    raise AssertionError("unreachable: the last pass returns")


def _side(
    small: FloatArray, sure: BoolArray, where: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> tuple[FloatArray, FloatArray]:
    """Return mean colour (N, 3) and covariance (N, 6, upper triangle) of the sure pixels around each place."""
    height_px, width_px = (max(1, (side + 1) // 2) for side in sure.shape)
    weight = _shrunk(sure.astype(np.float32), (width_px, height_px))
    colour = _shrunk(cv2.bitwise_and(small, small, mask=sure.astype(np.uint8)), (width_px, height_px))
    red, green, blue = cv2.split(colour)
    share = 1 / np.maximum(weight, 1e-6)
    scaled = [red * share, green * share, blue * share]
    layers = [
        cv2.merge([red, green, blue, weight]),
        cv2.merge([red * scaled[0], red * scaled[1], red * scaled[2]]),
        cv2.merge([green * scaled[1], green * scaled[2], blue * scaled[2]]),
    ]
    y, x = where
    place_x = (x.astype(np.float32) + np.float32(0.5)) / np.float32(sure.shape[1])
    place_y = (y.astype(np.float32) + np.float32(0.5)) / np.float32(sure.shape[0])
    found = np.zeros((len(y), 9), dtype=np.float32)
    for window_px in _WINDOWS_PX:
        step = max(1, window_px // 12)
        size_px = (max(1, width_px // step), max(1, height_px // step))
        side_px = 2 * max(1, window_px // (2 * step)) + 1
        at_x, at_y = place_x * size_px[0] - np.float32(0.5), place_y * size_px[1] - np.float32(0.5)
        sums = [_window_means(part, size_px, side_px, at_x, at_y) for part in layers]
        mass = sums[0][:, 3:]
        value = np.concatenate([sums[0][:, :3], sums[1], sums[2]], axis=1) / np.maximum(mass, 1e-6)
        decided = np.float32(1) if window_px == _WINDOWS_PX[0] else np.minimum(mass / np.float32(0.06), 1)
        found += decided * (value - found)
    centre = found[:, :3]
    return centre, found[:, 3:] - centre[:, _FIRST] * centre[:, _SECOND]


def _window_means(
    layers: FloatArray, size_px: tuple[int, int], side_px: int, at_x: FloatArray, at_y: FloatArray
) -> FloatArray:
    """Return the mean of up to four layers in a window around each place, (N, layers)."""
    coarse = layers if size_px == layers.shape[1::-1] else _shrunk(layers, size_px)
    smooth = cv2.blur(coarse, (side_px, side_px), borderType=cv2.BORDER_REFLECT)
    return _sampled(smooth, at_x, at_y)


def _shrunk(layers: FloatArray, size_px: tuple[int, int]) -> FloatArray:
    """Return up to four layers at a smaller size, each pixel the mean of those it stands for."""
    return np.asarray(cv2.resize(layers, size_px, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _discriminant(between: FloatArray, spread: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the slope (N, 3) that rises by 1 across `between`, and the squared distance of the two sides (N,)."""
    xx, xy, xz, yy, yz, zz = spread.T
    xx, yy, zz = (np.maximum(value, 0) + _LEAST_VARIANCE for value in (xx, yy, zz))
    minors = (yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy)
    determinant = np.maximum(xx * minors[0] + xy * minors[1] + xz * minors[2], _LEAST_VARIANCE**3)
    u, v, w = between.T
    direction = np.stack(
        [
            minors[0] * u + minors[1] * v + minors[2] * w,
            minors[1] * u + (xx * zz - xz * xz) * v + (xy * xz - xx * yz) * w,
            minors[2] * u + (xy * xz - xx * yz) * v + (xx * yy - xy * xy) * w,
        ],
        axis=1,
    )
    direction /= determinant[:, None]
    parting = np.maximum(np.einsum("nc,nc->n", direction, between), 1e-6)
    return (direction / parting[:, None]).astype(np.float32), parting.astype(np.float32)


def _applied(
    rgb: ByteArray,
    inside: BoolArray,
    band: BoolArray,
    where: tuple[NDArray[np.intp], NDArray[np.intp]],
    lines: _Lines,
    ground: FloatArray | None,
) -> ByteArray:
    """Apply the grid's lines to the full-size pixels of the band, and leave the others clear or as they are."""
    height_px, width_px = rgb.shape[:2]
    y, x = where
    known = cv2.blur(band.astype(np.float32), (3, 3))
    beside = ~band & (known > 0)
    fields = []
    for values in (np.concatenate([lines.slope, lines.offset[:, None]], axis=1), lines.inside, lines.outside):
        layer = np.zeros((*band.shape, values.shape[1]), dtype=np.float32)
        layer[y, x] = values
        # A place beside the band borrows from it, so that sampling between places never mixes in a zero.
        layer[beside] = cv2.blur(layer, (3, 3))[beside] / known[beside][:, None]
        fields.append(layer)
    wide = cv2.resize(band.astype(np.uint8) * 255, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    full = cv2.resize(inside.astype(np.uint8) * 255, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    rgba = np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2RGBA), dtype=np.uint8)
    rgba[..., 3] = cv2.threshold(full, 127, 255, cv2.THRESH_BINARY)[1]
    columns, rows = np.asarray(cv2.findNonZero(wide)).reshape(-1, 2).T.astype(np.intp)
    at_x = (((columns + 0.5) * (band.shape[1] / width_px)) - 0.5).astype(np.float32)
    at_y = (((rows + 0.5) * (band.shape[0] / height_px)) - 0.5).astype(np.float32)
    slope_offset, inner, outer = (_sampled(field, at_x, at_y) for field in fields)
    colour = rgb[rows, columns].astype(np.float32) / np.float32(255)
    alpha = np.clip(np.einsum("nc,nc->n", slope_offset[:, :3], colour) + slope_offset[:, 3], 0, 1)
    if ground is not None:
        outer = np.broadcast_to((ground / 255).astype(np.float32), inner.shape)
    own = _own_colour(colour, alpha[:, None], inner, outer)
    rgba[rows, columns, :3] = np.rint(np.clip(own, 0, 1) * 255)
    rgba[rows, columns, 3] = np.rint(alpha * 255)
    return rgba


def _own_colour(colour: FloatArray, alpha: FloatArray, inner: FloatArray, outer: FloatArray) -> FloatArray:
    """Return the object's own colour of mixed pixels, without what shone through.

    Forte's blur fusion ("Approximate Fast Foreground Colour Estimation", 2021) with the two sides' means: what these
    do not explain of the pixel is given to the object as far as it covers.
    """
    unexplained = colour - alpha * inner - (1 - alpha) * outer
    share = alpha / np.maximum(alpha**2 + (1 - alpha) ** 2, 1e-3)
    return np.asarray(inner + share * unexplained, dtype=np.float32)


def _sampled(layers: FloatArray, at_x: FloatArray, at_y: FloatArray) -> FloatArray:
    """Return the layers between places, (N, layers); cv2.remap takes at most 32767 rows, so points are tabled."""
    columns = 1024
    missing = -len(at_x) % columns
    table_x = np.pad(at_x, (0, missing)).reshape(-1, columns)
    table_y = np.pad(at_y, (0, missing)).reshape(-1, columns)
    found = cv2.remap(layers, table_x, table_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(table_x.size, -1)[: len(at_x)], dtype=np.float32)
