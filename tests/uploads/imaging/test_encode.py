"""What goes out: exact pixels, exact resolution, no hidden colours."""

import io

import numpy as np
from PIL import Image

from uploads.imaging.encode import encode_jpeg, encode_png, encode_png_quickly, fit_inside


def test_png_keeps_visible_pixels_and_zeroes_hidden_ones() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    pixels[:5, :, 3] = 0
    found = np.asarray(Image.open(io.BytesIO(encode_png(pixels))))
    assert (found[:5] == 0).all()
    shown = pixels[..., 3] > 0
    assert np.array_equal(found[shown], pixels[shown])


def test_png_says_300_dpi_and_srgb() -> None:
    data = encode_png(np.zeros((2, 2, 4), dtype=np.uint8), dpi=300)
    # 300 dpi are 11811 px per metre (PNG specification, pHYs); the unit byte 1 means metre.
    assert b"pHYs" + (11_811).to_bytes(4, "big") * 2 + b"\x01" in data
    assert b"sRGB\x00" in data
    assert data.index(b"sRGB") < data.index(b"IDAT")


def test_png_without_dpi_claims_none() -> None:
    assert b"pHYs" not in encode_png(np.zeros((2, 2, 4), dtype=np.uint8))


def test_png_bytes_are_the_same_every_time() -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (40, 40, 4), dtype=np.uint8)
    assert encode_png(pixels, dpi=300) == encode_png(pixels.copy(), dpi=300)


def test_jpeg_is_progressive_and_close() -> None:
    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    rgb = np.dstack([np.tile(ramp, (64, 1))] * 3)
    image = Image.open(io.BytesIO(encode_jpeg(rgb, quality=90)))
    assert image.info["progressive"] == 1
    assert np.abs(np.asarray(image).astype(int) - rgb).mean() < 1.5


def test_small_picture_is_not_enlarged() -> None:
    pixels = np.zeros((10, 20, 4), dtype=np.uint8)
    assert fit_inside(pixels, 20) is pixels


def test_long_side_is_met_and_the_short_one_follows() -> None:
    assert fit_inside(np.zeros((300, 200, 4), dtype=np.uint8), 150).shape == (150, 100, 4)
    assert fit_inside(np.zeros((4, 900, 4), dtype=np.uint8), 100).shape == (1, 100, 4)


def test_hidden_colour_does_not_bleed_into_the_edge() -> None:
    pixels = np.zeros((200, 200, 4), dtype=np.uint8)
    pixels[...] = (0, 255, 0, 0)
    pixels[50:150, 50:150] = (255, 0, 0, 255)
    small = fit_inside(pixels, 75).astype(int)
    visible = small[..., 3] > 16
    assert np.abs(small[visible][:, :3] - (255, 0, 0)).max() <= 8
    assert small[37, 37].tolist() == [255, 0, 0, 255]


def chunks_of(png: bytes) -> list[bytes]:
    names, place = [], 8
    while place < len(png):
        names.append(png[place + 4 : place + 8])
        place += 12 + int.from_bytes(png[place : place + 4], "big")
    return names


def test_nothing_is_said_that_nobody_knows() -> None:
    pixels = np.full((40, 30, 4), 200, dtype=np.uint8)
    assert set(chunks_of(encode_png(pixels))) == {b"IHDR", b"sRGB", b"IDAT", b"IEND"}
    assert set(chunks_of(encode_png(pixels, dpi=72))) == {b"IHDR", b"sRGB", b"pHYs", b"IDAT", b"IEND"}


def test_quick_png_keeps_every_pixel_even_the_hidden_ones() -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    pixels[:5, :, 3] = 0
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png_quickly(pixels)))), pixels)
    grey = np.asarray(Image.open(io.BytesIO(encode_png_quickly(pixels[..., 0]))))
    assert np.array_equal(grey, pixels[..., 0])
