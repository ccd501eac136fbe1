"""The demo's print and the photo of it: the same on every run, and the truth lies where the print is seen."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from demo import artwork, shirt_photo

Photo = tuple[Image.Image, Image.Image]


@pytest.fixture(scope="module")
def photo() -> Photo:
    return shirt_photo.shirt_photo()


def _digest(photo: Photo) -> str:
    return hashlib.sha256(b"".join(picture.tobytes() for picture in photo)).hexdigest()


def test_two_runs_give_the_same_photo_and_truth(photo: Photo) -> None:
    artwork.artwork.cache_clear()
    assert _digest(shirt_photo.shirt_photo()) == _digest(photo)


def test_photo_and_truth_have_the_size_of_a_phone_picture(photo: Photo) -> None:
    picture, truth = photo
    assert (picture.mode, picture.size) == ("RGB", (1536, 2048))
    assert (truth.mode, truth.size) == ("L", (1536, 2048))


def test_print_takes_about_45_percent_of_the_width(photo: Photo) -> None:
    box = photo[1].point(lambda level: 255 * (level > 127)).getbbox()
    assert box is not None
    left, top, right, bottom = box
    assert (right - left) / 1536 == pytest.approx(0.46, abs=0.02)
    assert (bottom - top) / (right - left) == pytest.approx(1.0, abs=0.06)


def test_print_is_brighter_than_the_cloth_seen_through_it(photo: Photo) -> None:
    light = np.asarray(photo[0].convert("L"), dtype=float)
    truth = np.asarray(photo[1])
    left, top, right, bottom = photo[1].getbbox() or (0, 0, 0, 0)
    area = (slice(top + 80, bottom - 80), slice(left + 80, right - 80))
    ink, cloth = light[area][truth[area] == 255], light[area][truth[area] == 0]
    assert ink.size > 50_000
    assert cloth.size > 100_000
    assert np.percentile(ink, 5) > np.percentile(cloth, 95)


def test_no_corner_of_the_tilted_picture_is_empty(photo: Photo) -> None:
    values = np.asarray(photo[0])
    for rows in (slice(0, 6), slice(-6, None)):
        for columns in (slice(0, 6), slice(-6, None)):
            assert values[rows, columns].mean() > 12


def test_stored_photo_is_this_photo_as_an_upright_jpeg(photo: Photo) -> None:
    assert shirt_photo.PHOTO_PATH.stat().st_size < 900_000
    with Image.open(shirt_photo.PHOTO_PATH) as stored:
        assert stored.format == "JPEG"
        assert stored.getexif()[shirt_photo.EXIF_ORIENTATION_TAG] == 1
        difference = np.asarray(stored, dtype=float) - np.asarray(photo[0], dtype=float)
    assert np.abs(difference).mean() < 4


def test_artwork_is_flat_inks_on_nothing() -> None:
    badge = np.asarray(artwork.artwork(500))
    assert badge.shape == (500, 500, 4)
    solid = badge[badge[..., 3] == 255]
    inks = [artwork.CREAM, artwork.AMBER, artwork.CORAL, artwork.AQUA]
    shares = [float((solid == ink).all(axis=1).mean()) for ink in inks]
    assert min(shares) > 0.05
    assert sum(shares) > 0.9
    assert badge[0, 0].tolist() == [0, 0, 0, 0]


def test_letter_o_has_a_hole() -> None:
    shape = np.asarray(artwork.artwork(1000).getchannel("A"))
    # The middle of the third of six letters: cells of 5 units with gaps of 2.4, 13 px to a unit.
    angle = -np.pi / 2 + (2 * 7.4 + 2.5 - 21) * 13 / 404

    def alpha_at(radius: float) -> int:
        return int(shape[round(500 + radius * np.sin(angle)), round(500 + radius * np.cos(angle))])

    assert [alpha_at(404 + units * 13) for units in (3, 0, -3)] == [255, 0, 255]
