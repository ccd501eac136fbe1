"""The key colour is far from all that the picture holds."""

from __future__ import annotations

import numpy as np
import pytest

from uploads.extraction.key_colour import key_colour
from uploads.extraction.services import nearest_aspect


def halves(first: tuple[int, int, int], second: tuple[int, int, int]) -> np.ndarray:
    rgb = np.empty((60, 60, 3), np.uint8)
    rgb[:, :30], rgb[:, 30:] = first, second
    return rgb


@pytest.mark.parametrize(
    ("first", "second", "unfit"),
    [
        ((255, 0, 255), (250, 250, 250), {"magenta"}),
        ((0, 255, 0), (20, 20, 20), {"green"}),
        ((0, 255, 0), (255, 0, 255), {"green", "magenta"}),
        ((255, 0, 0), (255, 255, 0), {"red", "yellow"}),
    ],
)
def test_an_ink_of_the_print_is_never_the_key(
    first: tuple[int, int, int], second: tuple[int, int, int], unfit: set[str]
) -> None:
    key = key_colour(halves(first, second))
    assert key.name not in unfit
    assert key.distance > 60


def test_a_few_stray_pixels_do_not_decide() -> None:
    rgb = np.full((200, 200, 3), 128, np.uint8)
    best = key_colour(rgb)
    rgb[0, 0] = best.rgb
    assert key_colour(rgb) == best


def test_it_is_named_for_the_model() -> None:
    key = key_colour(halves((0, 160, 0), (10, 10, 10)))
    assert key.hex == "#{:02X}{:02X}{:02X}".format(*key.rgb)


@pytest.mark.parametrize(
    ("size", "aspect"), [((100, 100), "1:1"), ((100, 150), "3:2"), ((150, 100), "2:3"), ((90, 400), "16:9")]
)
def test_the_nearest_shape_that_the_model_knows(size: tuple[int, int], aspect: str) -> None:
    assert nearest_aspect(np.zeros((*size, 3), np.uint8)) == aspect
