"""Text layers as outlines: shaped with a bundled open font, drawn by the server, the same on every machine.  [pure]

A layer becomes a picture like any other artwork, so that everything downstream (prices, mock-ups, packs) needs to
know nothing of fonts; its outlines stay available as SVG, without any live text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import uharfbuzz as hb
from PIL import Image, ImageChops, ImageDraw

Point = tuple[float, float]
Contour = list[Point]
Alignment = Literal["left", "center", "right"]

FOLDER = Path(__file__).resolve().parent / "fonts"
FONTS = {
    "alfa-slab-one": "AlfaSlabOne-Regular.ttf",
    "anton": "Anton-Regular.ttf",
    "archivo-black": "ArchivoBlack-Regular.ttf",
    "bebas-neue": "BebasNeue-Regular.ttf",
    "lobster": "Lobster-Regular.ttf",
    "pacifico": "Pacifico-Regular.ttf",
}
ALIGNMENTS: tuple[Alignment, ...] = ("left", "center", "right")

MOST_CHARACTERS = 200
MOST_LINES = 10
LONGEST_SIDE_PX = 4800
"""A text as wide as the platen (14 in) is then above 300 DPI."""

LARGEST_PX = 9_000_000
_CURVE_STEPS = 16
_SUPERSAMPLING = 4
_HEX = re.compile(r"#[0-9a-f]{6}")


class TextRefused(ValueError):
    """The text cannot be drawn. Codes: `text_empty`, `text_too_long`, `font_unknown`, `colour_invalid`,
    `glyph_missing`, `spacing_invalid`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class TextLayer:
    """A text as the customer sets it. Spacings are in ems: `letter_spacing` between letters, `line_height` from
    line to line.
    """

    text: str
    font: str
    colour: str = "#000000"
    align: Alignment = "center"
    letter_spacing: float = 0.0
    line_height: float = 1.15

    def __post_init__(self) -> None:
        if self.font not in FONTS:
            raise TextRefused(
                "font_unknown", f"There is no font {self.font!r}; there are {', '.join(FONTS)}."
            )
        if not _HEX.fullmatch(self.colour):
            raise TextRefused("colour_invalid", "A colour is written #rrggbb.")
        if self.align not in ALIGNMENTS:
            raise TextRefused("spacing_invalid", f"align is one of {', '.join(ALIGNMENTS)}.")
        if not (-0.2 <= self.letter_spacing <= 2.0 and 0.5 <= self.line_height <= 4.0):
            raise TextRefused("spacing_invalid", "letter_spacing is -0.2 to 2 em, line_height 0.5 to 4 em.")
        lines = self.lines
        if not "".join(lines).strip():
            raise TextRefused("text_empty", "There is no text to print.")
        if len(self.text) > MOST_CHARACTERS or len(lines) > MOST_LINES:
            raise TextRefused(
                "text_too_long", f"A text has at most {MOST_CHARACTERS} characters on {MOST_LINES} lines."
            )

    @property
    def lines(self) -> list[str]:
        """The lines in normal form, with plain spaces and without what cannot be seen."""
        kept = (_plain(character) for character in unicodedata.normalize("NFC", self.text))
        return "".join(kept).strip("\n").split("\n")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TextOutlines:
    """The glyphs of a text as closed contours in ems (y down), moved so that the inked box begins at 0, 0.

    Contours of one glyph are filled by the nonzero rule; glyphs may overlap, as they do in connected scripts.
    """

    glyphs: tuple[tuple[Contour, ...], ...]
    width_em: float
    height_em: float
    colour: str

    @property
    def aspect(self) -> float:
        return self.width_em / self.height_em

    def svg(self, width_in: float) -> bytes:
        """The outlines at true size as SVG, one path and no live text."""
        height_in = width_in / self.aspect
        path = " ".join(_path(contour) for glyph in self.glyphs for contour in glyph)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_in:.4f}in" height="{height_in:.4f}in" '
            f'viewBox="0 0 {self.width_em:.4f} {self.height_em:.4f}">'
            f'<path fill="{self.colour}" fill-rule="nonzero" d="{path}"/></svg>'
        ).encode()


def layer_outlines(layer: TextLayer) -> TextOutlines:
    """The outlines of a layer. Raises TextRefused for a character that its font does not have."""
    font = _font(layer.font)
    shaped = [_shape(font, line, layer) for line in layer.lines]
    widest = max(width for _, width in shaped)
    left_of = {"left": 0.0, "center": 0.5, "right": 1.0}[layer.align]
    glyphs = [
        [
            [(x + left_of * (widest - width), y + row * layer.line_height) for x, y in contour]
            for contour in glyph
        ]
        for row, (line, width) in enumerate(shaped)
        for glyph in line
    ]
    points = np.array([point for glyph in glyphs for contour in glyph for point in contour])
    if points.size == 0:
        raise TextRefused("text_empty", "There is no text to print.")
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    moved = tuple(tuple([(x - left, y - top) for x, y in contour] for contour in glyph) for glyph in glyphs)
    return TextOutlines(moved, float(right - left), float(bottom - top), layer.colour)


def draw_outlines(outlines: TextOutlines, longest_side_px: int = LONGEST_SIDE_PX) -> npt.NDArray[np.uint8]:
    """The text as a picture, uint8 (H, W, 4), trimmed, its longest side as given unless that is too many pixels."""
    longest = max(outlines.width_em, outlines.height_em)
    px_per_em = min(longest_side_px / longest, (LARGEST_PX / (outlines.width_em * outlines.height_em)) ** 0.5)
    size = (max(1, round(outlines.width_em * px_per_em)), max(1, round(outlines.height_em * px_per_em)))
    coverage = Image.new("L", size)
    for glyph in outlines.glyphs:
        if glyph:
            _draw_glyph(coverage, glyph, px_per_em)
    picture = Image.new("RGBA", size, outlines.colour)
    picture.putalpha(coverage)
    return np.asarray(picture)


def missing_characters(text: str, font: str) -> list[str]:
    """Characters of the text that the font cannot draw."""
    known = _font(font)
    wanted = dict.fromkeys(character for character in text if not character.isspace())
    return [character for character in wanted if known.get_nominal_glyph(ord(character)) is None]


class _Flattener:
    """Collects the contours of a glyph as polygons."""

    def __init__(self) -> None:
        self.contours: list[Contour] = []

    def moveTo(self, point: Point) -> None:
        self.contours.append([point])

    def lineTo(self, point: Point) -> None:
        self.contours[-1].append(point)

    def qCurveTo(self, control: Point, end: Point) -> None:
        start = self.contours[-1][-1]
        self.curveTo(_towards(start, control, 2 / 3), _towards(end, control, 2 / 3), end)

    def curveTo(self, first: Point, second: Point, end: Point) -> None:
        t = np.linspace(0, 1, _CURVE_STEPS + 1)[1:, None]
        start = self.contours[-1][-1]
        curve = (
            (1 - t) ** 3 * np.array(start)
            + 3 * (1 - t) ** 2 * t * np.array(first)
            + 3 * (1 - t) * t**2 * np.array(second)
            + t**3 * np.array(end)
        )
        self.contours[-1].extend((float(x), float(y)) for x, y in curve)

    def closePath(self) -> None:
        """Every contour is a polygon, closed by its first point."""


def _towards(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


@lru_cache(maxsize=len(FONTS))
def _font(key: str) -> Any:
    return hb.Font(hb.Face(hb.Blob.from_file_path(str(FOLDER / FONTS[key]))))


def _shape(font: Any, line: str, layer: TextLayer) -> tuple[list[list[Contour]], float]:
    """The glyphs of one line on the baseline y = 0, in ems with y down, and the width of the line."""
    missing = missing_characters(line, layer.font)
    if missing:
        names = ", ".join(missing[:10])
        raise TextRefused(
            "glyph_missing", f"The font {layer.font} has no {names}. Please choose another font."
        )
    buffer = hb.Buffer()
    buffer.add_str(line)
    buffer.guess_segment_properties()
    # Spaced letters must not be joined into one glyph.
    hb.shape(font, buffer, {"liga": layer.letter_spacing == 0, "kern": True})
    em = float(font.face.upem)
    glyphs: list[list[Contour]] = []
    x = 0.0
    for info, placed in zip(buffer.glyph_infos or [], buffer.glyph_positions or [], strict=True):
        pen = _Flattener()
        font.draw_glyph_with_pen(info.codepoint, pen)
        dx, dy = x + placed.x_offset / em, -placed.y_offset / em
        glyphs.append([[(px / em + dx, -py / em + dy) for px, py in contour] for contour in pen.contours])
        x += placed.x_advance / em + layer.letter_spacing
    return glyphs, max(0.0, x - layer.letter_spacing)


def _draw_glyph(coverage: Image.Image, contours: tuple[Contour, ...], px_per_em: float) -> None:
    """Adds a glyph, filled by the nonzero rule and smoothed, to the picture of the text."""
    points = np.array([point for contour in contours for point in contour]) * px_per_em
    left, top = (int(edge) for edge in np.floor(points.min(axis=0)))
    right, bottom = (int(edge) for edge in np.ceil(points.max(axis=0)))
    size = (max(1, right - left) * _SUPERSAMPLING, max(1, bottom - top) * _SUPERSAMPLING)
    winding = np.zeros((size[1], size[0]), dtype=np.int8)
    for contour in contours:
        polygon = [
            ((x * px_per_em - left) * _SUPERSAMPLING, (y * px_per_em - top) * _SUPERSAMPLING)
            for x, y in contour
        ]
        if len(polygon) < 3:
            continue
        mask = Image.new("1", size)
        ImageDraw.Draw(mask).polygon(polygon, fill=1)
        winding += np.asarray(mask).astype(np.int8) * (1 if _area(contour) > 0 else -1)
    filled = Image.fromarray(np.where(winding != 0, np.uint8(255), np.uint8(0))).reduce(_SUPERSAMPLING)
    box = (left, top, left + filled.width, top + filled.height)
    coverage.paste(ImageChops.screen(coverage.crop(box), filled), box[:2])


def _area(contour: Contour) -> float:
    pairs = zip(contour, [*contour[1:], contour[0]], strict=True)
    return sum(one[0] * two[1] - two[0] * one[1] for one, two in pairs) / 2


def _path(contour: Contour) -> str:
    return "M" + "L".join(f"{x:.4f} {y:.4f}" for x, y in contour) + "Z"


def _plain(character: str) -> str:
    if character == "\n":
        return character
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") else character


def layer_of(facts: dict[str, Any]) -> TextLayer:
    """A layer from what `TextLayer.to_json` wrote, or a customer sent. Raises TextRefused."""
    return TextLayer(
        text=str(facts["text"]),
        font=str(facts["font"]),
        colour=str(facts.get("colour", "#000000")).lower(),
        align=cast(Alignment, facts.get("align", "center")),
        letter_spacing=float(facts.get("letter_spacing", 0.0)),
        line_height=float(facts.get("line_height", 1.15)),
    )
