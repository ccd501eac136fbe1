"""Confidence falls with each doubt."""

import numpy as np
import pytest

from tests.uploads.cutout.pictures import disc, mixed
from uploads.cutout import scoring
from uploads.cutout.background import BackgroundStatistics
from uploads.cutout.colour_key import Unmixed

CRISP = np.zeros((20, 20), dtype=np.float32)
CRISP[5:15, 5:15] = 1
HAZY = np.where(CRISP > 0, np.float32(0.5), np.float32(0))


def test_semi_share_counts_the_visible_only() -> None:
    assert scoring.semi_share(CRISP) == 0
    assert scoring.semi_share(HAZY) == 1
    assert scoring.semi_share(np.zeros((4, 4), dtype=np.float32)) == 1


def test_agreement_is_intersection_over_union() -> None:
    shifted = np.roll(CRISP, 5, axis=1)
    assert scoring.mask_agreement(CRISP, CRISP) == 1
    assert scoring.mask_agreement(CRISP, shifted) == pytest.approx(50 / 150)
    assert scoring.mask_agreement(CRISP * 0, CRISP * 0) == 0


def test_clear_print_is_trusted_and_each_doubt_costs() -> None:
    sure = {"separation": 40.0, "agreement": 1.0, "faint_share": 0.0}
    best = scoring.product(scoring.print_components(CRISP, **sure))
    assert best == pytest.approx(0.95)
    assert scoring.product(scoring.print_components(CRISP, **{**sure, "separation": 10.0})) < 0.3
    assert scoring.product(scoring.print_components(CRISP, **{**sure, "agreement": 0.2})) == pytest.approx(
        0.475
    )
    assert scoring.product(scoring.print_components(CRISP, **{**sure, "faint_share": 0.5})) == pytest.approx(
        0.285
    )
    assert scoring.product(scoring.print_components(HAZY, **sure)) == pytest.approx(0.38)


def test_salient_object_is_never_quite_certain() -> None:
    assert scoring.product(scoring.salient_components(CRISP, CRISP)) == pytest.approx(0.8)
    undecided = np.full_like(CRISP, 0.5)
    assert scoring.product(scoring.salient_components(CRISP, undecided)) == 0


def test_rival_in_the_picture_halves_the_confidence() -> None:
    assert scoring.product(scoring.salient_components(CRISP, CRISP, others_share=0.2)) == pytest.approx(0.4)


def unmixed(**facts: float) -> Unmixed:
    usual = {
        "film_share": 0.0, "wash_share": 0.0, "semi_share": 0.01, "soft_share": 0.0, "hole_share": 0.0,
        "contrast": 20.0, "filled_share": 0.0, "texture": 0.0, "weak_rim_share": 0.0,
    }  # fmt: skip
    return Unmixed(np.zeros((2, 2, 4), dtype=np.uint8), **usual | facts)


def even(sigma: float = 0.0) -> BackgroundStatistics:
    return BackgroundStatistics(np.full(3, 255, dtype=np.float32), None, sigma, 1.0, 0.0)


@pytest.mark.parametrize(
    ("facts", "confidence"),
    [
        ({}, 1.0),
        ({"film_share": 0.2}, 0.6),
        ({"wash_share": 0.2}, 0.4),
        ({"semi_share": 0.12}, 0.4),
        ({"soft_share": 0.2}, 0.3),
        ({"hole_share": 0.05}, 0.75),
        ({"contrast": 0.3}, 0.8),
        ({"contrast": 0.0}, 0.0),
        ({"filled_share": 0.02}, 0.9),
    ],
)
def test_each_doubt_about_an_even_background_costs(facts: dict[str, float], confidence: float) -> None:
    assert scoring.product(scoring.key_components(unmixed(**facts), even())) == pytest.approx(confidence)


def test_noisy_background_costs() -> None:
    assert scoring.product(scoring.key_components(unmixed(), even(14.0))) == pytest.approx(0.5)


@pytest.mark.parametrize(("graded", "confidence"), [(False, 1.0), (True, 0.45)])
def test_what_the_frame_cuts_off_costs_before_what_may_be_a_sky(graded: bool, confidence: float) -> None:
    art = unmixed()
    art.rgba[0, :, 3] = 255
    surface = np.zeros((6, 3), dtype=np.float32) if graded else None
    ground = BackgroundStatistics(np.full(3, 255, dtype=np.float32), surface, 0.0, 1.0, 0.0)
    assert scoring.product(scoring.key_components(art, ground)) == pytest.approx(confidence)


def test_photo_on_an_even_background_is_textured_and_frayed() -> None:
    assert scoring.is_photographic(unmixed(texture=4.0, weak_rim_share=0.2))
    assert not scoring.is_photographic(unmixed(texture=4.0))
    assert not scoring.is_photographic(unmixed(weak_rim_share=0.2))


def test_outline_on_the_pictures_edges_is_supported_and_any_other_less() -> None:
    truth = disc(200, (100, 100), 60)
    picture = mixed(truth, (220, 60, 50), np.full((200, 200, 3), (40, 120, 60), dtype=np.float32))
    support = scoring.edge_support(picture, truth)
    others = [disc(200, (100, 100), 48), disc(200, (100, 100), 72), disc(200, (112, 90), 60)]
    assert support > 0.9
    assert all(scoring.edge_support(picture, other) < 0.6 * support for other in others)
    assert scoring.edge_support(picture, np.zeros_like(truth)) == 0


@pytest.mark.parametrize(("support", "factor"), [(0.0, 0.25), (0.4, 0.625), (0.8, 1.0), (1.0, 1.0)])
def test_edge_factor_rises_to_one(support: float, factor: float) -> None:
    assert scoring.edge_factor(support) == pytest.approx(factor)


def test_mask_that_was_undecided_before_it_was_cleaned_is_doubted() -> None:
    """What was taken out of a mask does not make the network any surer."""
    seen = CRISP.copy()
    outside = np.flatnonzero(seen.ravel() < 0.05)[: round(0.12 * seen.size)]
    seen.ravel()[outside] = 0.5
    parts = scoring.salient_components(CRISP, CRISP, seen=seen)
    assert parts["agreement"] == pytest.approx(0.8)
    assert parts["decision"] == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize(("rows", "left"), [(0, 1.0), (12, 0.897), (64, 0.5)])
def test_object_along_the_frame_is_doubted(rows: int, left: float) -> None:
    """rows: how many of 64 the object takes of both side edges."""
    mask = np.zeros((64, 64), dtype=np.float32)
    mask[20:44, 20:44] = 1
    mask[:rows, [0, -1]] = 1
    assert scoring.salient_components(mask, mask)["framing"] == pytest.approx(left, abs=1e-3)
