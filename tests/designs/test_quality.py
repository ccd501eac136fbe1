"""Resolution, overshoot and overlaps, against numbers worked out by hand and against each other."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from designs.geometry import (
    CropBox,
    DpiThresholds,
    Position,
    from_inches,
    placed_rectangle,
    position_of,
    to_inches,
)
from designs.quality import Artwork, Layer, placement_quality, position_in_inches, worst_grade
from tests.designs.stage_views import PIXELS_PER_INCH, hoodie, tee_front, white_tee_back

VIEWS = (tee_front(), white_tee_back(), hoodie("front"), hoodie("back"), hoodie("neck"))
THOUSANDTH = 0.0005  # what rounds to the same thousandth of an inch


def full(width_px: int, height_px: int) -> Artwork:
    return Artwork(width_px, height_px, CropBox(0, 0, width_px, height_px))


def at_inches(view, artwork: Artwork, left: float, top: float, width: float, index: int = 0) -> Layer:
    return Layer(artwork, index, position_in_inches(view, artwork, (left, top), width))


@pytest.mark.parametrize(
    ("pixels", "inches", "dpi", "grade", "largest"),
    [
        (3600, 12.0, 300.0, "good", (24.0, 24.0)),
        (3599, 12.0, 299.9, "okay", (23.99, 23.99)),
        (2400, 12.0, 200.0, "okay", (16.0, 16.0)),
        (2399, 12.0, 199.9, "poor", (15.99, 15.99)),
        (1800, 12.0, 150.0, "poor", (12.0, 12.0)),
        (1799, 12.0, 149.9, "bad", (11.99, 11.99)),
        (1024, 3.4, 301.2, "good", (6.82, 6.82)),  # FEATURES 4a: 3.4 in at 300, 6.8 in at 150
        (1024, 6.8, 150.6, "poor", (6.82, 6.82)),
    ],
)
def test_grades_come_from_pixels_over_inches(
    pixels: int, inches: float, dpi: float, grade: str, largest: tuple[float, float]
) -> None:
    view = tee_front()
    layer = placement_quality(view, [at_inches(view, full(pixels, pixels), 0.5, 1, inches)]).layers[0]
    assert (round(layer.dpi, 1), layer.grade) == (dpi, grade)
    assert (layer.largest_width_in, layer.largest_height_in) == largest


def test_a_method_has_its_own_thresholds() -> None:
    embroidery = replace(tee_front(), thresholds=DpiThresholds(300, 300, 300))
    layer = at_inches(embroidery, full(1000, 1000), 1, 1, 4.0)
    assert placement_quality(embroidery, [layer]).grade == "bad"
    assert placement_quality(tee_front(), [layer]).grade == "okay"
    with pytest.raises(ValueError, match="fall"):
        DpiThresholds(100, 200, 150)


def test_the_largest_size_that_passes_passes() -> None:
    view = tee_front()
    artwork = full(701, 333)
    bad = placement_quality(view, [at_inches(view, artwork, 0, 0, 9.0)]).layers[0]
    assert bad.grade == "bad"
    again = at_inches(view, artwork, 0, 0, bad.largest_width_in)
    assert placement_quality(view, [again]).grade == "poor"


def test_only_visible_pixels_hang_over() -> None:
    """A hoodie draws the whole frame; what is clear in it prints nothing."""
    view = hoodie("front")
    artwork = Artwork(1000, 1000, CropBox(200, 100, 800, 900))
    layer = placement_quality(view, [at_inches(view, artwork, -1.0, 0.0, 10.0)]).layers[0]
    assert (layer.width_in, layer.height_in) == pytest.approx((6.0, 8.0))
    assert (layer.bounds.left, layer.bounds.top) == pytest.approx((1.0, 1.0))
    assert layer.off_area == {}


def test_overshoot_of_area_and_safe_zone_is_told_apart_per_side() -> None:
    view = replace(tee_front(), safe_margin_in=0.25)
    layer = placement_quality(view, [at_inches(view, full(3000, 3000), 4.1, 0.1, 10.0)]).layers[0]
    assert layer.off_area == pytest.approx({"right": 0.1})
    assert layer.off_safe_zone == pytest.approx({"top": 0.15, "right": 0.35})
    assert not layer.is_outside
    beyond = placement_quality(view, [at_inches(view, full(300, 300), 14.0, 2, 1.0)]).layers[0]
    assert beyond.is_outside


def test_overlaps_are_measured_in_square_inches() -> None:
    view = tee_front()
    layers = [
        at_inches(view, full(900, 900), 1, 1, 3.0, 0),
        at_inches(view, full(900, 900), 3, 2, 3.0, 1),
        at_inches(view, full(900, 900), 8, 8, 3.0, 2),
    ]
    (overlap,) = placement_quality(view, layers).overlaps
    assert (overlap.first, overlap.second) == (0, 1)
    assert (overlap.width_in, overlap.height_in, overlap.area_sq_in) == pytest.approx((1.0, 2.0, 2.0))


def test_turned_artworks_overlap_where_they_cross() -> None:
    view = tee_front()
    square = at_inches(view, full(600, 600), 4, 4, 2.0)
    diamond = Layer(full(600, 600), 1, position_in_inches(view, full(600, 600), (4, 4), 2.0, 45.0))
    (overlap,) = placement_quality(view, [square, diamond]).overlaps
    assert overlap.area_sq_in == pytest.approx(8 * (math.sqrt(2) - 1), abs=1e-6)  # a regular octagon
    far = Layer(full(600, 600), 1, position_in_inches(view, full(600, 600), (6.05, 6.05), 2.0, 45.0))
    assert placement_quality(view, [square, far]).overlaps == ()


def test_the_worst_layer_grades_the_placement() -> None:
    assert worst_grade(["good", "poor", "okay"]) == "poor"
    assert worst_grade([]) == "good"


positions = st.builds(
    Position,
    x=st.floats(-400, 800),
    y=st.floats(-400, 800),
    scale_x=st.floats(0.05, 3),
    scale_y=st.floats(0.05, 3),
    rotation_deg=st.floats(-720, 720),
)
sizes = st.tuples(st.integers(20, 6000), st.integers(20, 6000))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(VIEWS), sizes, positions)
def test_pixels_to_inches_and_back_hold_to_a_thousandth(
    view, size: tuple[int, int], position: Position
) -> None:
    there = placed_rectangle(view, size, position)
    back = from_inches(view, to_inches(view, there))
    again = placed_rectangle(view, size, position_of(view, size, back))
    for one, two in zip(there.corners, again.corners, strict=True):
        assert math.dist(one, two) / view.pixels_per_inch < THOUSANDTH


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(VIEWS),
    sizes,
    st.tuples(st.floats(-5, 20), st.floats(-5, 20)),
    st.floats(0.3, 20),
    st.floats(-360, 360),
)
def test_inches_to_pixels_and_back_hold_to_a_thousandth(
    view, size: tuple[int, int], corner: tuple[float, float], width_in: float, rotation_deg: float
) -> None:
    artwork = full(*size)
    position = position_in_inches(view, artwork, corner, width_in, rotation_deg)
    cloth = to_inches(view, placed_rectangle(view, size, position))
    assert (cloth.left_in, cloth.top_in, cloth.width_in) == pytest.approx((*corner, width_in), abs=THOUSANDTH)
    assert cloth.rotation_deg == rotation_deg


def test_a_stage_pixel_of_the_tee_is_what_its_platen_says() -> None:
    """The 390 px of the drag area are the 14 in of the platen (docs/adr/0004)."""
    layer = Layer(full(390, 100), 0, Position(103, 100, 390 / 500, 390 / 500))
    measured = placement_quality(tee_front(), [layer]).layers[0]
    assert measured.width_in == pytest.approx(14.0)
    assert (measured.bounds.left, measured.bounds.top) == pytest.approx((0.0, 0.0))
    assert pytest.approx(27.857, abs=1e-3) == PIXELS_PER_INCH
