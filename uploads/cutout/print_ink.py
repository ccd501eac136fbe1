"""Lift the ink of a print off the cloth around it, in a crop of a photo.

The cloth's colour under the ink is interpolated from the cloth beside it. Noise, weave and leftover folds are measured
on bare cloth as a covariance, and every colour is compared in units of it: a fold moves a colour along the direction
in which cloth varies anyway, so it counts little, and ink counts much.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from uploads.cutout.print_region import cloth_and_shading, coarsen, refine, smooth_fill
from uploads.imaging.colour import srgb_to_lab

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
ByteArray = NDArray[np.uint8]

# Bare cloth stays within this many standard deviations of its local colour; ink must leave that range.
_CLOTH_RANGE = 5.0
# A part of the print is at least this strong somewhere; what never gets there is a fold or a stain.
_SURE_INK = 9.0
# Alpha below and above these is set to 0 and 1: it is weave seen through the noise of the ratio.
_CLEAR_BELOW, _FULL_ABOVE = 0.20, 0.90
# Statistics of the cloth are gathered at this size (px): shading is smooth.
_COARSE_STEP_PX = 640
# How much of the cloth's shading is divided out of the ink: all of it would amplify noise in deep folds.
_UNSHADE = 0.8


def largest_by_label(values: FloatArray, labels: NDArray[np.int32], count: int) -> FloatArray:
    """Return the largest value of each of the labels 0..count; ndimage.maximum would sort the whole picture."""
    largest = np.full(count + 1, -np.inf, dtype=np.float32)
    np.maximum.at(largest, labels.ravel(), values.ravel())
    return largest


@dataclass(frozen=True)
class Ink:
    """The print as uint8 (H, W, 4) with straight alpha, and what speaks for it.

    separation: how many standard deviations of the cloth lie between cloth and typical ink. agreement: share of the
    ink that the network also holds for salient. faint_share: share of the ink that is hardly stronger than cloth: inks
    of nearly the cloth's colour, which may be incomplete.
    """

    rgba: ByteArray
    separation: float
    agreement: float
    faint_share: float


def lift_print(rgb: ByteArray, salient: FloatArray, cloth_lab: tuple[float, float, float]) -> Ink:
    """Separate the ink of a crop from its cloth.

    rgb: uint8 (H, W, 3), the print with a margin of bare cloth. salient: float32 (H, W) in 0..1, the network's mask of
    this crop. cloth_lab: the cloth's typical colour.
    """
    cloth_colour, cloth = _cloth_under_print(rgb, cloth_lab)
    offset = rgb.astype(np.float32) - cloth_colour
    whitening = _whitening(offset, cloth)
    whitened = np.asarray(offset @ whitening, dtype=np.float32)
    distance = np.asarray(np.linalg.norm(whitened, axis=2), dtype=np.float32)
    ink = _ink_pixels(distance, salient)
    if not ink.any():
        return Ink(np.zeros((*rgb.shape[:2], 4), dtype=np.uint8), 0.0, 0.0, 1.0)
    alpha, full_ink = _coverage(whitened, distance, ink)
    full_offset = full_ink @ np.linalg.inv(whitening).astype(np.float32)
    colour = _ink_colour(rgb.astype(np.float32), cloth_colour, alpha, full_offset)
    colour = _without_shading(colour, cloth_colour, alpha)
    rgba = np.dstack([np.where(alpha[..., None] > 0, colour, 0), alpha * 255])
    strength = distance[alpha > 0.9]
    separation = float(np.median(strength)) if strength.size else 0.0
    faint_share = float(np.mean(strength < 2.5 * _CLOTH_RANGE)) if strength.size else 1.0
    agreement = float(np.mean(salient[alpha > 0.5] > 0.3)) if (alpha > 0.5).any() else 0.0
    return Ink(np.clip(np.rint(rgba), 0, 255).astype(np.uint8), separation, agreement, faint_share)


def _cloth_under_print(rgb: ByteArray, cloth_lab: tuple[float, float, float]) -> tuple[FloatArray, BoolArray]:
    """Return the cloth's colour at every pixel (H, W, 3) and the pixels that are surely bare cloth (H, W)."""
    height_px, width_px = rgb.shape[:2]
    step = max(1, round(max(height_px, width_px) / _COARSE_STEP_PX))
    coarse = coarsen(rgb.astype(np.float32), step)
    lab = ndimage.gaussian_filter(srgb_to_lab(coarse), (0.7, 0.7, 0))
    everywhere = np.ones(lab.shape[:2], dtype=bool)
    cloth, _ = cloth_and_shading(lab, everywhere, np.asarray(cloth_lab, dtype=np.float32))
    bare = ndimage.binary_erosion(cloth, iterations=2)
    if not bare.any():
        bare = cloth
    side_px = max(lab.shape)
    field = smooth_fill(coarse, bare, (side_px / 6, side_px / 20, side_px / 50, side_px / 110))
    bare_everywhere = refine(bare[..., None].astype(np.float32), step, height_px, width_px)[..., 0] > 0.99
    return refine(field, step, height_px, width_px), bare_everywhere


def _whitening(offset: FloatArray, cloth: BoolArray) -> FloatArray:
    """Return the (3, 3) matrix that turns offsets from the cloth into units of the cloth's own variation."""
    samples = offset[cloth]
    length = np.linalg.norm(samples, axis=1)
    samples = samples[length <= np.percentile(length, 99)]
    covariance = samples.T @ samples / max(len(samples), 1) + np.eye(3) * 4.0
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors @ np.diag(values**-0.5) @ vectors.T, dtype=np.float32)


def _ink_pixels(distance: FloatArray, salient: FloatArray) -> BoolArray:
    """Return the pixels that hold ink: what leaves the cloth's range and hangs together with something sure.

    A weak part outside of what the network holds for salient is a fold that the shading did not follow.
    """
    smooth = ndimage.gaussian_filter(distance, 0.7)
    labels, count = ndimage.label(smooth > _CLOTH_RANGE, structure=np.ones((3, 3)))
    if count == 0:
        return np.zeros(distance.shape, dtype=bool)
    area_px = np.bincount(labels.ravel(), minlength=count + 1)
    strongest = largest_by_label(smooth, labels, count)
    typical = np.bincount(labels.ravel(), smooth.ravel(), minlength=count + 1) / np.maximum(area_px, 1)
    trusted = np.bincount(labels.ravel(), salient.ravel(), minlength=count + 1) / np.maximum(area_px, 1)
    sure = (strongest > _SURE_INK) & (area_px >= max(6.0, 4e-6 * distance.size))
    sure &= (trusted > 0.3) | (typical > 1.5 * _SURE_INK)
    sure[0] = False
    kept: BoolArray = sure[labels]
    return kept


def _coverage(whitened: FloatArray, distance: FloatArray, ink: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return alpha (H, W), and the whitened offset of the full ink that each pixel takes part in (H, W, 3).

    A pixel near the rim is a mixture of cloth and the strongest ink within reach that lies in the same direction from
    the cloth; a pixel whose neighbours lie in other directions is an ink of its own.
    """
    reach_px = int(np.clip(round(max(ink.shape) / 220), 3, 7))
    touched = ndimage.binary_dilation(ink, np.ones((3, 3)), iterations=2)
    depth_px = ndimage.distance_transform_edt(np.pad(ink, 1, constant_values=True))[1:-1, 1:-1]
    dips = _dips(distance, reach_px)
    alpha = touched.astype(np.float32)
    full_ink = whitened.copy()
    y, x = np.nonzero(touched & ((depth_px <= reach_px + 1) | dips))
    solid = ink & ~_overshoot(distance, reach_px)
    mixed, source = _strongest_alike(whitened, solid, y, x, reach_px)
    along = np.einsum("nc,nc->n", whitened[y, x], source)
    ratio = along / np.maximum(np.einsum("nc,nc->n", source, source), 1.0)
    alpha[y, x] = np.where(mixed, ratio, solid[y, x])
    full_ink[y, x] = source
    alpha = np.clip((alpha - _CLEAR_BELOW) / (_FULL_ABOVE - _CLEAR_BELOW), 0, 1)
    return _without_dust(alpha.astype(np.float32), distance), full_ink


def _steps_within(reach_px: int) -> list[tuple[int, int]]:
    """Return the steps of a disc, every second one beyond the direct neighbours: ink is wider than a pixel."""
    steps = range(-reach_px, reach_px + 1)
    disc = [
        (down, right) for down in steps for right in steps if 0 < down * down + right * right <= reach_px**2
    ]
    return [
        (down, right)
        for down, right in disc
        if down * down + right * right <= 4 or not (down % 2 or right % 2)
    ]


def _dips(distance: FloatArray, reach_px: int) -> BoolArray:
    """Return the narrow gaps inside the ink where cloth shows, with their flanks; shading of a picture is no dip."""
    filled = ndimage.grey_closing(distance, size=(2 * reach_px + 1, 2 * reach_px + 1))
    near = ndimage.binary_dilation(distance < 0.6 * filled, np.ones((3, 3)), iterations=reach_px)
    return np.asarray(near & (distance < 0.9 * filled))


def _overshoot(distance: FloatArray, reach_px: int) -> BoolArray:
    """Return the weak pixels beside strong ink: if they are no mixture, the camera's sharpening made them."""
    beside = ndimage.maximum_filter(distance, 2 * reach_px + 1)
    around = ndimage.maximum_filter(distance, 6 * reach_px + 1)
    return np.asarray((distance < 0.4 * beside) | (distance < 0.25 * around))


def _without_dust(alpha: FloatArray, distance: FloatArray) -> FloatArray:
    """Clear the loose crumbs that compression and sharpening leave beside edges: small and weak for this print."""
    labels, count = ndimage.label(alpha > 0, structure=np.ones((3, 3)))
    if count == 0:
        return alpha
    area_px = np.bincount(labels.ravel(), minlength=count + 1)
    strongest = largest_by_label(distance, labels, count)
    weak = strongest < 0.5 * float(np.median(distance[alpha > 0.9])) if (alpha > 0.9).any() else strongest < 0
    crumbs = weak & (area_px < max(30.0, 1e-4 * alpha.size))
    crumbs[0] = False
    return np.asarray(np.where(crumbs[labels], 0, alpha), dtype=np.float32)


def _strongest_alike(
    whitened: FloatArray, solid: BoolArray, y: NDArray[np.intp], x: NDArray[np.intp], reach_px: int
) -> tuple[BoolArray, FloatArray]:
    """Return, for the pixels at (y, x), whether stronger ink of the same direction is near, and its offset (N, 3)."""
    own = whitened[y, x]
    own_square = np.einsum("nc,nc->n", own, own)
    best_square = own_square.copy()
    best = own.copy()
    # What lies across the direction must be noise: five standard deviations, or 0.3 of the length. A pixel three
    # times weaker than its neighbour is a mixture whatever its hue, which compression smears at edges.
    allowed = np.maximum(25.0, 0.09 * own_square)
    height_px, width_px = solid.shape
    for down, right in _steps_within(reach_px):
        row = np.clip(y + down, 0, height_px - 1)
        column = np.clip(x + right, 0, width_px - 1)
        other = whitened[row, column]
        square = np.einsum("nc,nc->n", other, other)
        along = np.einsum("nc,nc->n", own, other)
        across = own_square - along * along / np.maximum(square, 1e-6)
        alike = (along > 0) & ((across < allowed) | (square > 9 * own_square))
        better = (square > best_square) & alike & solid[row, column]
        best_square = np.where(better, square, best_square)
        best = np.where(better[:, None], other, best)
    return best_square > own_square, best


def _ink_colour(
    rgb: FloatArray, cloth_colour: FloatArray, alpha: FloatArray, full_offset: FloatArray
) -> FloatArray:
    """Return the ink's own colour (H, W, 3): as seen where it covers, that of the full ink beside it where it mixes."""
    seen = np.clip((alpha - 0.8) / 0.2, 0, 1)[..., None]
    return np.asarray(seen * rgb + (1 - seen) * (cloth_colour + full_offset), dtype=np.float32)


def _without_shading(colour: FloatArray, cloth_colour: FloatArray, alpha: FloatArray) -> FloatArray:
    """Divide most of the cloth's shading out of the ink, so that one ink has one colour across folds."""
    light = cloth_colour.mean(axis=2)
    typical = float(np.median(light[alpha > 0.5])) if (alpha > 0.5).any() else float(np.median(light))
    relative = (light + 4.0) / (typical + 4.0)
    return np.asarray(colour / np.clip(relative**_UNSHADE, 0.6, 1.6)[..., None], dtype=np.float32)
