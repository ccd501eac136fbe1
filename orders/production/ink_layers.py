"""What a press needs beyond the picture: pixels that are ink or are not, and the white layer under them.  [pure]"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from designs.rendering import NothingToPrint, PrintArt

SOLID_ALPHA: Final = 128
"""A pixel at least half covered is ink."""

CHOKE_PX: Final = 2
"""How far the white stays inside the colour, so that a press a hair out of register shows no white rim. OmniPrint and
img.ly's underlayer export use about two pixels at 300 DPI, which is half a point."""

SCREEN_CELL_PX: Final = 8
"""37.5 lines an inch at 300 DPI, turned 45 degrees: what transfer films and 55-thread screens hold."""

_SOFT_WIDTH_PX = 5
"""Half-transparent ink narrower than this is the smoothed edge of a shape; wider is a glow or a shadow."""

_DISC = tuple(
    (y, x)
    for y in range(-CHOKE_PX, CHOKE_PX + 1)
    for x in range(-CHOKE_PX, CHOKE_PX + 1)
    if x * x + y * y <= (CHOKE_PX + 0.25) ** 2
)

Mask = npt.NDArray[np.bool_]


def hardened(art: PrintArt) -> PrintArt:
    """The art with every pixel ink or nothing: edges cut at half coverage, soft areas as a dot screen, trimmed again.

    Raises NothingToPrint where no pixel is left.
    """
    alpha = art.rgba[:, :, 3]
    soft = (alpha > 0) & (alpha < 255)
    if not soft.any():
        return art
    inked = alpha >= SOLID_ALPHA
    wide = opened(soft, _SOFT_WIDTH_PX) & soft
    if wide.any():
        rows, columns = np.nonzero(wide)
        cell = _screen()
        inked[rows, columns] = alpha[rows, columns] > cell[rows % SCREEN_CELL_PX, columns % SCREEN_CELL_PX]
    return _trimmed(art, inked)


def underbase(alpha: npt.NDArray[np.uint8]) -> Mask:
    """Where white lies under the ink, True for white: the inked pixels, choked by `CHOKE_PX` on every side."""
    inked = np.pad(alpha >= SOLID_ALPHA, CHOKE_PX)
    height, width = alpha.shape
    white = np.ones(alpha.shape, dtype=np.bool_)
    for y, x in _DISC:
        top, left = CHOKE_PX + y, CHOKE_PX + x
        white &= inked[top : top + height, left : left + width]
    return white


def white_layer(white: Mask) -> npt.NDArray[np.uint8]:
    """The underbase as uint8 (H, W, 4): opaque white where it is printed, clear elsewhere."""
    rgba = np.full((*white.shape, 4), 255, dtype=np.uint8)
    rgba[:, :, 3] = white * np.uint8(255)
    return rgba


def eroded(mask: Mask, side_px: int, *, outside: bool = False, leaning: int = 0) -> Mask:
    """Where a square window of this side holds nothing but mask; `outside` is what lies beyond the border.

    The window is centred, or, with an even side, leans up and left, or down and right with `leaning` 1. Runs are
    doubled by shifting: seven passes over a full front take 0.1 s, where a rank filter takes ten times that.
    """
    for axis in (0, 1):
        before = side_px // 2 if leaning == 0 else (side_px - 1) // 2
        widths = [(0, 0), (0, 0)]
        widths[axis] = (before, side_px - 1 - before)
        run, length = np.pad(mask, widths, constant_values=outside), 1
        while length < side_px:
            step = min(length, side_px - length)
            keep = run.shape[axis] - step
            run = run[:, :keep] & run[:, step:] if axis else run[:keep] & run[step:]
            length += step
        mask = run
    return mask


def opened(mask: Mask, side_px: int) -> Mask:
    """What is at least `side_px` wide both ways."""
    return ~eroded(~eroded(mask, side_px, outside=True), side_px, outside=True, leaning=1)


def closed(mask: Mask, side_px: int) -> Mask:
    """The mask with every gap filled that is narrower than `side_px`."""
    return ~opened(~mask, side_px)


def _screen() -> npt.NDArray[np.uint8]:
    """The thresholds of one cell of a clustered-dot screen at 45 degrees, each level once."""
    at = (np.arange(SCREEN_CELL_PX) + 0.5) * 2 * np.pi / SCREEN_CELL_PX
    spot = np.cos(at)[:, None] + np.cos(at)[None, :] + 1e-6 * at[:, None] + 1e-7 * at[None, :]
    rank = np.argsort(np.argsort(spot, axis=None)).reshape(spot.shape)
    return np.rint((rank + 0.5) * 255 / rank.size).astype(np.uint8)


def _trimmed(art: PrintArt, inked: Mask) -> PrintArt:
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    if rows.size == 0:
        raise NothingToPrint("No pixel of this placement is solid enough to be printed.")
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    rgba = art.rgba[top:bottom, left:right].copy()
    rgba[:, :, 3] = inked[top:bottom, left:right] * np.uint8(255)
    return replace(
        art,
        rgba=rgba,
        left_in=art.left_in + int(left) / art.dpi,
        top_in=art.top_in + int(top) / art.dpi,
        width_in=rgba.shape[1] / art.dpi,
        height_in=rgba.shape[0] / art.dpi,
    )
