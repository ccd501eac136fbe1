"""Confidence falls with each doubt."""

import numpy as np
import pytest

from uploads.cutout import scoring

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
