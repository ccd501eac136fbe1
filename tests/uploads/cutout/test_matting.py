"""A coarse mask becomes an edge, and the edge loses its background."""

import numpy as np
import pytest
from scipy import ndimage

from tests.uploads.cutout.pictures import FloatArray, disc, mixed, noise
from uploads.cutout.matting import cut_out, halved

SIDE_PX = 240
TRUTH = disc(SIDE_PX, (120, 120), 70)
GROUND = np.full((SIDE_PX, SIDE_PX, 3), (40, 120, 60), dtype=np.float32)
PICTURE = mixed(TRUTH, (220, 60, 50), GROUND)
COARSE = ndimage.gaussian_filter(disc(SIDE_PX, (121, 119), 71), 3).astype(np.float32)


def alpha_of(rgba: np.ndarray) -> FloatArray:
    return rgba[..., 3].astype(np.float32) / np.float32(255)


def test_blurred_mask_is_sharpened_to_the_picture() -> None:
    refined = alpha_of(cut_out(PICTURE, COARSE))
    before, after = np.abs(COARSE - TRUTH).mean(), np.abs(refined - TRUTH).mean()
    assert after < 0.2 * before
    assert after < 0.003


@pytest.mark.parametrize("side_px", [900, 1600])
def test_large_picture_is_described_small_and_solved_at_full_size(side_px: int) -> None:
    radius_px = 0.3 * side_px
    truth = disc(side_px, (side_px / 2, side_px / 2), radius_px)
    ground = np.asarray((40, 120, 60)) + noise(side_px, 12)
    picture = mixed(truth, (220, 60, 50), ground.astype(np.float32))
    moved = disc(side_px, (side_px / 2 + 3, side_px / 2 - 2), radius_px + 4)
    coarse = ndimage.gaussian_filter(moved, side_px / 100).astype(np.float32)
    refined = alpha_of(cut_out(picture, coarse))
    assert refined.shape == truth.shape
    assert np.abs(refined - truth).mean() < 0.25 * np.abs(coarse - truth).mean()


def test_mask_of_another_size_is_taken() -> None:
    small = ndimage.zoom(COARSE, 0.5, order=1).clip(0, 1).astype(np.float32)
    assert np.abs(alpha_of(cut_out(PICTURE, small)) - TRUTH).mean() < 0.004


def test_mask_without_an_edge_is_left_alone() -> None:
    everything = np.ones((SIDE_PX, SIDE_PX), dtype=np.float32)
    rgba = cut_out(PICTURE, everything)
    assert (rgba[..., 3] == 255).all()
    assert np.array_equal(rgba[..., :3], PICTURE)


@pytest.mark.parametrize("ground", [None, np.array((40, 120, 60), dtype=np.float32)])
def test_edge_colours_are_the_objects_own(ground: FloatArray | None) -> None:
    rgba = cut_out(PICTURE, COARSE, ground)
    edge = (TRUTH > 0.3) & (TRUTH < 0.9)
    own = np.abs(rgba[edge][:, :3] - np.array((220.0, 60.0, 50.0))).mean()
    seen = np.abs(PICTURE[edge].astype(float) - (220, 60, 50)).mean()
    assert own < 0.25 * seen


def test_inside_of_the_object_is_not_touched() -> None:
    rgba = cut_out(PICTURE, COARSE)
    inside = disc(SIDE_PX, (120, 120), 50) == 1
    assert np.array_equal(rgba[inside][:, :3], PICTURE[inside])
    assert (rgba[inside][:, 3] == 255).all()


def test_what_resembles_the_object_far_outside_its_mask_is_not_it() -> None:
    ground = GROUND.copy()
    ground[100:104, 200:] = (220, 60, 50)  # a line of the object's own colour leads away from it
    picture = mixed(TRUTH, (220, 60, 50), ground)
    refined = alpha_of(cut_out(picture, COARSE))
    assert refined[100:104, 205:].max() < 0.1
    assert np.abs(refined - TRUTH).mean() < 0.003


@pytest.mark.parametrize(
    ("shape", "least_px", "expected"),
    [((2000, 2000), 512, (1000, 1000)), ((2000, 1000), 200, (500, 250)), ((1001, 900), 300, (1001, 900))],
)
def test_halving_stops_at_the_size_and_at_odd_sides(
    shape: tuple[int, int], least_px: int, expected: tuple[int, int]
) -> None:
    assert halved(np.zeros((*shape, 3), dtype=np.uint8), least_px).shape[:2] == expected
