"""The points of the checklist that are answered by the pixels of one print: points 2 and 4 to 7.  [pure]"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from orders.production.ink_layers import CHOKE_PX, SOLID_ALPHA, closed, eroded, opened

PRINT_DPI = 300
PIXELS_PER_METRE = 11811
PIXEL_TOLERANCE = 1

HAZE_PERCENT = 0.5
THIN_PX = 4
"""0.014 in at 300 DPI: the thinnest line that transfers and screens hold."""

GAP_PX = 8
"""0.028 in at 300 DPI: the narrowest gap that does not fill in."""

THIN_PERCENT = 1.0
SPOT_PX = 30
MOST_SPOTS = 5

HALO_PX = 3
HALO_WHITE = 232
HALO_PERCENT = 25.0
HALO_CONTRAST = 5.0
"""A rim is a halo where white is five times as frequent in it as in the ink behind it: an outline that was meant is
wider than the rim, and then white stands behind it too."""

Alpha = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer to one of the ten points. Only a blocking finding that is not ok keeps the pack back.

    `spots` are the worst places, in inches from the print's top-left corner.
    """

    rule: int
    name: str
    ok: bool
    detail: str
    numbers: dict[str, float] = field(default_factory=dict)
    blocking: bool = True
    spots: list[dict[str, float]] = field(default_factory=list)


def check_art(
    files: dict[str, bytes], placement: dict[str, Any], method: dict[str, Any]
) -> Iterator[Finding]:
    """What the art file of one placement, and its underbase, say for themselves."""
    name = placement["placement"]
    art = _opened_picture(files, placement["art_file"])
    if isinstance(art, str):
        yield Finding(10, f"{name}: art", False, art)
        return
    yield _size(name, placement, art)
    yield _profile(name, placement, art)
    if art.mode != "RGBA":
        yield Finding(4, f"{name}: transparency", False, f"The art has no alpha channel ({art.mode}).")
        return
    red, green, blue, alpha = (np.asarray(channel) for channel in art.split())
    white = np.minimum(np.minimum(red, green), blue) >= HALO_WHITE
    solid = alpha >= SOLID_ALPHA
    dark = method["underbase"] == "white"
    yield _border(name, alpha)
    yield _halo(name, white, solid, dark)
    yield _haze(name, alpha, method)
    yield from _features(name, solid, method)
    if dark:
        yield _underbase(name, placement, solid, files)


def _opened_picture(files: dict[str, bytes], path: str) -> Image.Image | str:
    try:
        with Image.open(io.BytesIO(files[path]), formats=["PNG"]) as picture:
            picture.load()
            return picture
    except (KeyError, UnidentifiedImageError, OSError) as error:
        return f"{path} is no readable PNG ({type(error).__name__})."


def _size(name: str, placement: dict[str, Any], art: Image.Image) -> Finding:
    inches = placement["inches"]
    expected = (round(inches["width"] * PRINT_DPI), round(inches["height"] * PRINT_DPI))
    off_px = max(abs(art.width - expected[0]), abs(art.height - expected[1]))
    declared = tuple(round(float(value) / 0.0254) for value in art.info.get("dpi", (0, 0)))
    same = (art.width, art.height) == (placement["pixels"]["width"], placement["pixels"]["height"])
    ok = off_px <= PIXEL_TOLERANCE and declared == (PIXELS_PER_METRE, PIXELS_PER_METRE) and same
    numbers = {
        "width_px": art.width,
        "height_px": art.height,
        "expected_width_px": expected[0],
        "expected_height_px": expected[1],
        "pixels_per_metre": declared[0],
    }
    return Finding(
        2, f"{name}: true size", ok, "Pixels against inches at 300 DPI, and the file's own scale.", numbers
    )


def _profile(name: str, placement: dict[str, Any], art: Image.Image) -> Finding:
    profile = art.info.get("icc_profile") or b""
    coverage = sum(colour["coverage_percent"] for colour in placement["colours"])
    ok = b"sRGB" in profile.replace(b"\0", b"") and bool(placement["colours"])
    return Finding(7, f"{name}: colour", ok, "The sRGB profile is embedded and the main colours are named.",
                   {"colours": len(placement["colours"]), "coverage_percent": round(coverage, 1)})  # fmt: skip


def _border(name: str, alpha: Alpha) -> Finding:
    """Either a clear frame all round, or art that touches all four sides because it was trimmed to them."""
    edges = (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1])
    touched = sum(bool(edge.any()) for edge in edges)
    opaque_percent = float(np.mean(alpha > 0) * 100)
    return Finding(4, f"{name}: transparent and trimmed", touched in (0, 4),
                   "Sides that the art touches: none or all four.",
                   {"sides_touched": touched, "inked_percent": round(opaque_percent, 2)})  # fmt: skip


def _halo(name: str, white: Mask, solid: Mask, dark: bool) -> Finding:
    """The rim of white that a careless cut-out leaves around the art. On light cloth nobody sees it."""
    behind = eroded(solid, 2 * HALO_PX + 1)
    deep = eroded(behind, 4 * HALO_PX + 1)
    rim_percent = _share(white, solid & ~behind)
    inner_percent = _share(white, behind & ~deep)
    halo = rim_percent > HALO_PERCENT and rim_percent > HALO_CONTRAST * inner_percent
    return Finding(4, f"{name}: white rim", not halo,
                   "Near-white pixels in the outer 0.01 in of the art, against the ink behind it, in percent.",
                   {"rim_percent": round(rim_percent, 2), "behind_percent": round(inner_percent, 2)},
                   blocking=dark)  # fmt: skip


def _share(wanted: npt.NDArray[np.bool_], where: npt.NDArray[np.bool_]) -> float:
    return 100.0 * int(np.count_nonzero(wanted & where)) / max(int(np.count_nonzero(where)), 1)


def _haze(name: str, alpha: Alpha, method: dict[str, Any]) -> Finding:
    inked = int(np.count_nonzero(alpha))
    hazy_percent = 100.0 * int(np.count_nonzero((alpha > 0) & (alpha < 255))) / max(inked, 1)
    solid_only = method["whole_pixels"]
    limit = 0.0 if solid_only else HAZE_PERCENT if method["underbase"] == "white" else 100.0
    return Finding(5, f"{name}: half-transparent ink", hazy_percent <= limit,
                   "Half-transparent pixels in percent of the ink.",
                   {"percent": round(hazy_percent, 3), "limit_percent": limit}, blocking=solid_only)  # fmt: skip


def _features(name: str, solid: Mask, method: dict[str, Any]) -> Iterator[Finding]:
    """Ink thinner than the thinnest line that holds, and gaps narrower than those that stay open: what an opening and a
    closing at print scale change."""
    inked = max(int(np.count_nonzero(solid)), 1)
    lost = solid & ~opened(solid, THIN_PX)
    thin_percent = 100.0 * int(np.count_nonzero(lost)) / inked
    yield Finding(6, f"{name}: thin features", thin_percent <= THIN_PERCENT,
                  f"Ink thinner than {THIN_PX} px (0.014 in) in percent.",
                  {"percent": round(thin_percent, 3), "limit_percent": THIN_PERCENT}, blocking=False,
                  spots=_spots(lost))  # fmt: skip
    if method["whole_pixels"]:
        filled = closed(solid, GAP_PX) & ~solid
        gap_percent = 100.0 * int(np.count_nonzero(filled)) / inked
        yield Finding(6, f"{name}: narrow gaps", gap_percent <= THIN_PERCENT,
                      f"Gaps narrower than {GAP_PX} px (0.028 in) in percent of the ink.",
                      {"percent": round(gap_percent, 3), "limit_percent": THIN_PERCENT}, blocking=False,
                      spots=_spots(filled))  # fmt: skip


def _spots(mask: Mask) -> list[dict[str, float]]:
    """The tenths of an inch that hold most of the mask, in inches from the corner."""
    rows = np.add.reduceat(mask, np.arange(0, mask.shape[0], SPOT_PX), axis=0, dtype=np.int32)
    cells = np.add.reduceat(rows, np.arange(0, mask.shape[1], SPOT_PX), axis=1)
    worst = np.argsort(-cells, axis=None, kind="stable")[:MOST_SPOTS]
    size_in = SPOT_PX / PRINT_DPI
    return [
        {"left_in": round(float(column * size_in), 2), "top_in": round(float(row * size_in), 2)}
        for row, column in zip(*np.unravel_index(worst, cells.shape), strict=True)
        if cells[row, column]
    ]


def _underbase(name: str, placement: dict[str, Any], solid: Mask, files: dict[str, bytes]) -> Finding:
    """White must lie under the ink only, and stay inside its edge by the choke."""
    title = f"{name}: underbase"
    stated = placement["underbase"]
    if stated is None:
        return Finding(7, title, False, "Dark cloth, and no underbase is stated.")
    picture = _opened_picture(files, stated["file"])
    if isinstance(picture, str):
        return Finding(7, title, False, picture)
    if picture.mode != "RGBA" or picture.size != (solid.shape[1], solid.shape[0]):
        return Finding(7, title, False, "The underbase is not a layer of the art's size.")
    *colours, alpha = (np.asarray(channel) for channel in picture.split())
    white = alpha > 0
    choke_px = int(stated["choke_px"])
    outside = int(np.count_nonzero(white & ~eroded(solid, 3)))
    hazy = int(np.count_nonzero(white & (alpha < 255)))
    tinted = int(sum(np.count_nonzero(white & (channel < 255)) for channel in colours))
    coverage = 100.0 * int(np.count_nonzero(white)) / max(int(np.count_nonzero(solid)), 1)
    ok = outside == 0 and hazy == 0 and tinted == 0 and choke_px >= CHOKE_PX
    return Finding(7, title, ok, "White lies under the ink only, choked, and is white.",
                   {"choke_px": choke_px, "outside_px": outside, "hazy_px": hazy, "tinted_px": tinted,
                    "coverage_percent": round(coverage, 1)})  # fmt: skip
