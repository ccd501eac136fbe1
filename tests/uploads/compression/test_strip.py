"""Pixels stay bit for bit, everything else goes, and what changes the look is refused."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from uploads.compression.strip import stripped

PICTURE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(kind: str, picture: Image.Image = PICTURE, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def exif(orientation: int | None) -> Image.Exif:
    tags = Image.Exif()
    tags[0x010F] = "A camera"
    if orientation is not None:
        tags[0x0112] = orientation
    tags.get_ifd(0x8825)[1] = "N"
    return tags


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}]
)
@pytest.mark.parametrize("orientation", [None, 1])
def test_a_jpeg_keeps_its_pixels_and_loses_the_rest(options: dict[str, Any], orientation: int | None) -> None:
    data = (
        saved("JPEG", exif=exif(orientation), comment=b"a secret", **options) + b"<script>alert(1)</script>"
    )
    found = stripped(data)
    assert found is not None
    assert (found.width_px, found.height_px) == (60, 40)
    assert np.array_equal(pixels(found.data), pixels(data))
    for leftover in (b"Exif", b"camera", b"secret", b"script"):
        assert leftover not in found.data
    assert found.data.endswith(b"\xff\xd9")


def test_a_png_keeps_its_pixels_and_loses_the_rest() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "a secret", zip=False)
    data = saved("PNG", pnginfo=texts, dpi=(300, 300)) + b"PK\x03\x04 a zip"
    found = stripped(data)
    assert found is not None
    assert np.array_equal(pixels(found.data), pixels(data))
    assert b"secret" not in found.data and b"PK\x03\x04" not in found.data and b"pHYs" not in found.data


@pytest.mark.parametrize(
    "data",
    [
        *[saved("JPEG", exif=exif(orientation)) for orientation in range(2, 9)],
        saved("JPEG", icc_profile=SRGB),
        saved("JPEG", picture=PICTURE.convert("CMYK")),
        saved("PNG", icc_profile=SRGB),
        saved("PNG", picture=Image.fromarray(np.zeros((5, 5), np.uint16))),
        saved("PNG", save_all=True, append_images=[PICTURE.rotate(90)]),
        saved("WEBP"),
        b"",
    ],
)
def test_what_needs_its_metadata_is_left_alone(data: bytes) -> None:
    assert stripped(data) is None


def test_either_order_of_bytes_is_read() -> None:
    upright = saved("JPEG", exif=exif(1))
    assert b"II*\0" in upright or b"MM\0*" in upright
    big = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(big) + 2).to_bytes(2, "big") + big
    plain = saved("JPEG")
    assert stripped(plain[:2] + segment + plain[2:]) is None


def test_a_wrong_checksum_is_not_kept() -> None:
    data = bytearray(saved("PNG"))
    data[40] ^= 1
    assert stripped(bytes(data)) is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_truncated_file_is_left_alone(kind: str) -> None:
    data = saved(kind)
    for length in range(0, len(data) - 2, max(1, len(data) // 60)):
        assert stripped(data[:length]) is None


@given(st.binary(max_size=400), st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_no_bytes_make_it_fail(data: bytes, magic: bytes) -> None:
    stripped(magic + data)
