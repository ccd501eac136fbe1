"""A coarse mask becomes an edge, and the edge loses its background."""

import numpy as np
from scipy import ndimage

from tests.uploads.cutout.pictures import disc, mixed
from uploads.cutout.matting import foreground_colours, refined_alpha

SIDE_PX = 240
TRUTH = disc(SIDE_PX, (120, 120), 70)
GROUND = np.full((SIDE_PX, SIDE_PX, 3), (40, 120, 60), dtype=np.float32)
PICTURE = mixed(TRUTH, (220, 60, 50), GROUND)
COARSE = ndimage.gaussian_filter(disc(SIDE_PX, (121, 119), 71), 3).astype(np.float32)


def test_blurred_mask_is_sharpened_to_the_picture() -> None:
    refined = refined_alpha(PICTURE, COARSE)
    before, after = np.abs(COARSE - TRUTH).mean(), np.abs(refined - TRUTH).mean()
    assert after < 0.2 * before
    assert after < 0.003
    assert refined.min() >= 0
    assert refined.max() <= 1


def test_large_picture_is_solved_small_and_enlarged() -> None:
    side_px = 1000
    truth = disc(side_px, (500, 500), 300)
    picture = mixed(truth, (220, 60, 50), np.full((side_px, side_px, 3), (40, 120, 60), dtype=np.float32))
    coarse = ndimage.gaussian_filter(disc(side_px, (503, 498), 304), 10).astype(np.float32)
    refined = refined_alpha(picture, coarse)
    assert refined.shape == truth.shape
    assert np.abs(refined - truth).mean() < 0.25 * np.abs(coarse - truth).mean()


def test_mask_without_an_edge_is_left_alone() -> None:
    everything = np.ones((SIDE_PX, SIDE_PX), dtype=np.float32)
    assert np.array_equal(refined_alpha(PICTURE, everything), everything)


def test_edge_colours_are_the_objects_own() -> None:
    colours = foreground_colours(PICTURE, TRUTH)
    edge = (TRUTH > 0.3) & (TRUTH < 0.9)
    own = np.abs(colours[edge] - (220, 60, 50)).mean()
    seen = np.abs(PICTURE[edge].astype(float) - (220, 60, 50)).mean()
    assert own < 0.25 * seen
