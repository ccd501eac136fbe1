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
# Horizontal and vertical places (px), in rows of equal length.
_Table = tuple[FloatArray, FloatArray]

# The two sides are described at this size (px, long side).
_GRID_SIDE_PX = 512
# The mask errs by about one pixel of its network (share of the long side): it is blurred by as much.
_MASK_ERROR_SHARE = 1 / 300
# The blurred mask is believed where it is nearer to 0 or 1 than this; the rest is solved.
_SURE = 0.02
# How fast colour gains its say as the mask becomes undecided: the full say at 0.15 and at 0.85.
_COLOUR_SAY = 8.0
# Windows around each place (px of the halved grid) and how much coarser than it they are taken, wide to narrow; the
# narrow one decides where it holds enough.
_WINDOWS = ((64, 4), (24, 2), (10, 1))
# Noise of a colour that is assumed at least, variance on colours 0..1.
_LEAST_VARIANCE = 1e-4
# At this squared distance between the two sides, in their own variation, colour and mask count equally.
_EQUAL_SAY = 4.0
_PASSES = 2
_TABLE_COLUMNS = 1024
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
    near = cv2.resize(halved(rgb, min(size_px)), size_px, interpolation=cv2.INTER_LINEAR)
    small = np.asarray(cv2.cvtColor(near, cv2.COLOR_RGB2RGBA), dtype=np.uint8)
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
    small: ByteArray,
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
    colour = small[y, x, :3].astype(np.float32) / np.float32(255)
    opinion = np.clip((prior[y, x] - 0.5) * 1.5 + 0.5, 0, 1)
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
    small: ByteArray, sure: BoolArray, where: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> tuple[FloatArray, FloatArray]:
    """Return mean colour (N, 3) and covariance (N, 6, upper triangle) of the sure pixels around each place."""
    height_px, width_px = (max(1, (side + 1) // 2) for side in sure.shape)
    # In bytes and by fours, which is what OpenCV has vectors for; the fourth layer is the weight.
    known = cv2.bitwise_and(small, cv2.merge([sure.astype(np.uint8) * np.uint8(255)] * 4))
    halves = cv2.resize(known, (width_px, height_px), interpolation=cv2.INTER_AREA)
    sums = halves.astype(np.float32) / np.float32(255)
    red, green, blue, weight = cv2.split(sums)
    share = 1 / np.maximum(weight, 1e-6)
    scaled_green, scaled_blue = green * share, blue * share
    # By threes and not by twos: cv2.remap reads two layers with five bits between pixels, too few for a covariance.
    layers = [
        sums,
        cv2.merge([red * red * share, red * scaled_green, red * scaled_blue]),
        cv2.merge([green * scaled_green, green * scaled_blue, blue * scaled_blue]),
    ]
    y, x = where
    place_x = (x.astype(np.float32) + np.float32(0.5)) / np.float32(sure.shape[1])
    place_y = (y.astype(np.float32) + np.float32(0.5)) / np.float32(sure.shape[0])
    found = np.zeros((len(y), 9), dtype=np.float32)
    for window_px, step in _WINDOWS:
        size_px = (max(1, width_px // step), max(1, height_px // step))
        side_px = 2 * max(1, window_px // (2 * step)) + 1
        at = _tabled(place_x * size_px[0] - np.float32(0.5), place_y * size_px[1] - np.float32(0.5))
        means = [_window_means(part, size_px, side_px, at)[: len(y)] for part in layers]
        mass = means[0][:, 3:]
        value = np.concatenate([means[0][:, :3], means[1], means[2]], axis=1) / np.maximum(mass, 1e-6)
        decided = np.float32(1) if step == _WINDOWS[0][1] else np.minimum(mass / np.float32(0.06), 1)
        found += decided * (value - found)
    centre = found[:, :3]
    return centre, found[:, 3:] - centre[:, _FIRST] * centre[:, _SECOND]


def _window_means(layers: FloatArray, size_px: tuple[int, int], side_px: int, at: _Table) -> FloatArray:
    """Return the mean of up to four layers in a window around each place, (places of the table, layers)."""
    coarse = layers if size_px == layers.shape[1::-1] else _shrunk(layers, size_px)
    return _sampled(cv2.blur(coarse, (side_px, side_px), borderType=cv2.BORDER_REFLECT), at)


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
    # A place beside the band borrows from it, so that sampling between places never mixes in a zero.
    beside = np.flatnonzero(~band & (known > 0))
    borrowed = 1 / known.ravel()[beside][:, None]
    fields = []
    for values in (np.concatenate([lines.slope, lines.offset[:, None]], axis=1), lines.inside, lines.outside):
        layer = np.zeros((*band.shape, values.shape[1]), dtype=np.float32)
        layer[y, x] = values
        around = cv2.blur(layer, (3, 3)).reshape(-1, values.shape[1])
        layer.reshape(-1, values.shape[1])[beside] = around[beside] * borrowed
        fields.append(layer)
    wide = cv2.resize(band.astype(np.uint8) * 255, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    full = cv2.resize(inside.astype(np.uint8) * 255, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
    solid = cv2.threshold(full, 127, 255, cv2.THRESH_BINARY)[1]
    rgba = np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2RGBA), dtype=np.uint8)
    cv2.insertChannel(solid, rgba, 3)
    columns, rows = np.asarray(cv2.findNonZero(wide)).reshape(-1, 2).T
    at = _tabled(
        (((columns + 0.5) * (band.shape[1] / width_px)) - 0.5).astype(np.float32),
        (((rows + 0.5) * (band.shape[0] / height_px)) - 0.5).astype(np.float32),
    )
    slope_offset, inner, outer = (_sampled(field, at)[: len(rows)] for field in fields)
    # A pixel as one number is gathered and laid back in a third of the time.
    pixels = rgba.view(np.uint32).ravel()
    place = rows * width_px + columns
    colour = pixels[place].view(np.uint8).reshape(-1, 4)[:, :3].astype(np.float32) / np.float32(255)
    alpha = np.clip(np.einsum("nc,nc->n", slope_offset[:, :3], colour) + slope_offset[:, 3], 0, 1)
    if ground is not None:
        outer = np.broadcast_to((ground / 255).astype(np.float32), inner.shape)
    own = _own_colour(colour, alpha[:, None], inner, outer)
    mixed = np.concatenate([own, alpha[:, None]], axis=1)
    pixels[place] = cv2.convertScaleAbs(np.clip(mixed, 0, 1), alpha=255).view(np.uint32).ravel()
    return rgba


def _own_colour(colour: FloatArray, alpha: FloatArray, inner: FloatArray, outer: FloatArray) -> FloatArray:
    """Return the object's own colour of mixed pixels, without what shone through.

    Forte's blur fusion ("Approximate Fast Foreground Colour Estimation", 2021) with the two sides' means: what these
    do not explain of the pixel is given to the object as far as it covers.
    """
    unexplained = colour - alpha * inner - (1 - alpha) * outer
    share = alpha / np.maximum(alpha**2 + (1 - alpha) ** 2, 1e-3)
    return np.asarray(inner + share * unexplained, dtype=np.float32)


def _tabled(at_x: FloatArray, at_y: FloatArray) -> _Table:
    """Return the places as tables of equal rows, filled up with zeros: cv2.remap takes at most 32767 rows."""
    missing = (0, -len(at_x) % _TABLE_COLUMNS)
    return np.pad(at_x, missing).reshape(-1, _TABLE_COLUMNS), np.pad(at_y, missing).reshape(
        -1, _TABLE_COLUMNS
    )


def _sampled(layers: FloatArray, at: _Table) -> FloatArray:
    """Return up to four layers between pixels, (places of the table, layers)."""
    found = cv2.remap(layers, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(at[0].size, -1), dtype=np.float32)
