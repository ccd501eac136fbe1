"""The print on the demo's shirt: a badge with a sliced sun, two peaks, waves and the shop's name.  [pure]

It is drawn from polygons on a grid of 1000 units, letters included, so that it owes nothing to a typeface.
"""

from collections.abc import Callable
from functools import lru_cache
from math import cos, pi, sin

from PIL import Image, ImageDraw

Point = tuple[float, float]
Ink = tuple[int, int, int, int]

CREAM: Ink = (247, 235, 208, 255)
AMBER: Ink = (245, 176, 56, 255)
CORAL: Ink = (226, 84, 52, 255)
AQUA: Ink = (112, 200, 192, 255)
BARE: Ink = (0, 0, 0, 0)

GRID_UNITS = 1000
CENTRE = 500.0
SCENE_RADIUS = 322.0
SUPERSAMPLE = 4

# Block letters in a cell 5 wide and 7 high, y down: an outline, then the holes in it.
LETTERS: dict[str, tuple[tuple[Point, ...], ...]] = {
    "S": (
        ((5, 2.3), (5, 1), (4, 0), (1, 0), (0, 1), (0, 3.25), (1, 4.25), (3.2, 4.25), (3.5, 4.55), (3.5, 5.2),
         (3.2, 5.5), (1.8, 5.5), (1.5, 5.2), (1.5, 4.7), (0, 4.7), (0, 6), (1, 7), (4, 7), (5, 6), (5, 3.75),
         (4, 2.75), (1.8, 2.75), (1.5, 2.45), (1.5, 1.8), (1.8, 1.5), (3.2, 1.5), (3.5, 1.8), (3.5, 2.3)),
    ),
    "T": (((0, 0), (5, 0), (5, 1.6), (3.3, 1.6), (3.3, 7), (1.7, 7), (1.7, 1.6), (0, 1.6)),),
    "O": (
        ((1, 0), (4, 0), (5, 1), (5, 6), (4, 7), (1, 7), (0, 6), (0, 1)),
        ((1.9, 1.5), (3.1, 1.5), (3.4, 1.8), (3.4, 5.2), (3.1, 5.5), (1.9, 5.5), (1.6, 5.2), (1.6, 1.8)),
    ),
    "L": (((0, 0), (1.6, 0), (1.6, 5.4), (4.8, 5.4), (4.8, 7), (0, 7)),),
    "E": (
        ((0, 0), (4.8, 0), (4.8, 1.5), (1.6, 1.5), (1.6, 2.75), (4.2, 2.75), (4.2, 4.2), (1.6, 4.2),
         (1.6, 5.5), (4.8, 5.5), (4.8, 7), (0, 7)),
    ),
    "N": (((0, 0), (1.6, 0), (3.5, 3.6), (3.5, 0), (5, 0), (5, 7), (3.5, 7), (1.5, 3.2), (1.5, 7), (0, 7)),),
}  # fmt: skip
LETTER_WIDTH = 5.0
LETTER_HEIGHT = 7.0


class _Pen:
    """Draws on a large canvas in grid units; flat inks replace what lies beneath."""

    def __init__(self, side_px: int) -> None:
        self.canvas = Image.new("RGBA", (side_px, side_px), BARE)
        self._draw = ImageDraw.Draw(self.canvas)
        self._scale = side_px / GRID_UNITS

    def polygon(self, points: list[Point], ink: Ink) -> None:
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=ink)

    def disc(self, radius: float, ink: Ink, centre: Point = (CENTRE, CENTRE)) -> None:
        x, y = centre
        box = [(x - radius) * self._scale, (y - radius) * self._scale]
        box += [(x + radius) * self._scale, (y + radius) * self._scale]
        self._draw.ellipse(box, fill=ink)


def _on_arc(radius_at: Callable[[float], float], angle_at: Callable[[float], float], point: Point) -> Point:
    radius, angle = radius_at(point[1]), angle_at(point[0])
    return CENTRE + radius * cos(angle), CENTRE + radius * sin(angle)


def _arc_word(pen: _Pen, word: str, *, top: bool) -> None:
    """Bend a word into the band between the rings, along its top or along its bottom."""
    middle_radius, unit = 404.0, 13.0
    advance = LETTER_WIDTH + 2.4
    length = advance * len(word) - 2.4
    turn = 1 if top else -1

    def radius_at(y: float) -> float:
        return middle_radius + turn * (LETTER_HEIGHT / 2 - y) * unit

    for index, letter in enumerate(word):
        start = index * advance - length / 2

        def angle_at(x: float, start: float = start) -> float:
            return -turn * pi / 2 + turn * (start + x) * unit / middle_radius

        for outline, ink in zip(LETTERS[letter], (CREAM, BARE), strict=False):
            pen.polygon([_on_arc(radius_at, angle_at, point) for point in outline], ink)


def _star(pen: _Pen, centre: Point, radius: float, ink: Ink) -> None:
    points = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.42
        angle = -pi / 2 + corner * pi / 5
        points.append((centre[0] + reach * cos(angle), centre[1] + reach * sin(angle)))
    pen.polygon(points, ink)


def _sun(pen: _Pen) -> None:
    """A sun whose lower half is sliced, with thin rays around it."""
    centre = (CENTRE, 430.0)
    for ray in range(25):
        angle = pi + ray * pi / 24
        across = (sin(angle) * 2.6, -cos(angle) * 2.6)
        near, far = 186.0, (238.0 if ray % 2 else 258.0)
        inner = (centre[0] + near * cos(angle), centre[1] + near * sin(angle))
        outer = (centre[0] + far * cos(angle), centre[1] + far * sin(angle))
        pen.polygon(
            [
                (inner[0] - across[0], inner[1] - across[1]),
                (inner[0] + across[0], inner[1] + across[1]),
                (outer[0] + across[0], outer[1] + across[1]),
                (outer[0] - across[0], outer[1] - across[1]),
            ],
            CREAM,
        )
    pen.disc(168, AMBER, centre)
    for slice_number, top in enumerate((418.0, 458.0, 496.0)):
        thickness = 7.0 + 4 * slice_number
        pen.polygon([(300, top), (700, top), (700, top + thickness), (300, top + thickness)], BARE)


def _peaks(pen: _Pen) -> None:
    """Two peaks with snow caps, each with an outline of bare cloth that lifts it from the sun."""
    pen.polygon([(215, 640), (388, 368), (560, 640)], BARE)
    pen.polygon([(450, 640), (596, 438), (760, 640)], BARE)
    pen.polygon([(468, 640), (596, 458), (742, 640)], CORAL)
    pen.polygon([(596, 458), (632, 503), (610, 496), (598, 514), (582, 494), (563, 505)], CREAM)
    pen.polygon([(372, 640), (388, 372), (576, 640)], BARE)
    pen.polygon([(232, 640), (388, 392), (544, 640)], CORAL)
    pen.polygon([(388, 392), (429, 457), (408, 449), (390, 475), (370, 448), (347, 457)], CREAM)


def _waves(pen: _Pen) -> None:
    """Rows of waves that fill the lower part of the scene; `_cut_to_scene` ends them at its circle."""
    steps = 160
    rows = (
        (588.0, 90.0, BARE),
        (604.0, 36.0, AQUA),
        (656.0, 30.0, CREAM),
        (702.0, 30.0, AQUA),
        (748.0, 110.0, AQUA),
    )
    for row, (top, thickness, ink) in enumerate(rows):
        upper, lower = [], []
        for step in range(steps + 1):
            x = 150 + 700 * step / steps
            upper.append((x, top + 11 * sin(x / 21 + row * 1.3)))
            lower.append((x, top + thickness + 11 * sin(x / 21 + row * 1.3)))
        pen.polygon(upper + lower[::-1], ink)


def _cut_to_scene(pen: _Pen) -> None:
    """Leave the scene only inside its circle."""
    everything = pen.canvas.copy()
    pen.disc(GRID_UNITS, BARE)
    inside = Image.new("L", pen.canvas.size, 0)
    scale = pen.canvas.width / GRID_UNITS
    near, far = (CENTRE - SCENE_RADIUS) * scale, (CENTRE + SCENE_RADIUS) * scale
    ImageDraw.Draw(inside).ellipse((near, near, far, far), fill=255)
    pen.canvas.paste(everything, mask=inside)


def _ring(pen: _Pen, outer: float, inner: float, ink: Ink) -> None:
    steps = 720
    turns = [2 * pi * step / steps for step in range(steps + 1)]
    rim = [(CENTRE + outer * cos(turn), CENTRE + outer * sin(turn)) for turn in turns]
    hole = [(CENTRE + inner * cos(turn), CENTRE + inner * sin(turn)) for turn in turns]
    pen.polygon(rim + hole[::-1], ink)


@lru_cache(maxsize=4)
def artwork(size_px: int) -> Image.Image:
    """The badge as RGBA, `size_px` square: four flat inks with straight alpha, bare cloth transparent.

    It is drawn four times as large and averaged down, so every edge is one pixel soft. Treat the picture as
    read-only: it is shared between callers.
    """
    pen = _Pen(size_px * SUPERSAMPLE)
    _sun(pen)
    _peaks(pen)
    _waves(pen)
    _cut_to_scene(pen)
    _ring(pen, 494, 481, CREAM)
    _ring(pen, 470, 464, CORAL)
    _ring(pen, 345, 336, AMBER)
    _arc_word(pen, "STOLEN", top=True)
    _arc_word(pen, "TEE", top=False)
    for side in (-1, 1):
        for turn, radius in ((0.0, 36), (0.2, 17), (-0.2, 17)):
            angle = 0.42 + turn
            place = (CENTRE + side * 404 * cos(angle), CENTRE + 404 * sin(angle))
            _star(pen, place, radius, AMBER if radius > 20 else AQUA)
    return pen.canvas.resize((size_px, size_px), Image.Resampling.BOX)
