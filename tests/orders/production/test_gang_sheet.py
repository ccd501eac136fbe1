"""Prints on film: none over another, none over the edge, none lost; and the film as a picture."""

from __future__ import annotations

import io
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from orders.production.film import draw_sheet, print_sizes
from orders.production.gang_sheet import (
    GANG_DPI,
    GAP_IN,
    MAXIMUM_LENGTH_IN,
    ROLL_WIDTH_IN,
    DoesNotFit,
    Print,
    gang,
)
from tests.orders.production.examples import png

GAP = round(GAP_IN * GANG_DPI)
WIDTH = round(ROLL_WIDTH_IN * GANG_DPI)
SIZES = st.lists(st.tuples(st.integers(100, 4200), st.integers(100, 4800)), min_size=1, max_size=30)


@given(SIZES)
@settings(max_examples=80, deadline=None)
def test_no_print_overlaps_and_all_lie_within_the_width(sizes: list[tuple[int, int]]) -> None:
    prints = [Print(f"p{number}", *size) for number, size in enumerate(sizes)]
    sheets = gang(prints)
    placed = [one for sheet in sheets for one in sheet.prints]
    assert sorted(one.key for one in placed) == sorted(one.key for one in prints)
    by_key = {one.key: one for one in prints}
    for sheet in sheets:
        assert sheet.width_px == WIDTH and sheet.height_px <= MAXIMUM_LENGTH_IN * GANG_DPI
        assert 0 < sheet.utilisation_percent <= 100
        for one in sheet.prints:
            size = (by_key[one.key].width_px, by_key[one.key].height_px)
            assert (one.width_px, one.height_px) == (size[::-1] if one.turned else size)
            assert one.left_px >= GAP and one.top_px >= GAP
            assert one.left_px + one.width_px + GAP <= sheet.width_px
            assert one.top_px + one.height_px + GAP <= sheet.height_px
        for one, other in combinations(sheet.prints, 2):
            apart = (
                one.left_px + one.width_px + GAP <= other.left_px
                or other.left_px + other.width_px + GAP <= one.left_px
                or one.top_px + one.height_px + GAP <= other.top_px
                or other.top_px + other.height_px + GAP <= one.top_px
            )
            assert apart, (one, other)


@given(SIZES, st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_asking_does_not_matter(sizes: list[tuple[int, int]], turn: int) -> None:
    prints = [Print(f"p{number}", *size) for number, size in enumerate(sizes)]
    turn %= len(prints)
    assert gang(prints) == gang(prints[turn:] + prints[:turn])


def test_twelve_full_fronts_share_the_film_in_pairs() -> None:
    # Turned, two prints of 12 x 16 in do not fit side by side (32 in); 10 x 12 do (20.75 in).
    sheets = gang([Print(f"p{number}", 3000, 3600) for number in range(8)])
    assert len(sheets) == 1 and sheets[0].utilisation_percent > 85


@pytest.mark.parametrize("size", [(6600, 6600), (400, 18000)])
def test_what_is_too_large_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(DoesNotFit, match="big is"):
        gang([Print("big", *size)])


def test_the_film_shows_every_print_where_the_layout_says() -> None:
    upright, lying = np.zeros((700, 300, 4), np.uint8), np.zeros((200, 6200, 4), np.uint8)
    upright[:] = (200, 30, 40, 255)
    upright[:100, :100] = (10, 200, 30, 255)  # the corner that tells how it was turned
    lying[:] = (20, 40, 200, 255)
    art = {"a": png(Image.fromarray(upright)), "b": png(Image.fromarray(lying))}
    sheets = gang([Print(key, *size) for key, size in print_sizes(art).items()])
    assert len(sheets) == 1
    out = io.BytesIO()
    draw_sheet(sheets[0], art.__getitem__, out)
    with Image.open(io.BytesIO(out.getvalue())) as film:
        assert (film.size, film.mode) == ((sheets[0].width_px, sheets[0].height_px), "RGBA")
        assert film.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert b"sRGB" in film.info["icc_profile"].replace(b"\0", b"")
        pixels = np.asarray(film)
    expected = np.zeros_like(pixels)
    for one in sheets[0].prints:
        source = {"a": upright, "b": lying}[one.key]
        shown = np.rot90(source, -1) if one.turned else source
        expected[one.top_px : one.top_px + one.height_px, one.left_px : one.left_px + one.width_px] = shown
    assert np.array_equal(pixels, expected)
