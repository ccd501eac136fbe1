"""Garments are told from drawings by outline and cloth."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from products.garments.tint import garment_picture
from tests.uploads.cutout.pictures import ByteArray, disc, mixed, noise
from uploads.cutout.garment_shape import is_garment

SIDE_PX = 480


def on_page(garment: str, colour_hex: str) -> tuple[ByteArray, np.ndarray]:
    picture = garment_picture(garment, "front", colour_hex, 400)
    page = Image.new("RGB", (SIDE_PX, SIDE_PX), (250, 250, 250))
    page.paste(picture, (40, 30), picture)
    shape = Image.new("L", (SIDE_PX, SIDE_PX))
    shape.paste(picture.getchannel("A"), (40, 30))
    grained = np.asarray(page, dtype=np.float32) + noise(SIDE_PX, 2)
    return np.clip(grained, 0, 255).astype(np.uint8), np.asarray(shape) > 127


@pytest.mark.parametrize("garment", ["tee", "hoodie"])
@pytest.mark.parametrize("colour_hex", ["#a01e2d", "#20242c", "#d8d4c8"])
def test_photographed_garment(garment: str, colour_hex: str) -> None:
    assert is_garment(*on_page(garment, colour_hex))


def test_drawn_garment_of_even_colour_is_artwork() -> None:
    _, shape = on_page("tee", "#a01e2d")
    assert not is_garment(np.where(shape[..., None], (160, 30, 45), 255).astype(np.uint8), shape)


def test_round_shaded_body_is_no_garment() -> None:
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX]
    light = 1.1 - np.hypot(y - 150, x - 150)[..., None] / 500
    body = np.maximum(disc(SIDE_PX, (300, 240), 130), disc(SIDE_PX, (140, 240), 80))
    rgb = mixed(
        body, np.clip(np.asarray((180, 120, 80)) * light + noise(SIDE_PX, 2), 0, 255), (255, 255, 255)
    )
    assert not is_garment(rgb, body > 0.5)


def test_noisy_rectangle_is_no_garment() -> None:
    layer = Image.new("L", (SIDE_PX, SIDE_PX))
    ImageDraw.Draw(layer).rectangle((90, 60, 390, 420), fill=255)
    shape = np.asarray(layer) > 0
    rgb = np.clip(120 + noise(SIDE_PX, 12), 0, 255).astype(np.uint8)
    assert not is_garment(rgb, shape)


def test_nothing_is_no_garment() -> None:
    assert not is_garment(np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40), bool))
