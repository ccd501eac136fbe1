"""The filling of outlined letters is found by its typography, and nothing else is filled."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.uploads.cutout.pictures import FONT, ByteArray, outlined_word
from uploads.cutout.outlined_letters import letter_fillings


def inked(word: str, stroke_px: int) -> tuple[ByteArray, np.ndarray]:
    rgb, truth = outlined_word(word, stroke_px)
    ink = np.where(rgb[..., 0] < 128, 255, 0).astype(np.uint8)
    return ink, (truth > 0.9) & (ink == 0)


@pytest.mark.parametrize("word", ["COLLEGE", "1987", "Wild Bees"])
@pytest.mark.parametrize("stroke_px", [4, 7])
def test_filling_is_found_and_counters_stay_open(word: str, stroke_px: int) -> None:
    ink, truth = inked(word, stroke_px)
    found = letter_fillings(ink)
    union = np.count_nonzero(found | truth)
    assert np.count_nonzero(found & truth) / union > 0.9


@pytest.mark.parametrize("word", ["BOOGALOO", "8 & 6 & 9 & @", "Bread and Roses"])
def test_counters_of_plain_letters_are_no_filling(word: str) -> None:
    font = ImageFont.truetype(str(FONT), 160)
    layer = Image.new("L", (int(font.getlength(word)) + 40, 220))
    ImageDraw.Draw(layer).text((20, 110), word, fill=255, font=font, anchor="lm")
    assert not letter_fillings(np.asarray(layer, dtype=np.uint8) // 128 * 255).any()


def test_rings_and_frames_are_no_letters() -> None:
    layer = Image.new("L", (700, 400))
    pen = ImageDraw.Draw(layer)
    for left in (20, 240, 460):
        pen.ellipse((left, 20, left + 180, 200), outline=255, width=9)
        pen.rectangle((left, 230, left + 180, 380), outline=255, width=9)
    assert not letter_fillings(np.asarray(layer, dtype=np.uint8)).any()


def test_two_letters_are_too_few_to_tell() -> None:
    assert not letter_fillings(inked("AI", 5)[0]).any()


def test_empty_page() -> None:
    assert not letter_fillings(np.zeros((50, 60), dtype=np.uint8)).any()
