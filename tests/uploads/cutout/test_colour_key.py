"""The colour key against pictures whose alpha is known exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from tests.uploads.cutout.pictures import (
    ByteArray,
    FloatArray,
    disc,
    mixed,
    noise,
    outlined_word,
    ring,
    through_jpeg,
)
from uploads.cutout import scoring
from uploads.cutout.background import background_statistics, is_flat
from uploads.cutout.colour_key import unmix

SIDE_PX = 256
RING = ring(SIDE_PX, 80, 40)


def cut(rgb: ByteArray) -> tuple[FloatArray, ByteArray, float]:
    statistics = background_statistics(rgb)
    unmixed = unmix(rgb, statistics)
    confidence = scoring.product(scoring.key_components(unmixed, statistics))
    return unmixed.rgba[..., 3].astype(np.float32) / 255, unmixed.rgba, confidence


def mean_error_levels(found: FloatArray, truth: FloatArray) -> float:
    return float(np.abs(found - truth).mean()) * 255


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (0, 255, 0), (255, 0, 255), (230, 231, 232)])
@pytest.mark.parametrize("ink", [(200, 30, 40), (20, 40, 160), (120, 130, 125)])
def test_known_composite_is_undone(ink: tuple[int, int, int], ground: tuple[int, int, int]) -> None:
    alpha, rgba, _ = cut(mixed(RING, ink, ground))
    assert mean_error_levels(alpha, RING) < 0.5
    solid = RING > 0.99
    assert np.abs(rgba[solid][:, :3].astype(int) - ink).max() <= 1


def test_hole_of_the_ring_is_open_and_edges_carry_no_background() -> None:
    alpha, rgba, _ = cut(mixed(RING, (200, 30, 40), (255, 255, 255)))
    assert alpha[SIDE_PX // 2, SIDE_PX // 2] == 0
    edge = (RING > 0.3) & (RING < 0.9)
    assert edge.sum() > 300
    assert np.abs(rgba[edge][:, :3].astype(int) - (200, 30, 40)).mean() < 4


def test_thin_strokes_survive() -> None:
    alpha = np.zeros((SIDE_PX, SIDE_PX), dtype=np.float32)
    alpha[60:62, 40:200] = 1
    alpha[80:180, 100] = 1
    found, _, _ = cut(mixed(alpha, (10, 10, 10), (255, 255, 255)))
    assert np.abs(found - alpha).max() < 0.02


def test_two_inks_side_by_side_are_both_solid() -> None:
    left, right = disc(SIDE_PX, (128, 100), 50), disc(SIDE_PX, (128, 150), 50)
    picture = mixed(right, (250, 220, 40), mixed(left, (20, 20, 60), (255, 255, 255)).astype(np.float32))
    found, rgba, _ = cut(picture)
    assert (found[128, 60:190] == 1).all()
    assert np.abs(rgba[128, 150, :3].astype(int) - (250, 220, 40)).max() <= 1


@pytest.mark.parametrize(("quality", "limit_levels"), [(95, 1.0), (85, 1.5), (70, 2.0)])
def test_jpeg_ripples_are_no_ink(quality: int, limit_levels: float) -> None:
    alpha, _, _ = cut(through_jpeg(mixed(RING, (200, 30, 40), (250, 250, 250)), quality))
    assert mean_error_levels(alpha, RING) < limit_levels
    far = ring(SIDE_PX, 120, 95) > 0
    assert alpha[far].max() == 0


def test_noisy_background_is_clear() -> None:
    ground = np.full((SIDE_PX, SIDE_PX, 3), 240, dtype=np.float32) + noise(SIDE_PX, 3)
    alpha, _, _ = cut(mixed(RING, (30, 60, 150), np.minimum(ground, 255)))
    assert mean_error_levels(alpha, RING) < 2
    assert float(np.mean(alpha[RING == 0] > 0)) < 0.002


def test_graded_background_is_followed() -> None:
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX] / SIDE_PX
    ground = np.dstack([120 + 80 * y, 140 + 60 * x, 200 - 40 * y]).astype(np.float32)
    rgb = mixed(RING, (240, 240, 20), ground)
    statistics = background_statistics(rgb)
    assert statistics.surface is not None
    assert is_flat(statistics)
    assert mean_error_levels(cut(rgb)[0], RING) < 1


def test_drop_shadow_stays_translucent() -> None:
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX].astype(np.float32)
    shadow = 0.5 * np.exp(-(((x - 128) ** 2 + (y - 190) ** 2) / (2 * 22**2)))
    shadow = np.where(shadow < 0.01, 0, shadow).astype(np.float32)
    truth = np.maximum(shadow, disc(SIDE_PX, (90, 128), 40))
    ink = np.where((disc(SIDE_PX, (90, 128), 40) > 0.5)[..., None], (220, 40, 40), (0, 0, 0)).astype(np.uint8)
    alpha, rgba, _ = cut(mixed(truth, ink, (255, 255, 255)))
    inside = shadow > 0.1
    assert np.abs(alpha - truth)[inside].mean() < 0.03
    assert rgba[190, 128, :3].max() < 20


def test_frame_of_noise_is_a_photo() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    assert not is_flat(background_statistics(rgb))


def test_artwork_that_touches_the_frame_is_still_on_a_flat_background() -> None:
    alpha = np.zeros((SIDE_PX, SIDE_PX), dtype=np.float32)
    alpha[100:150] = 1
    rgb = mixed(alpha, (10, 20, 30), (255, 255, 255))
    assert is_flat(background_statistics(rgb))
    assert np.array_equal(cut(rgb)[0], alpha)


def test_empty_page_gives_nothing_and_no_confidence() -> None:
    alpha, _, confidence = cut(np.full((64, 64, 3), 255, dtype=np.uint8))
    assert alpha.max() == 0
    assert confidence == 0


def test_a_large_hole_may_be_ink_of_the_backgrounds_colour_and_costs_confidence() -> None:
    solid = disc(SIDE_PX, (128, 128), 80)
    outline = ring(SIDE_PX, 80, 76)
    sure = cut(mixed(solid, (0, 0, 0), (255, 255, 255)))[2]
    assert sure > 0.95
    assert cut(mixed(outline, (0, 0, 0), (255, 255, 255)))[2] < 0.8 * sure


@settings(max_examples=25, deadline=None)
@given(
    ink=st.tuples(*[st.integers(0, 255)] * 3),
    ground=st.tuples(*[st.integers(0, 255)] * 3),
)
def test_recomposing_gives_the_picture_back(ink: tuple[int, int, int], ground: tuple[int, int, int]) -> None:
    side_px = 96
    rgb = mixed(ring(side_px, 34, 16), ink, ground)
    rgba = unmix(rgb, background_statistics(rgb)).rgba
    alpha = rgba[..., 3:].astype(np.float32) / 255
    again = rgba[..., :3] * alpha + np.asarray(ground, dtype=np.float32) * (1 - alpha)
    # What lies within the tolerance of 4 levels is background by decision; the rest must come back.
    assert np.abs(again - rgb).max() <= 6


def test_wash_of_colour_is_full_paint_where_it_is_strongest() -> None:
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX].astype(np.float32)
    wash = 0.95 * np.exp(-(((x - 128) ** 2 + (y - 128) ** 2) / (2 * 40**2)))
    truth = np.where(wash < 0.02, 0, wash).astype(np.float32)
    alpha, rgba, _ = cut(mixed(truth, (150, 110, 190), (255, 255, 255)))
    # The least alpha that explains these colours is 0.54 in the middle, of an ink that nobody painted with.
    assert alpha[128, 128] > 0.85
    assert np.abs(rgba[128, 128, :3].astype(int) - (150, 110, 190)).max() < 20


def test_wash_has_no_seam_where_its_paint_has_the_hue_of_the_ground() -> None:
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX].astype(np.float32)
    wash = 0.8 * np.exp(-(((x - 128) ** 2 + (y - 128) ** 2) / (2 * 45**2)))
    truth = np.where(wash < 0.02, 0, wash).astype(np.float32)
    # From red over grey to blue: the grey in the middle only darkens the white, as a shadow does.
    share = np.clip((x - 88) / 80, 0, 1)[..., None]
    grey = 1 - np.abs(2 * share - 1)
    ink = np.array((200, 40, 40)) * (1 - share) + np.array((40, 40, 200)) * share
    ink = ink * (1 - grey) + 110 * grey
    alpha, _, _ = cut(mixed(truth, np.rint(ink).astype(np.uint8), (255, 255, 255)))
    steps = np.abs(np.diff(alpha[128, 60:196]))
    assert steps.max() < 0.06, "the alpha of what was painted softly has no edge"


@pytest.mark.parametrize("ground", [0, 255])
def test_noise_that_is_cut_off_at_the_end_of_the_range_is_no_ink(ground: int) -> None:
    clean = mixed(disc(SIDE_PX, (128, 128), 40), (200, 90, 60), (ground,) * 3).astype(np.float32)
    noisy = clean + np.random.default_rng(5).normal(0, 2.5, clean.shape)
    rgb = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    assert background_statistics(rgb).sigma == pytest.approx(2.5, abs=0.6)
    alpha, _, _ = cut(rgb)
    assert not alpha[disc(SIDE_PX, (128, 128), 50) == 0].any()


def test_glow_that_a_letter_encloses_stays_translucent() -> None:
    letter = ring(SIDE_PX, 70, 46)
    halo = np.clip(ndimage.gaussian_filter(letter, 9) * 0.9, 0, 1).astype(np.float32)
    halo = np.where(halo < 0.015, 0, halo).astype(np.float32)
    cover = letter + halo * (1 - letter)
    ink = np.where((letter > 0.5)[..., None], (240, 250, 255), (60, 200, 255)).astype(np.uint8)
    alpha, _, _ = cut(mixed(cover, ink, (0, 0, 0)))
    middle = np.s_[110:146, 110:146]
    assert np.abs(alpha[middle] - cover[middle]).mean() < 0.08


def test_outlined_letters_keep_their_filling() -> None:
    rgb, truth = outlined_word("COLLEGE", stroke_px=6)
    alpha, rgba, confidence = cut(rgb)
    assert np.abs(alpha - truth).mean() < 0.004
    assert (rgba[(truth == 1) & (rgb.min(axis=2) > 250)][:, 3] == 255).all()
    assert confidence < 0.9
