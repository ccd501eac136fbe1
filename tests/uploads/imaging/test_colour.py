"""L*a*b* of colours whose values are published."""

import numpy as np
import pytest

from uploads.imaging.colour import srgb_to_lab


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        # Bruce Lindbloom's CIE colour calculator, sRGB, D65.
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0.0, 0.0)),
    ],
)
def test_published_values(rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    found = srgb_to_lab(np.array([[rgb]], dtype=np.uint8))
    assert found.dtype == np.float32
    assert np.abs(found[0, 0] - lab).max() < 0.05
