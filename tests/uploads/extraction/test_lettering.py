"""Lettering is read in real pictures: the same words pass, a changed word is told with both texts."""

import sys
from functools import cache

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from orders.production import fonts
from tests.uploads.extraction.test_fidelity import photographed
from uploads.extraction import lettering
from uploads.extraction.lettering import Line, lettering_compared, on_ground, rapidocr_reader

FONT = f"{fonts.__path__[0]}/DejaVuSans-Bold.ttf"


@cache
def emblem(*words: str) -> np.ndarray:
    """Return a disc with these words below each other, RGBA."""
    picture = Image.new("RGBA", (700, 700))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((150, 20, 550, 300), fill=(200, 60, 40, 255))
    for row, word in enumerate(words):
        pen.text(
            (350, 390 + 130 * row),
            word,
            font=ImageFont.truetype(FONT, 84),
            fill=(20, 40, 120, 255),
            anchor="mm",
        )
    return np.asarray(picture, dtype=np.uint8)


def test_same_words_match_through_perspective_and_blur() -> None:
    drawing = emblem("WILD BEES", "Summer 1987")
    found = lettering_compared(drawing, photographed(drawing), rapidocr_reader())
    assert found.matches is True
    assert found.drawing == "WILD BEES / Summer 1987"


@pytest.mark.parametrize(
    ("changed", "told"),
    [(("WILD BEERS", "Summer 1987"), "WILD BEERS"), (("WILD BEES", "Summer 1997"), "1997")],
)
def test_changed_word_is_a_mismatch_with_both_texts(changed: tuple[str, ...], told: str) -> None:
    photo = photographed(emblem("WILD BEES", "Summer 1987"))
    found = lettering_compared(emblem(*changed), photo, rapidocr_reader())
    assert found.matches is False
    assert told in found.drawing
    assert found.photo == "WILD BEES / Summer 1987"


def test_dropped_word_is_a_mismatch() -> None:
    found = lettering_compared(
        emblem("WILD BEES"), photographed(emblem("WILD BEES", "Summer 1987")), rapidocr_reader()
    )
    assert found.matches is False
    assert "Summer" in found.photo
    assert "Summer" not in found.drawing


def test_pictures_without_words_match() -> None:
    plain = emblem()
    found = lettering_compared(plain, photographed(plain), rapidocr_reader())
    assert found.matches is True
    assert max(len(found.drawing), len(found.photo)) <= 1  # a disc may be read as an O, which is no word


def test_white_lettering_is_read_on_a_dark_ground() -> None:
    white = emblem("WILD BEES").copy()
    white[..., :3] = 255
    assert on_ground(white)[0, 0].tolist() == [0, 0, 0]
    assert lettering_compared(white, white, rapidocr_reader()).drawing == "WILD BEES"


def test_nothing_is_checked_without_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    lettering._engine.cache_clear()
    try:
        reader = rapidocr_reader()
    finally:
        lettering._engine.cache_clear()
    assert reader is None
    found = lettering_compared(emblem("WILD BEES"), emblem("WILD BEERS"), reader)
    assert (found.matches, found.drawing, found.photo) == (None, "", "")


def read_as(*texts: list[Line]) -> lettering.Reader:
    """Return a reader that gives these answers in turn."""
    answers = iter(texts)
    return lambda rgb: next(answers)


@pytest.mark.parametrize(
    ("drawn", "seen", "matches"),
    [
        ([Line("Wild Bees", 0.99)], [Line("WILD", 0.99), Line("BEES", 0.99)], True),  # broken otherwise
        ([Line("HELL0", 0.99)], [Line("Hello", 0.99)], True),  # signs that are drawn alike
        ([Line("Cafe", 0.99)], [Line("Café", 0.99)], True),
        ([], [Line("flourish", 0.60)], True),  # a guess is held against nobody
        ([Line("Wild Bees", 0.60)], [Line("Wild Bees", 0.99)], True),  # but it confirms
        ([], [Line("ab", 0.99)], True),  # ornaments
        ([], [Line("Wild", 0.99)], False),
        ([Line("College", 0.99)], [Line("Collage", 0.99)], False),
    ],
)
def test_what_counts_as_the_same_words(drawn: list[Line], seen: list[Line], matches: bool) -> None:
    picture = np.full((40, 40, 4), 255, dtype=np.uint8)
    assert lettering_compared(picture, picture, read_as(drawn, seen)).matches is matches


def test_engine_needs_no_second_opencv() -> None:
    assert cv2.__file__.count("site-packages") == 1
    from importlib.metadata import PackageNotFoundError, distribution

    for name in ("opencv-python", "opencv-contrib-python"):
        with pytest.raises(PackageNotFoundError):
            distribution(name)
