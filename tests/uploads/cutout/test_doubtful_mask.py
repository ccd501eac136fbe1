"""A mask that has swallowed an object of the background gives it back; a mask in no doubt is left alone."""

import numpy as np
import pytest
from scipy import ndimage

from tests.uploads.cutout.pictures import FloatArray, disc, mixed, noise
from uploads.cutout.doubtful_mask import is_doubtful, without_background_colours

SIDE_PX = 240
TRUTH = disc(SIDE_PX, (120, 140), 60)
GROUND = (np.asarray((40, 120, 60)) + noise(SIDE_PX, 8)).astype(np.float32)
PICTURE = mixed(TRUTH, (220, 60, 50), GROUND)
SURE = ndimage.gaussian_filter(TRUTH, 2).astype(np.float32)


def joined() -> FloatArray:
    """Return the mask with a part of the background joined to it that the frame cuts off."""
    mask = SURE.copy()
    mask[:100, 90:150] = np.maximum(mask[:100, 90:150], 0.9)
    return mask


def semi_clear() -> FloatArray:
    return np.asarray(np.maximum(SURE, 0.4 * disc(SIDE_PX, (120, 140), 90)), dtype=np.float32)


def test_mask_within_the_frame_with_a_crisp_edge_is_in_no_doubt() -> None:
    assert not is_doubtful(disc(SIDE_PX, (120, 140), 60))


@pytest.mark.parametrize("mask", [joined(), semi_clear()], ids=["frame", "semi"])
def test_mask_that_runs_into_the_frame_or_is_half_clear_is_in_doubt(mask: FloatArray) -> None:
    assert is_doubtful(mask)


@pytest.mark.parametrize("mask", [joined(), semi_clear()], ids=["frame", "semi"])
def test_what_has_the_backgrounds_colours_is_given_back(mask: FloatArray) -> None:
    before = np.abs(mask - TRUTH).mean()
    after = np.abs(without_background_colours(PICTURE, mask) - TRUTH).mean()
    assert after < 0.35 * before


def test_same_picture_gives_the_same_mask() -> None:
    first, second = (without_background_colours(PICTURE, joined()) for _ in range(2))
    assert np.array_equal(first, second)


def test_nothing_is_ever_added() -> None:
    mask = joined()
    assert (without_background_colours(PICTURE, mask) <= mask).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_mask_without_two_sides_is_left_alone(value: float) -> None:
    mask = np.full((SIDE_PX, SIDE_PX), value, dtype=np.float32)
    assert np.array_equal(without_background_colours(PICTURE, mask), mask)


def test_colours_that_would_leave_too_little_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uploads.cutout.doubtful_mask._LEAST_LEFT", 1.1)
    mask = joined()
    assert np.array_equal(without_background_colours(PICTURE, mask), mask)
