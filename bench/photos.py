"""Photos to measure on where nobody has given any: scenes with soft light, edges, texture and the noise of a sensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

WIDTH_PX, HEIGHT_PX = 4032, 3024
_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif"}


def photos_in(folder: Path) -> list[Path]:
    """The pictures of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)


def made_photos(folder: Path, count: int = 3) -> list[Path]:
    """`count` 12 MP JPEGs like those of a phone, made once and kept in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"made-{number}.jpg" for number in range(1, count + 1)]
    for seed, path in enumerate(paths):
        if not path.exists():
            Image.fromarray(scene(WIDTH_PX, HEIGHT_PX, seed)).save(path, "JPEG", quality=92)
    return paths


def scene(width_px: int, height_px: int, seed: int, *, noise_levels: float = 4.0) -> NDArray[np.uint8]:
    """A drawn scene, uint8 (H, W, 3). `noise_levels` is the standard deviation of the sensor's noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    light = 150 + 70 * np.sin(x / width_px * 2.5 + seed) * np.cos(y / height_px * 2.0)
    picture = np.stack([light, light * 0.9 + 10, light * 0.75 + 30], axis=-1)
    for _ in range(24):
        centre_x, centre_y = random.uniform(0, width_px), random.uniform(0, height_px)
        radius = random.uniform(0.03, 0.15) * width_px
        inside = (x - centre_x) ** 2 + (y - centre_y) ** 2 < radius**2
        picture[inside] = picture[inside] * 0.35 + random.uniform(20, 235, 3).astype(np.float32) * 0.65
    picture += _texture(random, height_px, width_px)[..., None]
    picture += random.normal(0, noise_levels, picture.shape).astype(np.float32)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _texture(random: np.random.Generator, height_px: int, width_px: int) -> NDArray[np.float32]:
    """Structure of several sizes, from cloth to foliage."""
    total = np.zeros((height_px, width_px), dtype=np.float32)
    for cell_px, levels in ((4, 6.0), (16, 9.0), (64, 12.0)):
        coarse = random.normal(0, levels, (height_px // cell_px + 2, width_px // cell_px + 2))
        fine = ndimage.zoom(coarse.astype(np.float32), cell_px, order=1)
        total += fine[:height_px, :width_px]
    return total
