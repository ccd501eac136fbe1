"""The art file that goes to the printer, and the colours in it."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from designs.inks import hex_of, lab_of
from designs.rendering import PrintArt
from orders.production.placement_spec import MAX_COLOURS

COMPRESS_LEVEL = 2
"""A noisy full front takes 1.3 s at this level and 1.9 s at 4, for a file that is no larger."""

OPAQUE_ALPHA = 128
"""Pixels at least half covered count as inked; thinner ones belong to an edge and carry a mixed colour."""

SAMPLED_PIXELS = 250_000
MERGED_WITHIN_DELTA_E = 9.0
"""Shades closer than this in CIE L*a*b* are one colour to somebody who sees the print at arm's length."""

SMALLEST_COVERAGE_PERCENT = 0.4
_PROFILE_DATE = slice(24, 36)
_FIXED_DATE = bytes((0x07, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))
_PROFILE_ID = slice(84, 100)


def print_png(art: PrintArt) -> bytes:
    """The art as a PNG with alpha, its resolution and the sRGB profile; equal art gives equal bytes."""
    return layer_png(art.rgba, art.dpi)


def layer_png(rgba: npt.NDArray[np.uint8], dpi: int) -> bytes:
    """Pixels uint8 (H, W, 4) as the file that a press takes."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgba)).save(
        buffer,
        format="PNG",
        dpi=(dpi, dpi),
        icc_profile=srgb_profile(),
        compress_level=COMPRESS_LEVEL,
    )
    return buffer.getvalue()


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """The sRGB ICC profile with a fixed date: the library would write the moment of the call into it."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[_PROFILE_DATE] = _FIXED_DATE
    profile[_PROFILE_ID] = bytes(16)
    return bytes(profile)


def dominant_colours(rgba: npt.NDArray[np.uint8], most: int = MAX_COLOURS) -> list[tuple[str, float]]:
    """The main colours of the inked pixels as (#rrggbb, percent of the inked surface), largest first.

    rgba: uint8 (H, W, 4), straight alpha. Shades are grouped around the most frequent ones by their distance
    in CIE L*a*b*; each group is named by its most frequent shade, so that a flat ink keeps its exact value.
    """
    inked = _sample(rgba)
    if inked.size == 0:
        return []
    shades, weights = _shades(inked)
    groups = _grouped(lab_of(shades), weights, most)
    names = [hex_of(shades[np.flatnonzero(groups == group)[0]]) for group in range(groups.max() + 1)]
    percents = np.bincount(groups, weights=weights) * 100.0 / weights.sum()
    largest_first = np.argsort(-percents, kind="stable")
    return [
        (names[group], round(float(percents[group]), 2))
        for group in largest_first
        if percents[group] >= SMALLEST_COVERAGE_PERCENT
    ]


def _sample(rgba: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The colours of the inked pixels, (N, 3), thinned evenly on large art."""
    step = max(1, int(np.sqrt(rgba.shape[0] * rgba.shape[1] / SAMPLED_PIXELS)))
    thinned = rgba[step // 2 :: step, step // 2 :: step]
    return np.ascontiguousarray(thinned[thinned[:, :, 3] >= OPAQUE_ALPHA][:, :3])


def _shades(colours: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    """The distinct shades, most frequent first, and how often they occur.

    Colours are gathered in cells of 8 steps per channel, and each cell is represented by its most frequent
    colour.
    """
    packed = colours.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    exact, counts = np.unique(packed, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    exact, counts = exact[order], counts[order]
    cells, first, inverse = np.unique(exact & 0xF8F8F8, return_index=True, return_inverse=True)
    weights = np.bincount(inverse, weights=counts, minlength=cells.size).astype(np.float64)
    by_weight = np.argsort(-weights, kind="stable")
    chosen = exact[first[by_weight]]
    shades = np.stack([chosen >> 16, (chosen >> 8) & 0xFF, chosen & 0xFF], axis=1).astype(np.uint8)
    return shades, weights[by_weight]


def _grouped(
    lab: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], most: int
) -> npt.NDArray[np.intp]:
    """The group of each shade; shades come most frequent first, and the first of a group is its centre."""
    centres = [0]
    nearest = np.linalg.norm(lab - lab[0], axis=1)
    while len(centres) < most:
        # The next colour is the one that would be misnamed most: far from every centre and frequent.
        loss = np.where(nearest > MERGED_WITHIN_DELTA_E, nearest * np.sqrt(weights), 0.0)
        candidate = int(loss.argmax())
        if loss[candidate] == 0.0:
            break
        centres.append(candidate)
        nearest = np.minimum(nearest, np.linalg.norm(lab - lab[candidate], axis=1))
    distances = np.linalg.norm(lab[:, None, :] - lab[centres][None, :, :], axis=2)
    return np.asarray(distances.argmin(axis=1), dtype=np.intp)
