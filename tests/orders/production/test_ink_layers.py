"""Hard pixels, dot screens, and the white under the ink."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from designs.rendering import NothingToPrint, PrintArt, render_print_art
from orders.production.ink_layers import (
    CHOKE_PX,
    closed,
    eroded,
    hardened,
    opened,
    underbase,
    white_layer,
)
from tests.orders.production.examples import two_inks

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 24), st.integers(1, 24)))


def art_of(alpha: np.ndarray) -> PrintArt:
    rgba = np.full((*alpha.shape, 4), 90, np.uint8)
    rgba[:, :, 3] = alpha
    art = render_print_art(two_inks().view, [two_inks()])
    return replace(
        art, rgba=rgba, width_in=alpha.shape[1] / 300, height_in=alpha.shape[0] / 300, left_in=3, top_in=4
    )


@given(MASKS, st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_erosion_is_the_rank_filter_of_scipy(mask: np.ndarray, side: int) -> None:
    side |= 1
    expected = ndimage.minimum_filter(mask.astype(np.uint8), side, mode="constant")
    assert np.array_equal(eroded(mask, side), expected.astype(np.bool_))


@given(MASKS, st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_opening_only_takes_and_closing_only_gives_and_both_are_done_at_once(
    mask: np.ndarray, side: int
) -> None:
    small, large = opened(mask, side), closed(mask, side)
    assert not (small & ~mask).any() and not (mask & ~large).any()
    assert np.array_equal(opened(small, side), small) and np.array_equal(closed(large, side), large)


@given(MASKS)
@settings(max_examples=60, deadline=None)
def test_white_stays_two_pixels_inside_the_ink(mask: np.ndarray) -> None:
    white = underbase(mask.astype(np.uint8) * 255)
    padded = np.pad(mask, CHOKE_PX)
    for row, column in zip(*np.nonzero(white), strict=True):
        assert padded[row : row + 2 * CHOKE_PX + 1, column + CHOKE_PX].all()
        assert padded[row + CHOKE_PX, column : column + 2 * CHOKE_PX + 1].all()


def test_the_white_of_a_rectangle_is_smaller_by_the_choke() -> None:
    alpha = np.zeros((40, 60), np.uint8)
    alpha[5:35, 10:50] = 255
    white = underbase(alpha)
    assert white.sum() == (30 - 4) * (40 - 4) and white[7:33, 12:48].all()
    layer = white_layer(white)
    assert np.unique(layer[:, :, :3]).tolist() == [255] and np.unique(layer[:, :, 3]).tolist() == [0, 255]


def test_solid_art_is_left_alone() -> None:
    art = art_of(np.full((20, 20), 255, np.uint8))
    assert hardened(art) is art


def test_a_smoothed_edge_is_cut_at_half_and_the_print_trimmed_again() -> None:
    alpha = np.zeros((30, 30), np.uint8)
    alpha[2:28, 2:28] = 255
    alpha[:, 1], alpha[:, 0] = 200, 60
    alpha[0], alpha[1], alpha[28], alpha[29] = 0, 0, 0, 0
    hard = hardened(art_of(alpha))
    assert np.unique(hard.rgba[:, :, 3]).tolist() == [255]
    assert hard.rgba.shape[:2] == (26, 27)  # the fainter column is gone, and so are the empty rows
    assert (hard.left_in, hard.top_in) == pytest.approx((3 + 1 / 300, 4 + 2 / 300))
    assert (hard.width_in, hard.height_in) == pytest.approx((27 / 300, 26 / 300))


@pytest.mark.parametrize("level", [32, 96, 160, 224])
def test_a_soft_area_becomes_dots_of_the_same_tone(level: int) -> None:
    alpha = np.full((160, 160), level, np.uint8)
    alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1] = 255, 255, 255, 255
    dots = hardened(art_of(alpha)).rgba[8:-8, 8:-8, 3]
    assert np.unique(dots).tolist() == [0, 255]
    assert np.mean(dots == 255) == pytest.approx(level / 255, abs=0.02)


def test_nothing_solid_is_nothing_to_print() -> None:
    alpha = np.zeros((9, 9), np.uint8)
    alpha[4, 4] = 60
    with pytest.raises(NothingToPrint):
        hardened(art_of(alpha))
