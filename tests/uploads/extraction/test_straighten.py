"""A rectangular print seen at an angle is seen straight on; others stay as they are."""

from __future__ import annotations

import cv2
import numpy as np

from uploads.cutout.artwork import Cutout
from uploads.extraction.straighten import straightened


def flat() -> np.ndarray:
    rgba = np.zeros((240, 320, 4), np.uint8)
    rgba[...] = (200, 30, 30, 255)
    rgba[:, 160:] = (30, 30, 200, 255)
    return rgba


def photographed(corners: list[tuple[int, int]]) -> np.ndarray:
    rgba = flat()
    height, width = rgba.shape[:2]
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(source, np.array(corners, np.float32))
    return np.asarray(cv2.warpPerspective(rgba, matrix, (420, 360), flags=cv2.INTER_NEAREST), dtype=np.uint8)


def cutout(rgba: np.ndarray, method: str = "print") -> Cutout:
    box = (0, 0, rgba.shape[1], rgba.shape[0])
    return Cutout(rgba=rgba, method=method, confidence=0.9, box=box, components={})  # type: ignore[arg-type]


TILTED = [(40, 60), (370, 30), (390, 320), (60, 290)]


def test_a_tilted_print_fills_its_rectangle_again() -> None:
    result = straightened(cutout(photographed(TILTED)))
    assert result is not None
    alpha = result.rgba[..., 3]
    height, width = alpha.shape
    inner = alpha[height // 10 : -height // 10, width // 10 : -width // 10]
    assert inner.min() > 200
    middle = height // 2
    assert result.rgba[middle, width // 4, 0] > 150 and result.rgba[middle, 3 * width // 4, 2] > 150
    assert alpha[0].max() == 0 and alpha[:, 0].max() == 0  # the margin


def test_a_straight_print_is_not_resampled() -> None:
    straight = [(40, 60), (360, 60), (360, 300), (40, 300)]
    assert straightened(cutout(photographed(straight))) is None


def test_what_is_no_print_of_a_garment_is_left_alone() -> None:
    assert straightened(cutout(photographed(TILTED), method="salient")) is None


def test_a_round_print_does_not_say_what_straight_is() -> None:
    rgba = np.zeros((300, 300, 4), np.uint8)
    y, x = np.mgrid[:300, :300]
    rgba[(x - 150) ** 2 + ((y - 150) * 1.2) ** 2 < 110**2] = (9, 90, 9, 255)
    assert straightened(cutout(rgba)) is None
