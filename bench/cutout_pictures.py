"""Pictures with an exact truth that the cut-out bench makes itself, so that nothing is tuned to single files.

Each picture is mixed from a drawn alpha: picture = alpha * ink + (1 - alpha) * ground, then noise and JPEG. The seed
fixes every one of them. Garments are the shop's own drawn tees with a print laid into their light.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from products.garments.tint import garment_picture
from uploads.cutout.artwork import Subject

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]
Random = np.random.Generator

SIDE_PX = 800
_FONTS = Path(__file__).resolve().parent.parent / "orders" / "production" / "fonts"
_WORDS = ("COLLEGE", "Wild Bees", "1987", "Moon Club", "GOOD DAY", "Rock & Roll", "OCEAN", "8 & 9", "Bread")
_INKS = (
    (200, 30, 40), (20, 40, 160), (15, 15, 18), (240, 200, 40), (30, 120, 80), (120, 60, 160), (235, 120, 30),
    (250, 250, 248), (90, 180, 220), (230, 150, 180),
)  # fmt: skip
_GROUNDS = {
    "white": (255, 255, 255), "offwhite": (247, 245, 240), "black": (0, 0, 0), "grey": (200, 202, 205),
    "green": (0, 200, 60), "magenta": (255, 0, 255), "pastel": (250, 200, 215), "navy": (25, 35, 70),
}  # fmt: skip


@dataclass(frozen=True)
class Labelled:
    """A picture, uint8 (H, W, 3), its truth, uint8 (H, W, 4), straight alpha, and what is wanted of it."""

    name: str
    kind: str
    rgb: ByteArray
    truth: ByteArray
    subject: Subject = "object"


def made_pictures(count_per_kind: int, seed: int = 7) -> Iterator[Labelled]:
    """Return pictures of every style and kind, the same for the same seed."""
    styles = list(_STYLES.items())
    for number in range(count_per_kind * 3):
        random = np.random.default_rng((seed, 1, number))
        style, draw = styles[number % len(styles)]
        ground_name = str(random.choice(list(_GROUNDS)))
        ground = _flat(_GROUNDS[ground_name])
        alpha, ink = draw(random, _GROUNDS[ground_name])
        yield _developed(f"made_flat_{ground_name}_{style}_{number}", "flat", alpha, ink, ground, random)
    for number in range(count_per_kind):
        random = np.random.default_rng((seed, 2, number))
        style, draw = styles[number % len(styles)]
        kind, ground = ("gradient", _graded(random)) if number % 2 else ("texture", _textured(random))
        mean = tuple(int(value) for value in ground.mean(axis=(0, 1)))
        alpha, ink = draw(random, mean)
        yield _developed(f"made_{kind}_{style}_{number}", kind, alpha, ink, ground, random)
    for number in range(count_per_kind):
        random = np.random.default_rng((seed, 3, number))
        ground = _PHOTO_GROUNDS[number % len(_PHOTO_GROUNDS)](random)
        alpha, ink = _tee(random) if number % 3 == 2 else _creature(random, (0, 0, 0))
        yield _developed(f"made_photo_{number}", "photo", alpha, ink, ground, random, quality=92)
    for number in range(count_per_kind):
        yield _printed_garment(number, np.random.default_rng((seed, 4, number)))


def _developed(
    name: str,
    kind: str,
    alpha: FloatArray,
    ink: FloatArray,
    ground: FloatArray,
    random: Random,
    quality: int | None = None,
) -> Labelled:
    truth = np.dstack([np.clip(ink, 0, 255), alpha * 255])
    picture = alpha[..., None] * ink + (1 - alpha[..., None]) * ground
    noisy = random.random() < 0.3
    if noisy:
        picture = picture + random.normal(0, random.uniform(0.5, 2.5), picture.shape)
    rgb = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    if quality is None and random.random() < 0.35:
        quality = int(random.integers(75, 96))
    if quality is not None:
        buffer = io.BytesIO()
        Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
        rgb = np.asarray(Image.open(buffer), dtype=np.uint8)
        name += f"_q{quality}"
    return Labelled(name, kind, rgb, np.clip(np.rint(truth), 0, 255).astype(np.uint8))


def _flat(colour: tuple[int, int, int]) -> FloatArray:
    return np.full((SIDE_PX, SIDE_PX, 3), colour, dtype=np.float32)


def _cloud(random: Random, sigma_px: float, channels: int = 1) -> FloatArray:
    """Return smooth noise in 0..1, (side, side, channels)."""
    step = max(1, int(sigma_px / 2))
    small = random.normal(0, 1, (SIDE_PX // step + 8, SIDE_PX // step + 8, channels)).astype(np.float32)
    soft = cv2.GaussianBlur(small, (0, 0), sigma_px / step)
    soft = cv2.resize(soft, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)[:SIDE_PX, :SIDE_PX]
    soft = soft.reshape(SIDE_PX, SIDE_PX, channels)
    low, high = np.percentile(soft, (2, 98))
    return np.clip((soft - low) / (high - low), 0, 1).astype(np.float32)


def _graded(random: Random) -> FloatArray:
    first, second = random.uniform(60, 250, 3), random.uniform(60, 250, 3)
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX].astype(np.float32) / SIDE_PX
    angle = random.uniform(0, 2 * np.pi)
    share = np.clip(0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle), 0, 1)[..., None]
    return (first * (1 - share) + second * share).astype(np.float32)


def _textured(random: Random) -> FloatArray:
    base = random.uniform(90, 235, 3)
    return (base + (_cloud(random, 40) - 0.5) * 40 + random.normal(0, 2.5, (SIDE_PX, SIDE_PX, 1))).astype(
        np.float32
    )


def _wood(random: Random) -> FloatArray:
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX].astype(np.float32)
    rings = np.sin((y + 40 * _cloud(random, 90)[..., 0] + 0.05 * x) / random.uniform(5, 14))
    board = np.asarray(random.uniform((120, 70, 30), (190, 130, 90)), dtype=np.float32)
    grain = 1 + 0.18 * rings + 0.06 * random.normal(0, 1, (SIDE_PX, SIDE_PX))
    return (board * grain[..., None]).astype(np.float32)


def _garden(random: Random) -> FloatArray:
    """Blurred discs of light and leaves, as behind a portrait."""
    picture = _cloud(random, 60, 3) * np.asarray((90, 130, 60)) + 30
    canvas = picture.astype(np.float32)
    for _ in range(60):
        centre = random.integers(0, SIDE_PX, 2)
        colour = random.uniform((40, 80, 20), (200, 220, 150))
        layer = np.zeros((SIDE_PX, SIDE_PX), np.float32)
        cv2.circle(layer, (int(centre[0]), int(centre[1])), int(random.integers(15, 60)), 1.0, -1)
        cover = cv2.GaussianBlur(layer, (0, 0), 6)[..., None] * 0.6
        canvas = canvas * (1 - cover) + colour * cover
    return canvas.astype(np.float32)


def _brick(random: Random) -> FloatArray:
    picture = np.full((SIDE_PX, SIDE_PX, 3), 170, dtype=np.float32)
    height, width = int(random.integers(40, 70)), int(random.integers(110, 170))
    for row, top in enumerate(range(0, SIDE_PX, height)):
        for left in range(-(row % 2) * width // 2, SIDE_PX, width):
            colour = random.uniform((120, 50, 40), (190, 95, 75))
            picture[top + 4 : top + height, max(0, left + 4) : max(0, left + width)] = colour
    return (picture * (0.9 + 0.2 * _cloud(random, 4))).astype(np.float32)


_PHOTO_GROUNDS: list[Callable[[Random], FloatArray]] = [_wood, _garden, _brick]


def _font(random: Random, size: int) -> ImageFont.FreeTypeFont:
    name = str(random.choice(["DejaVuSans-Bold.ttf", "DejaVuSans.ttf"]))
    return ImageFont.truetype(str(_FONTS / name), size)


def _drawn(draw: Callable[[ImageDraw.ImageDraw, int], None]) -> FloatArray:
    """Return the anti-aliased coverage of a drawing made at twice the size."""
    image = Image.new("L", (2 * SIDE_PX, 2 * SIDE_PX))
    draw(ImageDraw.Draw(image), 2 * SIDE_PX)
    return np.asarray(image.resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX), dtype=np.float32) / 255


def _line_of(random: Random, pen: ImageDraw.ImageDraw, side: int, y: float, share: float, **how: int) -> None:
    word = str(random.choice(_WORDS))
    font = _font(random, round(share * side / max(len(word), 4) * 1.5))
    pen.text((side / 2, y * side), word, fill=255, font=font, anchor="mm", **how)  # type: ignore[arg-type]


def _far_ink(random: Random, ground: tuple[int, ...], least: float = 60) -> FloatArray:
    far = [ink for ink in _INKS if max(abs(a - b) for a, b in zip(ink, ground, strict=True)) > least]
    return np.asarray(far[int(random.integers(len(far)))], dtype=np.float32)


def _coloured(*layers: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Lay inks over each other; return alpha and the straight ink colours."""
    alpha = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    ink = np.zeros((SIDE_PX, SIDE_PX, 3), np.float32)
    for cover, colour in layers:
        total = cover + alpha * (1 - cover)
        weight = (cover / np.maximum(total, 1e-6))[..., None]
        ink = colour * weight + ink * (1 - weight)
        alpha = total
    return alpha, ink


def _lettering(random: Random, ground: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    lines = [_drawn(lambda pen, side, y=y: _line_of(random, pen, side, y, 0.8)) for y in (0.3, 0.55, 0.75)]
    return _coloured(*((line, _far_ink(random, ground)) for line in lines))


def _badge(random: Random, ground: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    def ring(pen: ImageDraw.ImageDraw, side: int) -> None:
        pen.ellipse((0.15 * side, 0.15 * side, 0.85 * side, 0.85 * side), outline=255, width=side // 40)
        pen.ellipse((0.2 * side, 0.2 * side, 0.8 * side, 0.8 * side), outline=255, width=side // 120)

    def star(pen: ImageDraw.ImageDraw, side: int) -> None:
        pen.regular_polygon((side / 2, 0.36 * side, 0.1 * side), 5, fill=255)

    word = _drawn(lambda pen, side: _line_of(random, pen, side, 0.56, 0.42))
    inks = [_far_ink(random, ground) for _ in range(3)]
    return _coloured((_drawn(ring), inks[0]), (_drawn(star), inks[1]), (word, inks[2]))


def _outlined(random: Random, ground: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """Outlined letters whose filling has the colour of the ground: only the outline tells them."""
    word, size = str(random.choice(_WORDS)), int(random.integers(150, 260))
    path = str(_FONTS / "DejaVuSans-Bold.ttf")
    widest = 1.6 * SIDE_PX / ImageFont.truetype(path, 100).getlength(word) * 100
    font = ImageFont.truetype(path, min(2 * size, int(widest)))
    width = int(random.integers(9, 20))

    def whole(pen: ImageDraw.ImageDraw, side: int) -> None:
        pen.text((side / 2, side / 2), word, fill=255, font=font, anchor="mm", stroke_width=width)

    def filling(pen: ImageDraw.ImageDraw, side: int) -> None:
        pen.text((side / 2, side / 2), word, fill=255, font=font, anchor="mm")

    return _coloured(
        (_drawn(whole), _far_ink(random, ground, 100)),
        (_drawn(filling), np.asarray(ground, dtype=np.float32)),
    )


def _line_art(random: Random, ground: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """A hand-drawn figure of open and closed strokes; its inside is paper."""
    turns = np.linspace(0, 2 * np.pi, 400)

    def strokes(pen: ImageDraw.ImageDraw, side: int) -> None:
        for _ in range(5):
            radius = random.uniform(0.06, 0.18) * (1 + 0.2 * np.sin(turns * int(random.integers(2, 6))))
            x, y = random.uniform(0.3, 0.7, 2)
            points = [
                ((x + r * np.cos(t)) * side, (y + r * np.sin(t)) * side)
                for r, t in zip(radius, turns, strict=True)
            ]
            pen.line(points, fill=255, width=side // 130, joint="curve")
        for _ in range(6):
            x, y = random.uniform(0.25, 0.75, 2)
            pen.arc(
                ((x - 0.1) * side, (y - 0.1) * side, (x + 0.1) * side, (y + 0.1) * side),
                random.uniform(0, 180),
                random.uniform(200, 340),
                fill=255,
                width=side // 130,
            )

    return _coloured((_drawn(strokes), _far_ink(random, ground, 100)))


def _halftone(random: Random, ground: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    pitch = random.uniform(0.014, 0.03)

    def dots(pen: ImageDraw.ImageDraw, side: int) -> None:
        for row in np.arange(0.15, 0.75, pitch):
            for column in np.arange(0.15, 0.85, pitch):
                radius = pitch * 0.55 * (1 - (row - 0.15) / 0.62)
                box = (column - radius, row - radius, column + radius, row + radius)
                pen.ellipse([value * side for value in box], fill=255)

    word = _drawn(lambda pen, side: _line_of(random, pen, side, 0.8, 0.6))
    return _coloured((_drawn(dots), _far_ink(random, ground)), (word, _far_ink(random, ground)))


def _distressed(random: Random, ground: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    alpha, ink = _lettering(random, ground)
    worn = np.clip((_cloud(random, 2.2)[..., 0] - 0.28) * 8, 0, 1)
    return (alpha * worn).astype(np.float32), ink


def _glow(random: Random, ground: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    word = _drawn(lambda pen, side: _line_of(random, pen, side, 0.5, 0.75))
    halo = np.clip(cv2.GaussianBlur(word, (0, 0), random.uniform(8, 18)) * 0.9, 0, 1)
    ink = _far_ink(random, ground, 120)
    return _coloured((halo, ink), (word, ink))


def _shadowed(random: Random, ground: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    alpha, ink = _badge(random, ground)
    shadow = 0.45 * np.roll(cv2.GaussianBlur(alpha, (0, 0), 9), (14, 10), axis=(0, 1))
    return _coloured((shadow.astype(np.float32), np.zeros(3, np.float32)), (alpha, ink))


def _watercolour(random: Random, ground: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX].astype(np.float32) / SIDE_PX - 0.5
    inside = np.clip((0.36 - np.hypot(x, y) - 0.12 * (_cloud(random, 50)[..., 0] - 0.5)) * 14, 0, 1)
    alpha = (inside * (0.25 + 0.6 * _cloud(random, 24)[..., 0])).astype(np.float32)
    first, second = _far_ink(random, ground), _far_ink(random, ground)
    share = _cloud(random, 60)
    word = _drawn(lambda pen, side: _line_of(random, pen, side, 0.88, 0.5))
    return _coloured((alpha, first * share + second * (1 - share)), (word, _far_ink(random, ground, 100)))


def _creature(random: Random, ground: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """A rounded, shaded body of several parts, furry or smooth."""
    furry = random.random() < 0.5
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX].astype(np.float32)
    layers = []
    body = random.uniform((90, 60, 40), (240, 200, 190)).astype(np.float32)
    for part, (row, column, radius) in enumerate(
        [(0.62, 0.5, 0.24), (0.36, 0.5, 0.16), (0.24, 0.38, 0.06), (0.24, 0.62, 0.06)]
    ):
        centre = (np.asarray((row, column)) + random.uniform(-0.02, 0.02, 2)) * SIDE_PX
        size = radius * random.uniform(0.85, 1.15) * SIDE_PX
        dy, dx = y - centre[0], x - centre[1]
        ragged = 9 * (_cloud(random, 1.6)[..., 0] - 0.5) if furry else 0
        cover = np.clip(size - np.hypot(dx, dy) + ragged + 0.5, 0, 1).astype(np.float32)
        if furry:
            cover = cv2.GaussianBlur(cover, (0, 0), 0.8)
        light = np.clip(1.05 - 0.5 * np.hypot(dx + 0.4 * size, dy + 0.4 * size) / size, 0.35, 1.1)
        shade = light[..., None] * (1 + (0.12 * (_cloud(random, 2) - 0.5) if furry else 0))
        tone = body * (1.0 if part % 2 else 0.92)
        layers.append((cover, (tone * shade).astype(np.float32)))
    eyes = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    for column in (0.45, 0.55):
        eyes = np.maximum(eyes, np.clip(14 - np.hypot(y - 0.35 * SIDE_PX, x - column * SIDE_PX), 0, 1))
    return _coloured(*layers, (eyes, np.full(3, 15, np.float32)))


def _tee(random: Random) -> tuple[FloatArray, FloatArray]:
    colour = "#{:02x}{:02x}{:02x}".format(*random.integers(20, 240, 3))
    garment = garment_picture("tee", "front", colour, SIDE_PX).convert("RGBA")
    canvas = Image.new("RGBA", (SIDE_PX, SIDE_PX))
    garment.thumbnail((round(0.86 * SIDE_PX), round(0.86 * SIDE_PX)))
    canvas.paste(garment, ((SIDE_PX - garment.width) // 2, (SIDE_PX - garment.height) // 2))
    rgba = np.asarray(canvas, dtype=np.float32)
    return (rgba[..., 3] / 255).astype(np.float32), rgba[..., :3]


def _printed_garment(number: int, random: Random) -> Labelled:
    """A tee with a print, on a plain page or on a photographic ground; the print alone is wanted."""
    cloth_alpha, cloth = _tee(random)
    light = cv2.GaussianBlur(cloth.mean(axis=2), (0, 0), 1.0)
    typical = float(np.median(light[cloth_alpha > 0.9]))
    mean = tuple(int(v) for v in np.median(cloth[cloth_alpha > 0.9], axis=0))
    alpha, ink = (_lettering, _badge, _shadowed, _creature)[number % 4](random, mean)
    scale = random.uniform(0.34, 0.5)
    matrix = np.asarray(
        [[scale, 0, (1 - scale) / 2 * SIDE_PX], [0, scale, (0.47 - scale / 2) * SIDE_PX]], np.float32
    )
    layer = cv2.warpAffine(
        np.dstack([ink * alpha[..., None], alpha]).astype(np.float32),
        matrix,
        (SIDE_PX, SIDE_PX),
        flags=cv2.INTER_AREA,
    )
    alpha = layer[..., 3]
    ink = layer[..., :3] / np.maximum(alpha, 1e-6)[..., None]
    lit = ink * np.clip(light / max(typical, 1.0), 0.5, 1.5)[..., None]
    garment = lit * alpha[..., None] + cloth * (1 - alpha[..., None])
    garment = garment * (1 + 0.015 * random.normal(0, 1, (SIDE_PX, SIDE_PX, 1)))
    plain = number % 2 == 0
    ground = _flat((250, 250, 250)) if plain else _PHOTO_GROUNDS[number % 3](random)
    shown = _developed("", "print", cloth_alpha, garment, ground, random, quality=92)
    truth = np.clip(np.rint(np.dstack([ink, alpha * 255])), 0, 255).astype(np.uint8)
    where = "plain" if plain else "busy"
    return Labelled(f"made_print_{where}_{number}", "print of a garment", shown.rgb, truth, "print")


_STYLES: dict[str, Callable[[Random, tuple[int, ...]], tuple[FloatArray, FloatArray]]] = {
    "lettering": _lettering,
    "badge": _badge,
    "outlined": _outlined,
    "creature": _creature,
    "lineart": _line_art,
    "halftone": _halftone,
    "distressed": _distressed,
    "glow": _glow,
    "shadow": _shadowed,
    "watercolour": _watercolour,
}
