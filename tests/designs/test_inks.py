"""Inks are counted from the pixels: edges are no inks, the shirt is none, and a gradient is no number at all."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from designs.inks import InkReport, ink_count, knocked_out, merged_inks, picture_inks

RED, WHITE, NAVY, GREEN, GREY = (200, 30, 40), (255, 255, 255), (20, 30, 120), (10, 150, 60), (128, 128, 128)


def drawn(*shapes: tuple[str, tuple[int, int, int, int], tuple[int, int, int]]) -> npt.NDArray[np.uint8]:
    """Shapes on a clear ground, smoothed at their edges; coordinates of a 400 px picture."""
    picture = Image.new("RGBA", (1200, 1200))
    draw = ImageDraw.Draw(picture)
    for kind, box, colour in shapes:
        getattr(draw, kind)([edge * 3 for edge in box], fill=(*colour, 255))
    return np.asarray(picture.resize((400, 400), Image.Resampling.LANCZOS))


BADGE = drawn(
    ("ellipse", (40, 40, 360, 360), RED),
    ("rectangle", (100, 100, 300, 300), WHITE),
    ("ellipse", (140, 140, 260, 260), NAVY),
)
RAMP = np.dstack(
    [
        np.tile(np.linspace(0, 255, 300), (300, 1)),
        np.zeros((300, 300)),
        np.zeros((300, 300)),
        np.full((300, 300), 255),
    ]
).astype(np.uint8)


def test_smoothed_edges_are_no_inks() -> None:
    report = picture_inks(BADGE)
    assert (report.palette, report.count) == (("#c81e28", "#ffffff", "#141e78"), 3)
    assert report.coverage == pytest.approx((49.8, 36.2, 14.1), abs=0.6)
    assert report.confidence > 0.95


def test_a_grey_between_black_and_white_is_an_ink_where_it_is_flat() -> None:
    steps = drawn(
        ("rectangle", (20, 20, 380, 380), (0, 0, 0)),
        ("rectangle", (80, 80, 320, 320), WHITE),
        ("rectangle", (140, 140, 260, 260), GREY),
    )
    assert picture_inks(steps).palette == ("#000000", "#ffffff", "#808080")


def test_a_line_that_is_too_thin_to_be_flat_is_an_ink() -> None:
    picture = np.zeros((300, 300, 4), np.uint8)
    picture[50:250, 50:250] = (*RED, 255)
    picture[100:102, 60:240] = (*GREEN, 255)
    assert picture_inks(picture).palette == ("#c81e28", "#0a963c")


def test_jpeg_noise_is_no_ink() -> None:
    page = Image.new("RGBA", (400, 400), (255, 255, 255, 255))
    page.alpha_composite(Image.fromarray(BADGE))
    buffer = io.BytesIO()
    page.convert("RGB").save(buffer, "JPEG", quality=85)
    report = picture_inks(np.asarray(Image.open(buffer).convert("RGBA")))
    assert report.count == 3
    assert report.is_certain


@pytest.mark.parametrize(
    ("shirt", "palette", "knocked"),
    [
        ((250, 250, 248), ("#c81e28", "#141e78"), ("#ffffff",)),
        ((27, 27, 29), ("#c81e28", "#ffffff", "#141e78"), ()),
        ((198, 32, 44), ("#ffffff", "#141e78"), ("#c81e28",)),
    ],
)
def test_the_shirts_own_colour_is_knocked_out(
    shirt: tuple[int, int, int], palette: tuple[str, ...], knocked: tuple[str, ...]
) -> None:
    report = ink_count(BADGE, shirt)
    assert (report.palette, report.knocked_out, report.count) == (palette, knocked, len(palette))
    assert sum(report.coverage) == pytest.approx(100, abs=0.6)


def test_what_is_no_flat_art_is_not_counted_with_confidence() -> None:
    glow = np.asarray(Image.fromarray(BADGE).filter(ImageFilter.GaussianBlur(25)))
    noise = np.random.default_rng(1).integers(0, 256, (200, 200, 4), dtype=np.uint8)
    for picture in (RAMP, glow, noise):
        assert not picture_inks(picture).is_certain


def test_nothing_takes_no_ink() -> None:
    assert picture_inks(np.zeros((5, 5, 4), np.uint8)) == InkReport((), (), 0, 1.0)
    assert ink_count(np.zeros((5, 5, 4), np.uint8), (0, 0, 0)).count == 0


def test_a_hair_of_a_picture_has_its_ink() -> None:
    hair = np.full((1, 4_000_000, 4), (200, 30, 40, 255), np.uint8)
    assert picture_inks(hair).palette == picture_inks(hair.swapaxes(0, 1)).palette == ("#c81e28",)


def test_equal_shades_of_several_artworks_share_a_screen() -> None:
    one = InkReport(("#c81e28", "#ffffff"), (60.0, 40.0), 2, 0.9)
    other = InkReport(("#c61f29", "#141e78"), (50.0, 50.0), 2, 1.0)
    both = merged_inks([one, other])
    assert (set(both.palette), both.count, both.confidence) == ({"#c81e28", "#141e78", "#ffffff"}, 3, 0.9)
    assert both.coverage == (55.0, 25.0, 20.0)
    assert merged_inks([]).count == 0
    assert knocked_out(merged_inks([]), (1, 2, 3)).count == 0


@settings(max_examples=40, deadline=None)
@given(st.sets(st.sampled_from(range(8)), min_size=1, max_size=8), st.integers(0, 3))
def test_flat_stripes_are_counted_exactly_however_they_are_turned(chosen: set[int], quarters: int) -> None:
    corners = [(red, green, blue) for red in (20, 235) for green in (20, 235) for blue in (20, 235)]
    picture = np.zeros((96, 96, 4), np.uint8)
    for row, number in enumerate(sorted(chosen)):
        picture[8 + row * 10 : 18 + row * 10, 8:88] = (*corners[number], 255)
    report = picture_inks(np.rot90(picture, quarters))
    assert report.count == len(chosen)
    assert report.is_certain
