"""A print in perspective becomes straight."""

import cv2
import numpy as np
import pytest

from uploads.extraction.rectify import aligned, edge_picture, rectified_print

WIDTH_PX, HEIGHT_PX = 300, 200


def poster() -> np.ndarray:
    picture = np.zeros((HEIGHT_PX, WIDTH_PX, 4), dtype=np.uint8)
    picture[...] = (240, 220, 60, 255)
    picture[40:80, 50:250, :3] = (20, 40, 120)
    picture[120:170, 100:140, :3] = (180, 30, 40)
    return picture


def seen_at_an_angle(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    corners = np.float32([(60, 40), (380, 70), (350, 290), (80, 260)])
    flat = np.float32([(0, 0), (WIDTH_PX, 0), (WIDTH_PX, HEIGHT_PX), (0, HEIGHT_PX)])
    return cv2.warpPerspective(picture, cv2.getPerspectiveTransform(flat, corners), (440, 340)), corners


def test_tilted_rectangle_is_stretched_back() -> None:
    photo, corners = seen_at_an_angle(poster())
    found = rectified_print(photo)
    assert found.is_quadrilateral
    assert np.abs(found.corners - corners).max() < 4
    again = cv2.resize(found.rgba, (WIDTH_PX, HEIGHT_PX))
    assert np.abs(again[10:-10, 10:-10, :3].astype(int) - poster()[10:-10, 10:-10, :3]).mean() < 8


def test_ragged_print_is_only_boxed() -> None:
    picture = np.zeros((300, 300, 4), dtype=np.uint8)
    cv2.circle(picture, (150, 140), 90, (200, 40, 50, 255), -1)
    found = rectified_print(picture)
    assert not found.is_quadrilateral
    assert found.rgba.shape[0] == pytest.approx(181, abs=3)
    assert found.rgba.shape[1] == pytest.approx(181, abs=3)


def test_clear_pixels_lend_no_colour() -> None:
    photo, _ = seen_at_an_angle(poster())
    photo[photo[..., 3] == 0] = (255, 0, 255, 0)
    edge = rectified_print(photo).rgba
    solid = edge[edge[..., 3] > 60]
    assert float(np.mean((solid[:, 0] > 200) & (solid[:, 1] < 60) & (solid[:, 2] > 200))) < 0.01


def test_shifted_edges_are_laid_over_each_other() -> None:
    fixed = edge_picture(poster(), (WIDTH_PX, HEIGHT_PX))
    moving = np.roll(fixed, (3, 5), axis=(0, 1))
    found = aligned(moving, fixed)
    assert found is not None
    matrix, correlation = found
    assert correlation > 0.8
    assert matrix[:2, 2] == pytest.approx((-5, -3), abs=1)


def test_pictures_without_edges_cannot_be_aligned() -> None:
    nothing = np.zeros((100, 100), dtype=np.float32)
    assert aligned(nothing, nothing) is None


def test_nothing_cannot_be_rectified() -> None:
    with pytest.raises(ValueError, match="no print"):
        rectified_print(np.zeros((20, 20, 4), dtype=np.uint8))
