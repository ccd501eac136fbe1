"""Find the print on a photographed garment: what of the cloth is not cloth.

The cloth has one colour and a smooth shading; both are estimated from the cloth itself. A print is what differs from
the shaded cloth, lies inside the garment and does not touch its edge, as skin, collar and background do.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from uploads.imaging.colour import srgb_to_lab

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
ByteArray = NDArray[np.uint8]

# The CIE76 distance at which two neighbouring colours are plainly different; woven cloth stays below it.
_PLAIN_DIFFERENCE = 9.0
# Parts of one print lie at most this far apart, as a share of the garment's width.
_PART_GAP_SHARE = 0.06
# Shading changes the lightness by less than this per pixel of a picture 640 px long; the edge of ink by more.
_GENTLE_SLOPE = 3.0
# The same for the flank of a sharp fold.
_FOLD_SLOPE = 5.0
# A garment worth searching fills this much of the picture and of what is salient in it.
_LEAST_GARMENT_SHARE = 0.10
_LEAST_BODY_SHARE = 0.50
# Nine tenths of a cloth are this close to shades of its colour; petals, polished wood and skies vary more.
_MOST_HUE_SPREAD = 8.0
# The margin around the print, as a share of its long side; the cloth in it tells the cloth's colour.
_MARGIN_SHARE = 0.06


class NoPrintFound(Exception):
    """The picture shows no garment with a print: the reason is in the message, for the log."""


@dataclass(frozen=True)
class PrintRegion:
    """Where the print lies in the picture that was searched.

    box: left, top, right, bottom in px, margin included. cloth_lab: the cloth's typical L*a*b*. print_share: area of
    the print's pixels as a share of the garment. difference: mean CIE76 distance of the print from the shaded cloth.
    """

    box: tuple[int, int, int, int]
    cloth_lab: tuple[float, float, float]
    print_share: float
    difference: float


def find_print(
    rgb: ByteArray, salient: FloatArray, *, least_garment_share: float = _LEAST_GARMENT_SHARE
) -> PrintRegion:
    """Return the region of the print on the garment, or raise NoPrintFound.

    rgb: uint8 (H, W, 3), best about 640 px long. salient: float32 (H, W) in 0..1, the network's mask of rgb.
    least_garment_share: how much of the picture the garment must fill.
    """
    lab = ndimage.gaussian_filter(srgb_to_lab(rgb), (1.0, 1.0, 0))
    body = salient > 0.5
    if np.mean(body) < 0.02:
        raise NoPrintFound("nothing salient")
    cloth_lab = _cloth_colour(lab, body)
    cloth, shaded = cloth_and_shading(lab, body, cloth_lab)
    garment = _garment(cloth, body)
    if np.mean(garment) < least_garment_share or garment.sum() < _LEAST_BODY_SHARE * body.sum():
        raise NoPrintFound("no garment of one colour")
    if np.mean(cloth[garment]) < 0.25:
        raise NoPrintFound("too little cloth to compare with")
    if float(np.percentile(_hue_offset(lab, cloth_lab)[cloth], 90)) > _MOST_HUE_SPREAD:
        raise NoPrintFound("not the shades of one cloth")
    difference = np.linalg.norm(lab - shaded, axis=2)
    marks = _marks(difference, garment, cloth)
    cluster = _main_cluster(marks, difference, garment)
    share = float(cluster.sum() / garment.sum())
    strength = float(difference[cluster].mean())
    if share < 0.002 or strength < _PLAIN_DIFFERENCE:
        raise NoPrintFound("the cloth is plain")
    lightness, a, b = (float(value) for value in cloth_lab)
    return PrintRegion(_box_with_margin(cluster), (lightness, a, b), share, strength)


def smooth_fill(values: FloatArray, known: BoolArray, sigmas_px: tuple[float, ...]) -> FloatArray:
    """Return `values` (H, W, C) smoothed over its known pixels only and carried into the unknown ones.

    The sigmas go from coarse to fine: where the fine window holds enough known pixels it decides, else the coarser.
    """
    field = np.empty_like(values)
    field[:] = np.median(values[known], axis=0)
    weighted = np.dstack([np.where(known[..., None], values, 0), known]).astype(np.float32)
    for sigma_px in sigmas_px:
        smooth = _wide_blur(weighted, sigma_px)
        mass = smooth[..., -1:]
        mean = smooth[..., :-1] / np.maximum(mass, 1e-6)
        field += np.clip(mass / 0.15, 0, 1) * (mean - field)
    return field


def coarsen(layers: FloatArray, step: int) -> FloatArray:
    """Return the means of blocks of step x step px of (H, W, C), the last blocks filled up by their edge."""
    height_px, width_px = layers.shape[:2]
    padded = np.pad(layers, ((0, -height_px % step), (0, -width_px % step), (0, 0)), mode="edge")
    rows, columns = padded.shape[0] // step, padded.shape[1] // step
    return np.asarray(padded.reshape(rows, step, columns, step, -1).mean(axis=(1, 3)), dtype=np.float32)


def refine(coarse: FloatArray, step: int, height_px: int, width_px: int) -> FloatArray:
    """Return the opposite of `coarsen`: (height_px, width_px, C), linear between the centres of the blocks."""
    if step == 1:
        return coarse
    y = np.clip((np.arange(height_px) + 0.5) / step - 0.5, 0, coarse.shape[0] - 1).astype(np.float32)
    x = np.clip((np.arange(width_px) + 0.5) / step - 0.5, 0, coarse.shape[1] - 1).astype(np.float32)
    return _between(_between(coarse, y, 0), x, 1)


def _wide_blur(layers: FloatArray, sigma_px: float) -> FloatArray:
    """Return a Gaussian blur of (H, W, C); a wide one is done on a coarser grid, where it costs little."""
    step = max(1, int(sigma_px / 3))
    sigma_steps = sigma_px / step
    coarse = ndimage.gaussian_filter(coarsen(layers, step), (sigma_steps, sigma_steps, 0), truncate=3)
    return refine(coarse, step, *layers.shape[:2])


def _between(layers: FloatArray, position: FloatArray, axis: int) -> FloatArray:
    low = position.astype(int)
    high = np.minimum(low + 1, layers.shape[axis] - 1)
    share = (position - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    return np.asarray(
        layers.take(low, axis) * (1 - share) + layers.take(high, axis) * share, dtype=np.float32
    )


def _cloth_colour(lab: FloatArray, body: BoolArray) -> FloatArray:
    """Return the most frequent colour of the salient body, its middle counting more than its edge."""
    depth_px = ndimage.distance_transform_edt(body)
    weight = np.minimum(depth_px[body], 0.1 * max(lab.shape)).astype(np.float64)
    samples = lab[body]
    bins = np.stack(
        [samples[:, 0] // 8, (samples[:, 1] + 128) // 6, (samples[:, 2] + 128) // 6], axis=1
    ).astype(int)
    histogram = np.zeros((14, 44, 44))
    np.add.at(histogram, tuple(bins.T), weight)
    peak = np.unravel_index(np.argmax(ndimage.gaussian_filter(histogram, 0.8)), histogram.shape)
    near = (np.abs(bins - np.asarray(peak)) <= 1).all(axis=1)
    return np.median(samples[near], axis=0).astype(np.float32)


def cloth_and_shading(
    lab: FloatArray, body: BoolArray, cloth_lab: FloatArray
) -> tuple[BoolArray, FloatArray]:
    """Return which pixels are cloth, and the shaded cloth's colour everywhere (H, W, 3).

    The first guess follows the shading from the cloth's typical colour as far as it changes gently; the following ones
    compare with the shading just found, which lets sharp folds back in and keeps ink out.
    """
    side_px = max(lab.shape)
    hue_offset = _hue_offset(lab, cloth_lab)
    # Deep shade is lit by the room and not by the window: saturated cloth changes its hue most there.
    slack = 0.15 * float(np.hypot(cloth_lab[1], cloth_lab[2]))
    cloth = _gently_shaded(lab, body & (hue_offset < 9 + slack), cloth_lab)
    shaded = smooth_fill(lab, cloth, (side_px / 8, side_px / 24))
    for fine_share in (30, 40, 50):
        near = np.linalg.norm(lab - shaded, axis=2) < _PLAIN_DIFFERENCE
        cloth = _largest_parts(body & near & (hue_offset < 14 + 1.5 * slack))
        cloth |= _folds(lab, cloth, body & ~cloth & (hue_offset < 9 + slack))
        shaded = smooth_fill(lab, cloth, (side_px / 8, side_px / 24, side_px / fine_share))
    return cloth, shaded


def _folds(lab: FloatArray, cloth: BoolArray, suspects: BoolArray) -> BoolArray:
    """Return the suspects that are shade and not ink: they have the cloth's hue, and no sharp edge toward it."""
    slope = ndimage.gaussian_gradient_magnitude(lab[..., 0], 1.0)
    gentle = slope < _FOLD_SLOPE * 640 / max(lab.shape)
    labels, count = ndimage.label(suspects)
    rim = suspects & ndimage.binary_dilation(cloth, np.ones((3, 3)))
    rim_px = np.bincount(labels[rim], minlength=count + 1)
    gentle_px = np.bincount(labels[rim & gentle], minlength=count + 1)
    folds = gentle_px > 0.8 * np.maximum(rim_px, 1)
    folds[0] = False
    result: BoolArray = folds[labels]
    return result


def _hue_offset(lab: FloatArray, cloth_lab: FloatArray) -> FloatArray:
    """Return how far each pixel is from any shade of the cloth.

    Light that is s times as strong multiplies L + 16, a and b by the cube root of s, so shades of one colour lie on a
    line through (-16, 0, 0).
    """
    shade = (lab[..., 0] + 16) / (cloth_lab[0] + 16)
    return np.asarray(np.hypot(lab[..., 1] - shade * cloth_lab[1], lab[..., 2] - shade * cloth_lab[2]))


def _gently_shaded(lab: FloatArray, candidates: BoolArray, cloth_lab: FloatArray) -> BoolArray:
    """Return the candidates that are joined to the cloth's typical lightness without a step."""
    lightness = lab[..., 0]
    gentle = ndimage.gaussian_gradient_magnitude(lightness, 1.0) < _GENTLE_SLOPE * 640 / max(lightness.shape)
    shade = (lightness + 16) / (cloth_lab[0] + 16)
    labels, count = ndimage.label(candidates & gentle & (shade > 0.35) & (shade < 1.7))
    typical = np.abs(lightness - cloth_lab[0]) < 14
    area_px = np.bincount(labels.ravel(), minlength=count + 1)
    typical_px = np.bincount(labels[typical], minlength=count + 1)
    joined = (area_px >= 8) & (typical_px >= 0.2 * area_px)
    joined[0] = False
    if not joined.any():
        raise NoPrintFound("no cloth")
    return _largest_parts(joined[labels])


def _largest_parts(region: BoolArray) -> BoolArray:
    """Keep the components that are at least a hundredth of the largest; the rest is look-alike colour elsewhere."""
    labels, count = ndimage.label(region)
    if count == 0:
        raise NoPrintFound("no cloth")
    area_px = np.bincount(labels.ravel())
    area_px[0] = 0
    kept: BoolArray = (area_px >= 0.01 * area_px.max())[labels]
    return kept


def _garment(cloth: BoolArray, body: BoolArray) -> BoolArray:
    """Return the cloth with everything that it surrounds."""
    labels, _ = ndimage.label(cloth)
    area_px = np.bincount(labels.ravel())
    area_px[0] = 0
    reach_px = max(2, round(0.008 * max(cloth.shape)))
    main = ndimage.binary_dilation(labels == int(np.argmax(area_px)), iterations=reach_px)
    filled = ndimage.binary_fill_holes(main)
    return np.asarray(ndimage.binary_erosion(filled, iterations=reach_px) & body)


def _marks(difference: FloatArray, garment: BoolArray, cloth: BoolArray) -> BoolArray:
    """Return the pixels of the garment that are no cloth, without whatever hangs on to the garment's edge."""
    noise = float(np.percentile(difference[cloth & garment], 90))
    marks = garment & (difference > max(_PLAIN_DIFFERENCE, 2.2 * noise))
    edge_px = max(3, round(0.015 * max(garment.shape)))
    inner = ndimage.binary_erosion(garment, iterations=edge_px, border_value=1)
    labels, count = ndimage.label(ndimage.binary_opening(marks) | (marks & inner))
    if count == 0:
        raise NoPrintFound("no marks on the cloth")
    area_px = np.bincount(labels.ravel(), minlength=count + 1)
    outer_px = np.bincount(labels[~inner], minlength=count + 1)
    kept = (area_px >= 4) & (outer_px < 0.02 * area_px)
    kept[0] = False
    result: BoolArray = kept[labels]
    if not result.any():
        raise NoPrintFound("the marks touch the garment's edge")
    return result


def _main_cluster(marks: BoolArray, difference: FloatArray, garment: BoolArray) -> BoolArray:
    """Return the marks of the strongest group of neighbouring parts."""
    columns = np.nonzero(garment.any(axis=0))[0]
    gap_px = max(2.0, _PART_GAP_SHARE * float(columns[-1] - columns[0] + 1))
    near = ndimage.distance_transform_edt(~marks) <= gap_px / 2
    labels, count = ndimage.label(near)
    strength = ndimage.sum_labels(np.where(marks, difference, 0), labels, np.arange(1, count + 1))
    return np.asarray(marks & (labels == int(np.argmax(strength)) + 1))


def _box_with_margin(cluster: BoolArray) -> tuple[int, int, int, int]:
    height_px, width_px = cluster.shape
    rows = np.nonzero(cluster.any(axis=1))[0]
    columns = np.nonzero(cluster.any(axis=0))[0]
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    margin_px = max(4, round(_MARGIN_SHARE * max(bottom - top, right - left)))
    return (
        max(0, left - margin_px),
        max(0, top - margin_px),
        min(width_px, right + margin_px),
        min(height_px, bottom + margin_px),
    )
