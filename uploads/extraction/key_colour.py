"""The colour that a drawing is put on: one that is far from everything in the artwork, so that it can be keyed out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uploads.imaging.colour import srgb_to_lab

# Saturated colours that models know by name and that inks seldom are.
_CANDIDATES = {
    "magenta": (255, 0, 255),
    "green": (0, 255, 0),
    "cyan": (0, 255, 255),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "red": (255, 0, 0),
}
# A colour that covers less of the picture than this is noise or a JPEG's fringe.
_LEAST_SHARE = 0.0015


@dataclass(frozen=True)
class KeyColour:
    name: str
    rgb: tuple[int, int, int]
    distance: float

    @property
    def hex(self) -> str:
        return "#{:02X}{:02X}{:02X}".format(*self.rgb)


def key_colour(rgb: NDArray[np.uint8]) -> KeyColour:
    """The candidate whose nearest colour in the picture is furthest away (`distance`, in CIELAB units).

    rgb: uint8 (H, W, 3).
    """
    step = max(1, int(np.sqrt(rgb.shape[0] * rgb.shape[1] / 40_000)))
    pixels = rgb[::step, ::step].reshape(-1, 3)
    cells, counts = np.unique(pixels >> 4, axis=0, return_counts=True)
    palette = (cells[counts >= _LEAST_SHARE * len(pixels)].astype(np.uint8) << 4) + 8
    if len(palette) == 0:
        palette = pixels
    lab = srgb_to_lab(palette.reshape(1, -1, 3)).reshape(-1, 3)
    keys = srgb_to_lab(np.array([list(_CANDIDATES.values())], dtype=np.uint8)).reshape(-1, 3)
    distances = np.linalg.norm(keys[:, None, :] - lab[None, :, :], axis=2).min(axis=1)
    best = int(distances.argmax())
    name = list(_CANDIDATES)[best]
    return KeyColour(name, _CANDIDATES[name], float(distances[best]))
