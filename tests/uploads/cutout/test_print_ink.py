"""Ink lifted off shaded cloth, against the alpha that it was printed with."""

import numpy as np
import pytest

from tests.uploads.cutout.pictures import FloatArray, disc, ring, shaded_cloth, through_jpeg
from uploads.cutout.print_ink import lift_print
from uploads.imaging.colour import srgb_to_lab

SIDE_PX = 320
RING = ring(SIDE_PX, 110, 60)
EVERYTHING = np.ones((SIDE_PX, SIDE_PX), dtype=np.float32)


def printed(alpha: FloatArray, ink: tuple[int, int, int], cloth: tuple[int, int, int]) -> FloatArray:
    ground = shaded_cloth(SIDE_PX, cloth)
    light = ground.mean(axis=2, keepdims=True) / np.mean(cloth)
    return np.asarray(ink, dtype=np.float32) * light * alpha[..., None] + ground * (1 - alpha[..., None])


def lab_of(colour: tuple[int, int, int]) -> tuple[float, float, float]:
    lightness, a, b = srgb_to_lab(np.array(colour, dtype=np.uint8)).tolist()
    return lightness, a, b


CASES = [
    ((235, 225, 205), (40, 50, 90)),
    ((240, 240, 235), (20, 20, 22)),
    ((30, 40, 120), (225, 225, 222)),
    ((230, 180, 50), (120, 25, 30)),
]


@pytest.mark.parametrize(("ink", "cloth"), CASES)
def test_alpha_of_the_print_comes_back(ink: tuple[int, int, int], cloth: tuple[int, int, int]) -> None:
    rgb = through_jpeg(np.clip(np.rint(printed(RING, ink, cloth)), 0, 255).astype(np.uint8), 90)
    lifted = lift_print(rgb, EVERYTHING, lab_of(cloth))
    alpha = lifted.rgba[..., 3].astype(np.float32) / 255
    assert np.abs(alpha - RING).mean() < 0.01
    assert alpha[SIDE_PX // 2, SIDE_PX // 2] == 0
    assert (alpha[(RING == 0) & (ring(SIDE_PX, 150, 120) > 0.5)] == 0).all()
    assert lifted.separation > 10
    assert lifted.agreement == 1


@pytest.mark.parametrize(("ink", "cloth"), CASES)
def test_one_ink_becomes_even_across_folds(ink: tuple[int, int, int], cloth: tuple[int, int, int]) -> None:
    rgb = np.clip(np.rint(printed(RING, ink, cloth)), 0, 255).astype(np.uint8)
    solid = RING > 0.99
    lifted = lift_print(rgb, EVERYTHING, lab_of(cloth)).rgba
    unclipped = rgb[solid].max(axis=1) < 250
    before = rgb[solid][unclipped].astype(float).mean(axis=1).std()
    after = lifted[solid][unclipped][:, :3].astype(float).mean(axis=1).std()
    assert after < 0.7 * before


def test_edges_carry_no_cloth() -> None:
    rgb = np.clip(np.rint(printed(RING, (235, 225, 205), (40, 50, 90))), 0, 255).astype(np.uint8)
    rgba = lift_print(rgb, EVERYTHING, lab_of((40, 50, 90))).rgba
    edge = (rgba[..., 3] > 40) & (rgba[..., 3] < 220)
    assert edge.sum() > 100
    # Cloth blue in the edge would raise blue over red; the ink has 30 levels more red than blue.
    assert float(np.mean(rgba[edge][:, 0].astype(int) - rgba[edge][:, 2])) > 15


def test_bare_cloth_gives_no_ink() -> None:
    rgb = np.clip(np.rint(shaded_cloth(SIDE_PX, (40, 50, 90))), 0, 255).astype(np.uint8)
    lifted = lift_print(rgb, EVERYTHING, lab_of((40, 50, 90)))
    assert lifted.rgba.max() == 0
    assert lifted.separation == 0


def test_second_ink_beside_a_stronger_one_stays_solid() -> None:
    cloth = (40, 50, 90)
    alpha = np.maximum(disc(SIDE_PX, (160, 110), 50), disc(SIDE_PX, (160, 190), 50))
    ground = printed(disc(SIDE_PX, (160, 110), 50), (235, 225, 205), cloth)
    second = disc(SIDE_PX, (160, 190), 50)[..., None]
    picture = np.asarray((190, 60, 50), dtype=np.float32) * second + ground * (1 - second)
    rgb = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    found = lift_print(rgb, EVERYTHING, lab_of(cloth)).rgba[..., 3].astype(np.float32) / 255
    assert np.abs(found - alpha).mean() < 0.01
    assert found[160, 190] == 1
