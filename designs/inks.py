"""How many inks a picture takes: its flat colours, told apart as the eye does, and how sure that is.  [pure]

A picture's pixels are flat (all their neighbours look the same) or mixed (an edge was smoothed there). Flat pixels
name the inks; mixed ones are folded into the inks that they blend, and only what no blend explains is an ink of its
own, such as a line too thin to have a flat pixel. Gradients and photographs leave much unexplained, and their count
is not to be trusted: `confidence` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rgb = tuple[int, int, int]
Labs = npt.NDArray[np.float64]

MOST_INKS = 12
"""More colours than any press of the trade has heads; beyond, a picture is printed in process colours."""

SAME_INK_DELTA_E = 9.0
"""Shades closer than this in CIE L*a*b* are one ink to somebody who sees the print at arm's length."""

SHIRT_DELTA_E = 12.0
"""Cloth is lit and woven unevenly, so a colour this close to it is left unprinted rather than matched."""

TIGHT_DELTA_E = 4.0
"""A flat ink stays this close to its own colour, JPEG noise included; a gradient does not."""

SMALLEST_COVERAGE_PERCENT = 0.2
LOW_CONFIDENCE = 0.8
"""Below, the customer or the staff has to say how many inks are meant."""

_SOLID_ALPHA = 250
_VISIBLE_ALPHA = 13
_FLAT_RANGE = 20
_BLEND_DELTA_E = 7.0
_LOOSE_DELTA_E = 20.0  # JPEG smears colours along edges: an ink without a flat pixel must stand out more
_SOFT_SHARE_OF_FLAT_ART = 0.12
_SAMPLED_PIXELS = 250_000


@dataclass(frozen=True, slots=True)
class InkReport:
    """The inks of a picture, largest first: `palette[i]` (#rrggbb) covers `coverage[i]` percent of what is printed.

    `count` is what a press charges for. `knocked_out` are colours of the picture that the shirt already has.
    `confidence` runs from 0 to 1.
    """

    palette: tuple[str, ...]
    coverage: tuple[float, ...]
    count: int
    confidence: float
    knocked_out: tuple[str, ...] = ()

    @property
    def is_certain(self) -> bool:
        return self.confidence >= LOW_CONFIDENCE


NO_INK = InkReport((), (), 0, 1.0)


def ink_count(rgba: npt.NDArray[np.uint8], shirt_rgb: Rgb | None) -> InkReport:
    """The inks that printing this picture on a shirt of this colour takes. rgba: uint8 (H, W, 4), straight alpha."""
    report = picture_inks(rgba)
    return report if shirt_rgb is None else knocked_out(report, shirt_rgb)


def knocked_out(report: InkReport, shirt_rgb: Rgb) -> InkReport:
    """The same inks without those that the shirt has anyway: they are left open, and nobody pays for them."""
    if not report.palette:
        return report
    shirt = lab_of(np.array([shirt_rgb], dtype=np.uint8))
    distances = np.linalg.norm(lab_of(_rgb_of(report.palette)) - shirt, axis=1)
    kept = [index for index, distance in enumerate(distances) if distance > SHIRT_DELTA_E]
    open_ = tuple(name for index, name in enumerate(report.palette) if index not in kept)
    printed = sum(report.coverage[index] for index in kept)
    coverage = tuple(round(report.coverage[index] * 100 / printed, 2) for index in kept) if printed else ()
    palette = tuple(report.palette[index] for index in kept)
    return InkReport(palette, coverage, len(palette), report.confidence, report.knocked_out + open_)


def merged_inks(reports: Sequence[InkReport]) -> InkReport:
    """The inks of several pictures in one print: equal shades share a screen. Each picture weighs the same."""
    reports = [report for report in reports if report.palette]
    if not reports:
        return NO_INK
    names = [name for report in reports for name in report.palette]
    weights = np.array([share / len(reports) for report in reports for share in report.coverage])
    order = np.argsort(-weights, kind="stable")
    lab = lab_of(_rgb_of([names[index] for index in order]))
    groups = _grouped(lab, weights[order], MOST_INKS)
    shares = np.bincount(groups, weights=weights[order])
    firsts = [names[order[np.flatnonzero(groups == group)[0]]] for group in range(shares.size)]
    largest = np.argsort(-shares, kind="stable")
    return InkReport(
        palette=tuple(firsts[group] for group in largest),
        coverage=tuple(round(float(shares[group]), 2) for group in largest),
        count=shares.size,
        confidence=min(report.confidence for report in reports),
        knocked_out=tuple(dict.fromkeys(name for report in reports for name in report.knocked_out)),
    )


def picture_inks(rgba: npt.NDArray[np.uint8]) -> InkReport:
    """The inks of a picture for a shirt of no particular colour."""
    colours, is_flat, soft_share = _samples(rgba)
    if colours.size == 0:
        return NO_INK
    shades, weights, flat_weights = _shades(colours, is_flat)
    lab = lab_of(shades)
    smallest = weights.sum() * SMALLEST_COVERAGE_PERCENT / 100
    centres = _centres(lab, flat_weights, smallest, [])
    loose = np.where(_is_blend(shades, lab, centres), 0.0, weights)
    centres = _centres(lab, loose, smallest, centres) or [int(weights.argmax())]
    distances = np.linalg.norm(lab[:, None, :] - lab[centres][None, :, :], axis=2)
    groups, nearest = distances.argmin(axis=1), distances.min(axis=1)
    percents = np.bincount(groups, weights=weights, minlength=len(centres)) * 100 / weights.sum()
    largest = np.argsort(-percents, kind="stable")
    confidence = _confidence(nearest, weights, flat_weights, _is_blend(shades, lab, centres), soft_share)
    if len(centres) >= MOST_INKS:
        confidence *= 0.5  # there may be any number more
    return InkReport(
        palette=tuple(hex_of(shades[centres[group]]) for group in largest),
        coverage=tuple(round(float(percents[group]), 2) for group in largest),
        count=len(centres),
        confidence=round(confidence, 3),
    )


def _confidence(
    nearest: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
    flat_weights: npt.NDArray[np.float64],
    is_blend: npt.NDArray[np.bool_],
    soft_share: float,
) -> float:
    """How much of the picture is flat ink or a blend of two, and how little of it is see-through."""
    flat = flat_weights.sum()
    tight = flat_weights[nearest <= TIGHT_DELTA_E].sum() / flat if flat else 0.0
    explained = weights[(nearest <= SAME_INK_DELTA_E) | is_blend].sum() / weights.sum()
    softness = max(0.0, soft_share - _SOFT_SHARE_OF_FLAT_ART)
    return float(tight * explained * (1 - softness))


def _samples(
    rgba: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_], float]:
    """Solid pixels (N, 3), which of them are flat, and the see-through share of the visible pixels.

    Large pictures are thinned evenly; the neighbours of a pixel are always the true ones.
    """
    height_px, width_px = rgba.shape[:2]
    step = max(1, int(np.sqrt(height_px * width_px / _SAMPLED_PIXELS)))
    rows = np.arange(min(step // 2, height_px - 1), height_px, step)
    columns = np.arange(min(step // 2, width_px - 1), width_px, step)
    middle = rgba[np.ix_(rows, columns)]
    lowest, highest = middle.copy(), middle.copy()
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            beside = np.ix_(
                np.clip(rows + down, 0, height_px - 1), np.clip(columns + across, 0, width_px - 1)
            )
            np.minimum(lowest, rgba[beside], out=lowest)
            np.maximum(highest, rgba[beside], out=highest)
    span = (highest[..., :3].astype(np.int16) - lowest[..., :3]).max(axis=2)
    solid = middle[..., 3] >= _SOLID_ALPHA
    flat = (lowest[..., 3] >= _SOLID_ALPHA) & (span <= _FLAT_RANGE)
    visible = np.count_nonzero(middle[..., 3] >= _VISIBLE_ALPHA)
    soft_share = 1 - np.count_nonzero(solid) / visible if visible else 0.0
    return np.ascontiguousarray(middle[solid][:, :3]), flat[solid], float(soft_share)


def _shades(
    colours: npt.NDArray[np.uint8], is_flat: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Distinct shades, most frequent first, how often each occurs, and how often it is flat.

    Colours are gathered in cells of 8 steps per channel; a cell is represented by its most frequent colour, so that a
    flat ink keeps its exact value.
    """
    packed = colours.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    exact, inverse, counts = np.unique(packed, return_inverse=True, return_counts=True)
    flat_counts = np.bincount(inverse, weights=is_flat, minlength=exact.size)
    order = np.argsort(-counts, kind="stable")
    exact, counts, flat_counts = exact[order], counts[order], flat_counts[order]
    cells, first, members = np.unique(exact & 0xF8F8F8, return_index=True, return_inverse=True)
    weights = np.bincount(members, weights=counts, minlength=cells.size).astype(np.float64)
    flat_weights = np.bincount(members, weights=flat_counts, minlength=cells.size).astype(np.float64)
    by_weight = np.argsort(-weights, kind="stable")
    chosen = exact[first[by_weight]]
    shades = np.stack([chosen >> 16, (chosen >> 8) & 0xFF, chosen & 0xFF], axis=1).astype(np.uint8)
    return shades, weights[by_weight], flat_weights[by_weight]


def _centres(lab: Labs, weights: npt.NDArray[np.float64], smallest: float, known: list[int]) -> list[int]:
    """`known` and further shades that stand for enough of `weights`, each far from all before it."""
    centres = list(known)
    left = weights.copy()
    for centre in centres:
        left[np.linalg.norm(lab - lab[centre], axis=1) <= _LOOSE_DELTA_E] = 0.0
    while len(centres) < MOST_INKS and left.any():
        candidate = int(left.argmax())
        around = np.linalg.norm(lab - lab[candidate], axis=1) <= SAME_INK_DELTA_E
        if left[around].sum() < smallest:
            left[candidate] = 0.0
            continue
        centres.append(candidate)
        left[around] = 0.0
    return centres


def _is_blend(shades: npt.NDArray[np.uint8], lab: Labs, centres: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Which shades lie on the line between two inks: smoothed edges, which pictures blend in sRGB."""
    found = np.zeros(len(shades), dtype=bool)
    points = shades.astype(np.float64)
    for number, one in enumerate(centres):
        for other in centres[number + 1 :]:
            line = points[other] - points[one]
            along = np.clip((points - points[one]) @ line / (line @ line), 0, 1)
            blend = points[one] + along[:, None] * line
            found |= np.linalg.norm(lab_of(blend) - lab, axis=1) <= _BLEND_DELTA_E
    return found


def _grouped(lab: Labs, weights: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.intp]:
    """The group of each shade around the heaviest ones; no two centres are the same ink."""
    centres = _centres(lab, weights, 0.0, [])[:most]
    distances = np.linalg.norm(lab[:, None, :] - lab[centres][None, :, :], axis=2)
    return np.asarray(distances.argmin(axis=1), dtype=np.intp)


def lab_of(rgb: npt.NDArray[np.uint8] | npt.NDArray[np.float64]) -> Labs:
    """CIE L*a*b* under D65 (IEC 61966-2-1, CIE 15) of sRGB colours (N, 3), 0 to 255."""
    channels = rgb.astype(np.float64) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (xyz * 24389 / 27 + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def hex_of(rgb: npt.NDArray[np.uint8]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(int(channel) for channel in rgb))


def rgb_of(colour_hex: str) -> Rgb:
    """Red, green and blue of #rrggbb. Raises ValueError."""
    red, green, blue = bytes.fromhex(colour_hex.removeprefix("#"))
    return red, green, blue


def _rgb_of(names: Sequence[str]) -> npt.NDArray[np.uint8]:
    return np.array([rgb_of(name) for name in names], dtype=np.uint8).reshape(-1, 3)
