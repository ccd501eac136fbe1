"""The stage's numbers: what the storefront was seen to do, and inches that can be measured on the cloth."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from designs.geometry import (
    CropBox,
    PlacedRectangle,
    Position,
    auto_crop_box,
    base_size,
    crop_box,
    default_position,
    dpi_grade,
    effective_dpi,
    from_inches,
    overshoot_in,
    placed_rectangle,
    position_of,
    to_inches,
    visible_outline,
)
from tests.designs.stage_views import PIXELS_PER_INCH, bordered, hoodie, solid, tee_front, white_tee_back


def test_auto_crop_keeps_five_pixels_around_the_visible_box() -> None:
    # Seen in the storefront: 400x300 with a 50 px border is cropped to 310x210.
    box = auto_crop_box(bordered(400, 300, 50, (255, 0, 0, 255))[:, :, 3])
    assert box == CropBox(45, 45, 355, 255)
    assert (box.width_px, box.height_px) == (310, 210)


def test_auto_crop_stays_inside_the_picture() -> None:
    alpha = np.zeros((20, 30), dtype=np.uint8)
    alpha[2, 27] = 1
    assert auto_crop_box(alpha) == CropBox(22, 0, 30, 8)


@pytest.mark.parametrize("alpha_value", [0, 255])
def test_a_picture_without_anything_to_crop_keeps_its_frame(alpha_value: int) -> None:
    assert auto_crop_box(np.full((20, 30), alpha_value, dtype=np.uint8)) == CropBox(0, 0, 30, 20)


def test_only_tees_are_cropped() -> None:
    alpha = bordered(400, 300, 50, (255, 0, 0, 255))[:, :, 3]
    assert crop_box(tee_front(), alpha) == CropBox(45, 45, 355, 255)
    assert crop_box(hoodie("front"), alpha) == CropBox(0, 0, 400, 300)


@pytest.mark.parametrize(
    ("width_px", "height_px", "box_px", "expected"),
    [
        (310, 210, 500, (500.0, 338.70967741935485)),  # seen in the storefront
        (210, 310, 500, (338.7096774193548, 500.0)),
        (1000, 1000, 500, (500.0, 500.0)),
        (20, 10, 500, (500.0, 250.0)),  # small artworks are enlarged
        (1000, 500, 250, (250.0, 125.0)),  # a hoodie's box
        (4000, 1, 500, (500.0, 0.125)),
    ],
)
def test_base_size(width_px: int, height_px: int, box_px: float, expected: tuple[float, float]) -> None:
    assert base_size(width_px, height_px, box_px) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("size", [(0, 10, 500), (10, 0, 500), (10, 10, 0)])
def test_base_size_refuses_nothing(size: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="must have a size"):
        base_size(*size)


@pytest.mark.parametrize(
    ("view", "index", "expected"),
    [
        (tee_front(), 0, Position(200, 250)),
        (tee_front(), 3, Position(260, 310)),
        (white_tee_back(), 1, Position(220, 270)),
        (hoodie("front"), 0, Position(270, 250)),
        (hoodie("back"), 2, Position(310, 290)),
        (
            replace(tee_front(), placement="neck", default_left_px=750, default_top_px=500),
            0,
            Position(750, 500),
        ),
    ],
)
def test_default_positions(view, index: int, expected: Position) -> None:
    assert default_position(view, index) == expected


def test_an_upright_artwork_lies_right_and_below_its_corner() -> None:
    placed = placed_rectangle(tee_front(), (310, 210), Position(419.775, 405.331, 0.6, 0.6, 0))
    assert (placed.width_px, placed.height_px) == pytest.approx((300.0, 203.2258064516129))
    assert placed.bounding_box.left == pytest.approx(419.775)
    assert placed.bounding_box.top == pytest.approx(405.331)
    assert placed.bounding_box.right == pytest.approx(719.775)


@pytest.mark.parametrize(
    ("rotation_deg", "bounding_box"),
    [
        (0, (300, 200, 500, 300)),
        (90, (200, 200, 300, 400)),  # clockwise about the top-left corner: the artwork hangs to the left
        (180, (100, 100, 300, 200)),
        (270, (300, 0, 400, 200)),
        (-90, (300, 0, 400, 200)),
        (360, (300, 200, 500, 300)),
    ],
)
def test_quarter_turns_about_the_corner(rotation_deg: float, bounding_box: tuple[float, ...]) -> None:
    placed = placed_rectangle(tee_front(), (200, 100), Position(300, 200, 0.4, 0.4, rotation_deg))
    box = placed.bounding_box
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx(bounding_box, abs=1e-9)
    assert (box.width, box.height) == pytest.approx(
        (bounding_box[2] - bounding_box[0], bounding_box[3] - bounding_box[1])
    )


def test_an_eighth_turn() -> None:
    placed = placed_rectangle(tee_front(), (100, 100), Position(300, 200, 0.2, 0.2, 45))
    half_diagonal_px = 100 * math.sqrt(2) / 2
    assert (placed.centre_x_px, placed.centre_y_px) == pytest.approx((300, 200 + half_diagonal_px))
    assert placed.corners[0] == pytest.approx((300, 200))
    assert placed.bounding_box.width == pytest.approx(2 * half_diagonal_px)


@pytest.mark.parametrize(
    ("view", "placing", "expected"),
    [
        # left, top, width, height, top below the collar, offset from the centre line
        (tee_front(), (103, 100, 0.78), (0, 0, 14, 14, 2, -2 / PIXELS_PER_INCH)),
        (tee_front(), (200, 100 + 390 / 7, 0.4), (97 / PIXELS_PER_INCH, 2, 2800 / 390, 2800 / 390, 4, 0)),
        (white_tee_back(), (140, 100, 1), (0, 0, 7000 / 429, 7000 / 429, 2, 60 * 14 / 429)),
        (hoodie("neck"), (150, 100, 1.2), (0, 0, 3, 3, 1, -0.45)),
        (hoodie("back"), (120 + 390 / 14, 100, 1), (1, 0, 3500 / 390, 3500 / 390, 3, 1 - 1400 / 390)),
    ],
)
def test_inches(view, placing: tuple[float, float, float], expected: tuple[float, ...]) -> None:
    x, y, scale = placing
    printed = to_inches(view, placed_rectangle(view, (1000, 1000), Position(x, y, scale, scale)))
    measured = (
        printed.left_in,
        printed.top_in,
        printed.width_in,
        printed.height_in,
        printed.top_below_collar_in,
        printed.centre_offset_in,
    )
    assert measured == pytest.approx(expected, abs=1e-9)


def test_the_datum_of_a_turned_artwork_is_its_highest_point() -> None:
    view = tee_front()
    printed = to_inches(view, PlacedRectangle(300, 300, 100, 100, 45))
    half_diagonal_px = 100 * math.sqrt(2) / 2
    assert printed.bounding_box.top == pytest.approx((200 - half_diagonal_px) / PIXELS_PER_INCH)
    assert printed.top_below_collar_in == pytest.approx(2.0 + printed.bounding_box.top)
    assert printed.top_in == pytest.approx(150 / PIXELS_PER_INCH)
    assert printed.centre_offset_in == pytest.approx(0)


def test_the_print_area_is_tied_to_the_garments_centre_line() -> None:
    assert tee_front().centre_line_px == 300
    assert tee_front().area_left_of_centre_in == pytest.approx(197 / PIXELS_PER_INCH)
    assert hoodie("back").area_left_of_centre_in == pytest.approx(225 / PIXELS_PER_INCH)


VIEWS = [tee_front(), white_tee_back(), hoodie("front"), hoodie("back"), hoodie("neck")]


@given(
    view=st.sampled_from(VIEWS),
    crop_size=st.tuples(st.integers(1, 8000), st.integers(1, 8000)),
    position=st.builds(
        Position,
        x=st.floats(-900, 1600),
        y=st.floats(-900, 1600),
        scale_x=st.floats(0.05, 4),
        scale_y=st.floats(0.05, 4),
        rotation_deg=st.floats(-720, 720),
    ),
)
def test_inches_lead_back_to_the_same_position(view, crop_size: tuple[int, int], position: Position) -> None:
    placed = placed_rectangle(view, crop_size, position)
    printed = to_inches(view, placed)
    back = position_of(view, crop_size, from_inches(view, printed))
    assert to_inches(view, placed_rectangle(view, crop_size, back)).left_in == pytest.approx(
        printed.left_in, abs=0.001
    )
    assert (back.x, back.y) == pytest.approx((position.x, position.y), abs=0.001)
    assert (back.scale_x, back.scale_y) == pytest.approx((position.scale_x, position.scale_y), rel=1e-6)
    assert back.rotation_deg == position.rotation_deg


def test_overshoot_is_given_per_side_in_inches() -> None:
    view = tee_front()
    inside = placed_rectangle(view, (100, 100), Position(103, 100, 0.78, 0.78))
    assert overshoot_in(view, inside) == {"left": 0, "top": 0, "right": 0, "bottom": 0}
    # The storefront's own default of a square artwork: 500 px from 200 on, past both far edges.
    default = placed_rectangle(view, (100, 100), default_position(view, 0))
    assert overshoot_in(view, default) == pytest.approx(
        {"left": 0, "top": 0, "right": 207 / PIXELS_PER_INCH, "bottom": 650 / PIXELS_PER_INCH - 16}
    )
    corner = placed_rectangle(view, (100, 100), Position(103 - 390 / 14, 100 - 390 / 28, 0.1, 0.1))
    assert overshoot_in(view, corner) == pytest.approx({"left": 1, "top": 0.5, "right": 0, "bottom": 0})


@pytest.mark.parametrize(
    ("crop_px", "printed_in", "dpi", "grade"),
    [
        ((4200, 4800), (14.0, 16.0), 300, "good"),
        ((1024, 1024), (1024 / 300, 1024 / 300), 300, "good"),
        ((4199, 4800), (14.0, 16.0), 299.92857142857144, "okay"),
        ((3000, 3000), (10.0, 15.0), 200, "okay"),
        ((1999, 3000), (10.0, 10.0), 199.9, "poor"),
        ((1500, 1500), (10.0, 10.0), 150, "poor"),
        ((1024, 1024), (10.0, 10.0), 102.4, "bad"),
    ],
)
def test_resolution_is_the_worse_axis(crop_px, printed_in, dpi: float, grade: str) -> None:
    measured = effective_dpi(crop_px, printed_in)
    assert measured == pytest.approx(dpi)
    assert dpi_grade(measured) == grade


def test_resolution_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="greater than zero"):
        effective_dpi((100, 100), (0.0, 1.0))


@pytest.mark.parametrize(
    "numbers",
    [
        (math.nan, 0, 1, 1, 0),
        (0, math.inf, 1, 1, 0),
        (0, 0, 0, 1, 0),
        (0, 0, 1, -0.5, 0),
        (0, 0, 1, 1, math.nan),
    ],
)
def test_a_position_that_cannot_be_drawn_is_refused(numbers: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="position"):
        Position(*numbers)


def test_a_view_without_a_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        replace(tee_front(), pixels_per_inch=0)


def test_the_visible_outline_holds_the_furthest_points() -> None:
    alpha = np.zeros((6, 8), dtype=np.uint8)
    alpha[1, 3] = 9
    alpha[4, 2:7] = 255
    outline = visible_outline(alpha)
    assert sorted(map(tuple, outline)) == [(2, 4), (2, 5), (3, 1), (3, 2), (4, 1), (4, 2), (7, 4), (7, 5)]
    assert visible_outline(np.zeros((3, 3), dtype=np.uint8)).shape == (0, 2)


def test_the_outline_of_a_full_picture_is_its_frame() -> None:
    outline = visible_outline(solid(30, 20, (1, 2, 3, 255))[:, :, 3])
    assert outline.min(axis=0).tolist() == [0, 0]
    assert outline.max(axis=0).tolist() == [30, 20]
