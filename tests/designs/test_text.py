"""Text is shaped with the bundled fonts and leaves as outlines and pixels, the same every time."""

from __future__ import annotations

import hashlib
from xml.etree import ElementTree

import numpy as np
import pytest

from designs.text import (
    FOLDER,
    FONTS,
    LARGEST_PX,
    TextLayer,
    TextRefused,
    draw_outlines,
    layer_of,
    layer_outlines,
    missing_characters,
)


@pytest.mark.parametrize("font", sorted(FONTS))
def test_every_font_draws_and_has_its_licence(font: str) -> None:
    rgba = draw_outlines(layer_outlines(TextLayer("Stolen Tee 08", font, "#c81e28")), 600)
    assert rgba.shape[1] == 600
    assert rgba.shape[0] < 200
    inked = rgba[rgba[..., 3] == 255]
    assert np.unique(inked[:, :3], axis=0).tolist() == [[200, 30, 40]]
    edges = rgba[..., 3]
    assert min(edges[0].max(), edges[-1].max(), edges[:, 0].max(), edges[:, -1].max()) > 0, (
        "trimmed to its ink"
    )
    licence = (FOLDER / f"LICENSE_{font.replace('-', '_').upper()}").read_text()
    assert "SIL Open Font License" in licence or "SIL OPEN FONT LICENSE" in licence


def test_the_hole_of_an_o_stays_open_and_crossing_strokes_stay_filled() -> None:
    rgba = draw_outlines(layer_outlines(TextLayer("O", "archivo-black")), 400)
    height, width = rgba.shape[:2]
    assert rgba[height // 2, width // 2, 3] == 0
    assert rgba[height // 2, 20, 3] == 255


def test_the_font_kerns_until_letters_are_spaced() -> None:
    together = layer_outlines(TextLayer("AV", "archivo-black"))
    apart = layer_outlines(TextLayer("A", "archivo-black")), layer_outlines(TextLayer("V", "archivo-black"))
    assert together.width_em < sum(part.width_em for part in apart)
    spaced = layer_outlines(TextLayer("AV", "archivo-black", letter_spacing=0.5))
    assert spaced.width_em == pytest.approx(together.width_em + 0.5, abs=1e-9)


@pytest.mark.parametrize(("align", "first"), [("left", 0.0), ("center", 0.5), ("right", 1.0)])
def test_short_lines_stand_where_they_are_aligned(align: str, first: float) -> None:
    outlines = layer_outlines(layer_of({"text": "I\nHHHHH", "font": "anton", "align": align}))
    left = min(x for contour in outlines.glyphs[0] for x, _ in contour)
    right = max(x for contour in outlines.glyphs[0] for x, _ in contour)
    room = outlines.width_em - (right - left)
    assert left / room == pytest.approx(first, abs=0.04)


def test_the_svg_is_a_path_at_true_size_without_live_text() -> None:
    outlines = layer_outlines(TextLayer("Fox & Hound", "lobster", "#123456"))
    svg = ElementTree.fromstring(outlines.svg(10.0))  # noqa: S314  our own output
    assert svg.attrib["width"] == "10.0000in"
    assert float(svg.attrib["height"].removesuffix("in")) == pytest.approx(10 / outlines.aspect, abs=1e-3)
    assert [child.tag.rpartition("}")[2] for child in svg] == ["path"]
    assert svg[0].attrib["fill"] == "#123456"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"text": "  \n ", "font": "anton"}, "text_empty"),
        ({"text": "\u200b\u202e", "font": "anton"}, "text_empty"),
        ({"text": "x" * 201, "font": "anton"}, "text_too_long"),
        ({"text": "x\n" * 11 + "x", "font": "anton"}, "text_too_long"),
        ({"text": "x", "font": "comic-sans"}, "font_unknown"),
        ({"text": "x", "font": "../anton"}, "font_unknown"),
        ({"text": "x", "font": "anton", "colour": "red"}, "colour_invalid"),
        ({"text": "x", "font": "anton", "align": "justify"}, "spacing_invalid"),
        ({"text": "x", "font": "anton", "line_height": 9}, "spacing_invalid"),
        ({"text": "x", "font": "anton", "letter_spacing": -1}, "spacing_invalid"),
        ({"text": "Love \u2764\ufe0f \U0001f600", "font": "anton"}, "glyph_missing"),
        ({"text": "\u65e5\u672c", "font": "pacifico"}, "glyph_missing"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_drawn_is_refused_by_name(facts: dict[str, object], code: str) -> None:
    with pytest.raises(TextRefused) as refusal:
        layer_outlines(layer_of(facts))
    assert refusal.value.code == code


def test_missing_characters_are_named_once() -> None:
    assert missing_characters("a\u65e5b\u65e5 \u672c", "anton") == ["\u65e5", "\u672c"]


def test_a_layer_survives_its_json_and_draws_the_same_bytes() -> None:
    layer = TextLayer("Caf\u00e9\nCr\u00e8me", "pacifico", "#abcdef", "left", 0.1, 1.4)
    again = layer_of(layer.to_json())
    assert again == layer
    digests = {hashlib.sha256(draw_outlines(layer_outlines(one), 500)).hexdigest() for one in (layer, again)}
    assert len(digests) == 1


def test_a_square_text_stays_within_the_pixels_of_an_upload() -> None:
    rgba = draw_outlines(layer_outlines(TextLayer("HHH\nHHH\nHHH", "archivo-black", line_height=0.9)))
    assert rgba.shape[0] * rgba.shape[1] <= LARGEST_PX * 1.01
