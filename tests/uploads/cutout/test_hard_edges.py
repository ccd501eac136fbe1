"""Art of whole pixels: nothing half clear stays, and thin lines do not vanish."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from uploads.cutout.hard_edges import without_semi_transparency


def test_the_border_runs_where_half_is_covered() -> None:
    rgba = np.zeros((3, 9, 4), np.uint8)
    rgba[1, :, :3] = (10, 200, 30)
    rgba[1, :, 3] = (0, 40, 90, 127, 128, 255, 200, 60, 0)
    hard = without_semi_transparency(rgba)
    assert hard[1, :, 3].tolist() == [0, 0, 0, 0, 255, 255, 255, 0, 0]
    assert hard[1, 5].tolist() == [10, 200, 30, 255]
    assert not hard[0].any() and not hard[1, 3].any()


def test_a_hair_line_that_is_nowhere_half_covered_stays() -> None:
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[10, 2:18] = (0, 0, 0, 100)
    rgba[11, 2:18] = (0, 0, 0, 49)
    alpha = without_semi_transparency(rgba)[..., 3]
    assert (alpha[10, 2:18] == 255).all()
    assert not alpha[11].any()


def test_haze_goes() -> None:
    rgba = np.full((8, 8, 4), 30, np.uint8)
    assert not without_semi_transparency(rgba).any()


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(4))))
def test_every_pixel_is_printed_or_not(rgba: np.ndarray) -> None:
    hard = without_semi_transparency(rgba)
    assert set(np.unique(hard[..., 3])) <= {0, 255}
    printed = hard[..., 3] == 255
    assert np.array_equal(hard[printed][:, :3], rgba[printed][:, :3])
    assert printed[rgba[..., 3] >= 128].all()
