"""Pictures with an exact truth: the alpha is drawn first, the picture is mixed from it."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

FONT = Path(__file__).parents[3] / "orders" / "production" / "fonts" / "DejaVuSans-Bold.ttf"

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]


def disc(side_px: int, centre_px: tuple[float, float], radius_px: float) -> FloatArray:
    """Return the anti-aliased coverage of a disc, (side, side), centre as (row, column)."""
    y, x = np.mgrid[0:side_px, 0:side_px].astype(np.float32)
    distance = np.hypot(y - centre_px[0], x - centre_px[1])
    return np.clip(radius_px - distance + 0.5, 0, 1).astype(np.float32)


def ring(side_px: int, outer_px: float, inner_px: float) -> FloatArray:
    centre = (side_px / 2, side_px / 2)
    return disc(side_px, centre, outer_px) - disc(side_px, centre, inner_px)


def mixed(
    alpha: FloatArray, ink: ByteArray | tuple[int, int, int], ground: FloatArray | tuple[int, int, int]
) -> ByteArray:
    """Return the picture of ink over ground as uint8 (H, W, 3)."""
    cover = alpha[..., None]
    picture = np.asarray(ink, dtype=np.float32) * cover + np.asarray(ground, dtype=np.float32) * (1 - cover)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def outlined_word(word: str, stroke_px: int) -> tuple[ByteArray, FloatArray]:
    """Return a word in black outlines filled with white on white, 240 px high, and its true alpha."""
    font = ImageFont.truetype(str(FONT), 240)
    width_px = int(font.getlength(word)) + 120
    layers = []
    for stroke in (2 * stroke_px, 0):
        layer = Image.new("L", (width_px, 480))
        pen = ImageDraw.Draw(layer)
        pen.text((width_px / 2, 240), word, fill=255, font=font, anchor="mm", stroke_width=stroke)
        small = layer.resize((width_px // 2, 240), Image.Resampling.BOX)
        layers.append(np.asarray(small, dtype=np.float32) / 255)
    whole, filling = layers
    return np.rint(255 * (1 - whole + filling * whole)).repeat(3).reshape(*whole.shape, 3).astype(
        np.uint8
    ), whole


def through_jpeg(rgb: ByteArray, quality: int) -> ByteArray:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer), dtype=np.uint8)


def noise(side_px: int, sigma: float, seed: int = 1) -> FloatArray:
    generator = np.random.default_rng(seed)
    return generator.normal(0, sigma, (side_px, side_px, 3)).astype(np.float32)


def shaded_cloth(side_px: int, colour: tuple[int, int, int], seed: int = 2) -> FloatArray:
    """Return cloth with soft folds (light from 0.7 to 1.2) and a woven grain, float32 (side, side, 3)."""
    generator = np.random.default_rng(seed)
    folds = ndimage.gaussian_filter(generator.normal(0, 1, (side_px, side_px)), side_px / 14)
    folds = (folds - folds.min()) / (folds.max() - folds.min())
    grain = 1 + 0.02 * generator.normal(0, 1, (side_px, side_px))
    light = (0.7 + 0.5 * folds) * grain
    return (np.asarray(colour, dtype=np.float32) * light[..., None]).astype(np.float32)


def garment_photo(
    side_px: int, alpha: FloatArray, ink: tuple[int, int, int], cloth: tuple[int, int, int] = (40, 90, 60)
) -> tuple[ByteArray, FloatArray]:
    """Return a photo of a square of cloth with a print, on a busy ground, and the mask of the cloth (0..1)."""
    generator = np.random.default_rng(5)
    ground = ndimage.gaussian_filter(generator.uniform(0, 255, (side_px, side_px, 3)), (3, 3, 0)) * 1.0
    ground = (ground - ground.mean()) * 6 + 150
    garment = np.zeros((side_px, side_px), dtype=np.float32)
    edge_px = side_px // 8
    garment[edge_px:-edge_px, edge_px:-edge_px] = 1
    shaded = shaded_cloth(side_px, cloth)
    light = shaded.mean(axis=2, keepdims=True) / np.mean(cloth)
    printed = np.asarray(ink, dtype=np.float32) * light * alpha[..., None] + shaded * (1 - alpha[..., None])
    picture = printed * garment[..., None] + ground * (1 - garment[..., None])
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8), garment
