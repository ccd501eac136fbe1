"""The measures of the cut-out bench, on pictures whose figures can be worked out by hand."""

import math

import numpy as np
import pytest

from bench.cutouts import auc, boundary_f, holes_open, measure, on_tee


def square(side_px: int = 100, first: int = 20, last: int = 80, alpha: int = 255) -> np.ndarray:
    rgba = np.zeros((side_px, side_px, 4), dtype=np.uint8)
    rgba[first:last, first:last] = (200, 40, 40, alpha)
    return rgba


def test_the_truth_itself_has_no_error() -> None:
    found = measure(square(), square())
    assert (found.tee, found.mae, found.iou, found.boundary_f, found.halo) == (0, 0, 1, 1, 0)


def test_an_uncut_picture_errs_by_its_background_on_the_worst_tee() -> None:
    uncut = np.full((100, 100, 4), 255, dtype=np.uint8)
    uncut[20:80, 20:80] = square()[20:80, 20:80]
    found = measure(uncut, square())
    assert found.tee == pytest.approx(
        255 * 0.64, abs=0.01
    )  # white, on black, over what lies outside the square
    assert found.mae == pytest.approx(640, abs=0.01)
    assert found.iou == pytest.approx(0.36)


def test_alpha_mixes_ink_and_cloth() -> None:
    pixel = np.array([[[100, 200, 0, 51]]], dtype=np.uint8)
    assert on_tee(pixel, (0, 0, 0))[0, 0].tolist() == pytest.approx([20, 40, 0])
    assert on_tee(pixel, (200, 30, 40))[0, 0].tolist() == pytest.approx([180, 64, 32])


@pytest.mark.parametrize(("shift_px", "least", "most"), [(0, 1.0, 1.0), (2, 0.98, 1.0), (6, 0.0, 0.2)])
def test_outlines_may_lie_two_pixels_apart(shift_px: int, least: float, most: float) -> None:
    inside = square()[..., 3] > 127
    grown = square(first=20 - shift_px, last=80 + shift_px)[..., 3] > 127
    assert least <= boundary_f(grown, inside) <= most


def test_an_empty_outline_matches_nothing() -> None:
    assert boundary_f(np.zeros((9, 9), dtype=bool), square(9, 2, 7)[..., 3] > 0) == 0


@pytest.mark.parametrize(("filled", "share"), [((), 1.0), ((0,), 0.5), ((0, 1), 0.0)])
def test_a_hole_counts_as_open_when_it_is_clear(filled: tuple[int, ...], share: float) -> None:
    truth = np.zeros((100, 100), dtype=np.float32)
    truth[10:90, 10:90] = 1
    holes = (slice(20, 30), slice(60, 70))
    for hole in holes:
        truth[hole, 40:60] = 0
    found = truth.copy()
    for number in filled:
        found[holes[number], 40:60] = 1
    assert holes_open(found, truth) == share


def test_art_without_holes_has_no_share_of_them() -> None:
    alpha = square()[..., 3] / np.float32(255)
    assert math.isnan(holes_open(alpha, alpha))


@pytest.mark.parametrize(
    ("scores", "expected"),
    [((0.9, 0.8, 0.2, 0.1), 1.0), ((0.1, 0.2, 0.8, 0.9), 0.0), ((0.5, 0.5, 0.5, 0.5), 0.5)],
)
def test_auc_is_how_often_a_bad_picture_scores_lower(scores: tuple[float, ...], expected: float) -> None:
    assert auc(np.array(scores, dtype=np.float32), np.array([False, False, True, True])) == expected


def test_auc_of_one_kind_alone_says_nothing() -> None:
    assert math.isnan(auc(np.ones(3, dtype=np.float32), np.zeros(3, dtype=bool)))
