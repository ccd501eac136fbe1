"""Where the print is, and when there is none."""

import numpy as np
import pytest

from tests.uploads.cutout.pictures import disc, garment_photo, shaded_cloth
from uploads.cutout.print_region import NoPrintFound, coarsen, find_print, refine, smooth_fill

SIDE_PX = 400
PRINT = disc(SIDE_PX, (190, 210), 60)
NO_PRINT = np.zeros((SIDE_PX, SIDE_PX), dtype=np.float32)


@pytest.mark.parametrize("cloth", [(40, 90, 60), (20, 20, 22), (225, 225, 220), (150, 30, 35)])
def test_print_is_boxed_with_a_margin(cloth: tuple[int, int, int]) -> None:
    ink = (240, 200, 60) if sum(cloth) < 400 else (30, 50, 140)
    rgb, garment = garment_photo(SIDE_PX, PRINT, ink, cloth)
    region = find_print(rgb, garment)
    # The disc spans columns 150..270 and rows 130..250; the margin is 6 % of 120 px, smoothing adds up to 2 px.
    assert np.abs(np.array(region.box) - (143, 123, 278, 258)).max() <= 4
    assert region.print_share == pytest.approx(np.pi * 60**2 / 300**2, rel=0.1)
    assert region.difference > 20


def test_parts_of_one_print_are_boxed_together() -> None:
    parts = np.maximum(disc(SIDE_PX, (170, 200), 40), disc(SIDE_PX, (222, 200), 6))
    rgb, garment = garment_photo(SIDE_PX, parts, (240, 230, 220))
    left, top, right, bottom = find_print(rgb, garment).box
    assert top <= 130
    assert bottom >= 228
    assert left <= 160
    assert right >= 240


def test_plain_cloth_has_no_print() -> None:
    rgb, garment = garment_photo(SIDE_PX, NO_PRINT, (0, 0, 0))
    with pytest.raises(NoPrintFound):
        find_print(rgb, garment)


def test_what_hangs_on_to_the_garments_edge_is_no_print() -> None:
    arm = np.zeros((SIDE_PX, SIDE_PX), dtype=np.float32)
    arm[50:120, 170:230] = 1
    rgb, garment = garment_photo(SIDE_PX, arm, (220, 170, 140))
    with pytest.raises(NoPrintFound):
        find_print(rgb, garment)


def test_nothing_salient_has_no_print() -> None:
    rgb, _ = garment_photo(SIDE_PX, PRINT, (240, 200, 60))
    with pytest.raises(NoPrintFound, match="salient"):
        find_print(rgb, NO_PRINT)


def test_a_body_of_many_colours_is_no_garment() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    with pytest.raises(NoPrintFound):
        find_print(rgb, np.ones((SIDE_PX, SIDE_PX), dtype=np.float32))


def test_smooth_fill_carries_a_gradient_through_a_hole() -> None:
    y, x = np.mgrid[0:200, 0:200].astype(np.float32)
    field = np.dstack([100 + 0.2 * x, 80 + 0.3 * y])
    known = disc(200, (100, 100), 30) == 0
    spoiled = np.where(known[..., None], field, 0).astype(np.float32)
    filled = smooth_fill(spoiled, known, (25, 8))
    inner = np.s_[20:-20, 20:-20]
    assert np.abs(filled - field)[inner].max() < 4


@pytest.mark.parametrize("step", [1, 3, 4])
def test_refine_undoes_coarsen_on_smooth_fields(step: int) -> None:
    field = shaded_cloth(103, (100, 100, 100))
    smooth = smooth_fill(field, np.ones(field.shape[:2], dtype=bool), (10,))
    again = refine(coarsen(smooth, step), step, 103, 103)
    assert again.shape == smooth.shape
    assert np.abs(again - smooth)[4:-4, 4:-4].max() < 1.5
