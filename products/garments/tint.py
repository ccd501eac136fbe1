"""A garment picture in any cloth colour, at any width.  [pure]

The bases beside this module are drawn by `products.garments.draw`: mode "LA", light as L (level 200 is cloth
that faces the viewer) and shape as A. A colour is laid on through one table of 256 levels for each channel.
"""

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

BASE_DIRECTORY = Path(__file__).parent / "base"
NEUTRAL_LEVEL = 200
# Height over width of each base, as on the storefront's stage: 600 x 600, and 690 x 734.516 (992 x 1056 px).
ASPECTS = {"tee": 1.0, "hoodie": 1056 / 992}
VIEWS = ("front", "back")


def _channels(colour_hex: str) -> npt.NDArray[np.float64]:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour_hex):
        raise ValueError(f"a colour is written #rrggbb, not {colour_hex!r}")
    return np.array([int(colour_hex[start : start + 2], 16) / 255 for start in (1, 3, 5)])


def _tables(colour_hex: str) -> list[int]:
    """Three tables in a row, from level of light to red, green and blue.

    A light cloth is held a little below its own colour, so that its folds show against a white page; a dark
    one gets more contrast and a grey sheen where it is lit, without which black is a silhouette.
    """
    colour = _channels(colour_hex)
    lightness = float(colour @ (0.2126, 0.7152, 0.0722))
    light = np.arange(256) / NEUTRAL_LEVEL
    on_light = 1.04 - 0.74 * np.exp(-1.95 * light)
    on_dark = light**1.35
    strength = on_dark + (on_light - on_dark) * np.sqrt(lightness)
    sheen = 0.26 * (1 - lightness) ** 6 * np.clip(light - 0.72, 0, None)
    levels = colour[:, None] * strength + sheen
    return [int(level) for level in np.clip(np.rint(levels * 255), 0, 255).ravel()]


@lru_cache(maxsize=4)
def _base(garment: str, view: str) -> Image.Image:
    with Image.open(BASE_DIRECTORY / f"{garment}-{view}.png") as picture:
        picture.load()
        return picture.copy()


@lru_cache(maxsize=24)
def _tinted(garment: str, view: str, colour_hex: str, width_px: int) -> Image.Image:
    height_px = round(width_px * ASPECTS[garment])
    small = _base(garment, view).resize((width_px, height_px), Image.Resampling.LANCZOS)
    light, shape = small.split()
    picture = Image.merge("RGB", (light, light, light)).point(_tables(colour_hex))
    picture.putalpha(shape)
    return picture


def garment_picture(garment: str, view: str, colour_hex: str, width_px: int) -> Image.Image:
    """The garment ("tee" or "hoodie") from "front" or "back" in the colour, as RGBA with straight alpha.

    The tee is square, the hoodie 1056/992 as high as wide. The caller owns the picture; the work behind it is
    cached. Raises ValueError for a garment, view, colour or width that does not exist.
    """
    if garment not in ASPECTS:
        raise ValueError(f"no garment {garment!r}; there are {', '.join(ASPECTS)}")
    if view not in VIEWS:
        raise ValueError(f"no view {view!r}; there are {', '.join(VIEWS)}")
    if width_px < 1:
        raise ValueError(f"a picture is at least 1 px wide, not {width_px}")
    return _tinted(garment, view, colour_hex.lower(), width_px).copy()
