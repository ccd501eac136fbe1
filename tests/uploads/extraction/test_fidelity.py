"""A faithful drawing matches the print that it was drawn after; others do not, and the reason is named."""

import cv2
import numpy as np
import pytest

from demo.artwork import artwork
from uploads.extraction.fidelity import fidelity, palette, palette_distance

ARTWORK = np.asarray(artwork(500).convert("RGBA"), dtype=np.uint8)


def photographed(rgba: np.ndarray) -> np.ndarray:
    """Return the artwork in perspective, in warm light, and a little out of focus."""
    side_px = rgba.shape[1]
    near = np.float32([(0, 0), (side_px, 0), (side_px, side_px), (0, side_px)])
    far = np.float32([(25, 12), (475, 36), (450, 494), (44, 462)]) * side_px / 500
    alpha = rgba[..., 3:].astype(np.float32) / 255
    layers = np.dstack([rgba[..., :3] * alpha, alpha * 255])
    seen = cv2.warpPerspective(layers, cv2.getPerspectiveTransform(near, far), (side_px, side_px))
    seen = cv2.GaussianBlur(seen, (0, 0), 1.0)
    colour = seen[..., :3] / np.maximum(seen[..., 3:] / 255, 0.02) * (0.95, 0.87, 0.78) + 6
    return np.clip(np.dstack([colour, seen[..., 3]]), 0, 255).astype(np.uint8)


PHOTO = photographed(ARTWORK)


def test_drawing_of_this_print_matches() -> None:
    found = fidelity(ARTWORK, PHOTO)
    assert found.matches
    assert found.edge_overlap > 0.85
    assert found.score > 0.6


def test_other_inks_are_named() -> None:
    other = ARTWORK.copy()
    other[..., :3] = ARTWORK[..., [2, 0, 1]]
    found = fidelity(other, PHOTO)
    assert "colours" in found.reasons
    assert found.score < 0.3


def test_half_of_the_print_is_not_the_print() -> None:
    half = ARTWORK.copy()
    half[:250] = 0
    assert {"shape", "edges"} <= set(fidelity(half, PHOTO).reasons)


def test_turned_drawing_differs_in_its_details() -> None:
    found = fidelity(np.rot90(ARTWORK).copy(), PHOTO)
    assert not found.matches
    assert found.altered_share > 0.4


def test_palette_is_ordered_by_area() -> None:
    picture = np.zeros((40, 40, 4), dtype=np.uint8)
    picture[..., 3] = 255
    picture[:30] = (200, 20, 30, 255)
    inks, shares = palette(picture)
    assert shares.tolist() == pytest.approx([0.75, 0.25])
    assert inks[1].tolist() == pytest.approx([0, 0, 0], abs=0.1)


def test_palette_is_compared_apart_from_the_light() -> None:
    inks, shares = palette(ARTWORK)
    assert palette_distance((inks, shares), (inks + (-6, 1, 3), shares)) < 2
    assert palette_distance((inks, shares), (inks[:, [0, 2, 1]], shares)) > 8


def test_clear_pictures_are_refused() -> None:
    clear = np.zeros((30, 30, 4), dtype=np.uint8)
    with pytest.raises(ValueError, match="nothing"):
        fidelity(clear, PHOTO)
    with pytest.raises(ValueError, match="no print"):
        fidelity(ARTWORK, clear)
