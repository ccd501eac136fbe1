"""What browsers get of every kind of picture: pixels where they matter, bytes where they do not, metadata never."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms, ImageOps
from skimage.metrics import structural_similarity

from bench.photos import scene
from uploads.compression.encode import (
    PictureUnreadable,
    display_picture,
    jpeg,
    lossless_webp,
    picture_size,
    scaled_picture,
)

random = np.random.default_rng(4)
NOISE = random.integers(0, 256, (60, 80, 4), dtype=np.uint8)


def saved(picture: Any, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(file, kind, **options)
    return file.getvalue()


def pixels(data: bytes, mode: str | None = None) -> np.ndarray:
    image = Image.open(io.BytesIO(data))
    return np.asarray(image.convert(mode) if mode else image)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("WEBP", {"lossless": True, "exact": True}), ("TIFF", {})],
)
def test_a_picture_with_alpha_comes_through_pixel_for_pixel(kind: str, options: dict[str, Any]) -> None:
    encoded = display_picture(saved(NOISE, kind, **options))
    assert encoded.content_type == "image/png"
    assert (encoded.width_px, encoded.height_px) == (80, 60)
    assert np.array_equal(pixels(encoded.data), NOISE)


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4))))
@settings(max_examples=40, deadline=None)
def test_no_pixel_of_any_small_picture_changes(rgba: np.ndarray) -> None:
    encoded = display_picture(saved(rgba))
    assert np.array_equal(pixels(encoded.data, "RGBA")[rgba[..., 3] > 0], rgba[rgba[..., 3] > 0]) or (
        encoded.content_type == "image/jpeg"
    )
    if rgba[..., 3].min() < 255:
        assert encoded.content_type == "image/png"
        assert np.array_equal(pixels(lossless_webp(encoded.data).data, "RGBA"), rgba)


def test_the_lossless_webp_keeps_hidden_colours_too_and_is_smaller() -> None:
    y, x = np.mgrid[0:400, 0:600]
    rgba = np.stack([x % 256, y % 256, (x + y) % 256, np.where(x > 300, 255, 0)], axis=-1).astype(np.uint8)
    display = display_picture(saved(rgba))
    same = lossless_webp(display.data)
    assert np.array_equal(pixels(same.data), rgba)
    assert len(same.data) < len(display.data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_baked_in_and_forgotten(orientation: int) -> None:
    picture = Image.new("RGB", (60, 40), (200, 0, 0))
    picture.paste((0, 0, 255), (0, 0, 30, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825)[1] = "N"
    data = saved(picture, "JPEG", exif=exif, quality=95)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))), dtype=int)
    encoded = display_picture(data)
    assert (encoded.height_px, encoded.width_px) == upright.shape[:2]
    assert np.abs(pixels(encoded.data).astype(int) - upright).mean() < 3
    assert b"Exif" not in encoded.data and b"GPS" not in encoded.data


def foreign_profile(*, swapped: bool) -> bytes:
    """sRGB under another name, so that it counts as foreign; `swapped` exchanges its red and its blue."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert b"\0s\0R\0G\0B" in profile
    profile = profile.replace(b"\0s\0R\0G\0B", b"\0x\0R\0G\0B")
    if swapped:
        profile = profile.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")
    return profile


@pytest.mark.parametrize("size_px", [(64, 64), (2400, 1200)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize(("swapped", "expected"), [(False, (220, 40, 10)), (True, (10, 40, 220))])
def test_another_colour_space_is_converted_and_its_profile_dropped(
    swapped: bool, expected: tuple[int, int, int], kind: str, size_px: tuple[int, int]
) -> None:
    picture = Image.new("RGB", size_px, (220, 40, 10))
    encoded = display_picture(saved(picture, kind, icc_profile=foreign_profile(swapped=swapped)))
    assert "icc_profile" not in Image.open(io.BytesIO(encoded.data)).info
    shown = pixels(encoded.data, "RGB")[10, 10].astype(int)
    assert np.abs(shown - expected).max() <= 6


@pytest.mark.parametrize("profile", [b"garbage" * 40, b"", b"\0" * 200])
def test_a_broken_profile_is_no_reason_to_refuse(profile: bytes) -> None:
    encoded = display_picture(saved(Image.new("RGB", (64, 64), (200, 100, 50)), "JPEG", icc_profile=profile))
    assert np.abs(pixels(encoded.data)[0, 0].astype(int) - (200, 100, 50)).max() <= 3


@pytest.mark.parametrize(
    ("picture", "content_type", "expected"),
    [
        (Image.new("L", (50, 50), 77), "image/png", (77, 77, 77, 255)),
        (Image.new("LA", (50, 50), (77, 128)), "image/png", (77, 77, 77, 128)),
        (Image.new("1", (50, 50), 1), "image/png", (255, 255, 255, 255)),
        (Image.fromarray(np.full((50, 50), 0x8080, np.uint16)), "image/png", (128, 128, 128, 255)),
        (Image.new("RGB", (1, 1), (3, 4, 5)), "image/png", (3, 4, 5, 255)),
    ],
)
def test_unusual_pixels_become_usual_ones(
    picture: Image.Image, content_type: str, expected: tuple[int, ...]
) -> None:
    encoded = display_picture(saved(picture))
    assert encoded.content_type == content_type
    assert np.abs(pixels(encoded.data, "RGBA")[0, 0].astype(int) - expected).max() <= 1


def test_a_palette_with_a_clear_entry_keeps_it() -> None:
    picture = Image.new("P", (100, 100))
    picture.putpalette([255, 0, 0, 0, 255, 0] + [0] * 762)
    picture.paste(1, (0, 0, 50, 50))
    encoded = display_picture(saved(picture, transparency=1))
    rgba = pixels(encoded.data, "RGBA")
    assert encoded.content_type == "image/png"
    assert (rgba[0, 0, 3], *rgba[60, 60]) == (0, 255, 0, 0, 255)


def test_cmyk_becomes_rgb() -> None:
    encoded = display_picture(saved(Image.new("CMYK", (300, 200), (0, 255, 255, 0)), "JPEG"))
    shown = pixels(encoded.data)[0, 0].astype(int)
    assert encoded.content_type == "image/jpeg"
    assert shown[0] > 180 and shown[1] < 80 and shown[2] < 80


@pytest.mark.parametrize(
    ("size_px", "expected"),
    [
        ((4000, 3000), (2000, 1500)),
        ((1500, 3000), (1000, 2000)),
        ((2000, 2000), (2000, 2000)),
        ((30, 20), (30, 20)),
    ],
)
def test_it_fits_inside_two_thousand_and_is_never_enlarged(
    size_px: tuple[int, int], expected: tuple[int, int]
) -> None:
    encoded = display_picture(saved(Image.new("RGB", size_px, (90, 20, 200)), "JPEG"))
    assert (encoded.width_px, encoded.height_px) == expected == Image.open(io.BytesIO(encoded.data)).size


def test_scaling_does_not_mix_hidden_colours_into_the_edge() -> None:
    rgba = np.zeros((3000, 3000, 4), np.uint8)
    rgba[..., :3] = (0, 255, 0)  # hidden green
    rgba[500:2500, 500:2500] = (200, 30, 40, 255)
    shown = pixels(display_picture(saved(rgba)).data).astype(int)
    solid = shown[shown[..., 3] >= 64]
    assert np.abs(solid[:, :3] - (200, 30, 40)).max() <= 3
    assert not np.any(shown[shown[..., 3] == 0])


def test_a_photo_becomes_a_progressive_jpeg_of_less_than_half_the_bytes_that_looks_the_same() -> None:
    photo = Image.fromarray(scene(2400, 1800, seed=1))
    data = saved(photo, "JPEG", quality=92)
    encoded = display_picture(data)
    shown = Image.open(io.BytesIO(encoded.data))
    assert (encoded.content_type, shown.info.get("progressive")) == ("image/jpeg", 1)
    assert len(encoded.data) < 0.5 * len(data)
    wanted = np.asarray(photo.resize(shown.size, Image.Resampling.LANCZOS).convert("L"))
    assert structural_similarity(wanted, np.asarray(shown.convert("L")), data_range=255) > 0.9


def test_a_drawing_stays_lossless_and_a_photo_in_a_png_does_not() -> None:
    drawing = Image.new("RGB", (800, 600), (255, 255, 255))
    drawing.paste((200, 30, 40), (100, 100, 700, 500))
    assert display_picture(saved(drawing)).content_type == "image/png"
    assert display_picture(saved(scene(800, 600, seed=2))).content_type == "image/jpeg"


def test_a_jpeg_that_cannot_be_made_smaller_is_kept_without_its_metadata() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    data = saved(scene(400, 300, seed=3), "JPEG", quality=15, exif=exif, comment=b"a secret")
    encoded = display_picture(data)
    assert np.array_equal(pixels(encoded.data), pixels(data))
    assert len(encoded.data) < len(data)
    assert b"secret" not in encoded.data and b"Exif" not in encoded.data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        saved(NOISE)[:900],
        saved(scene(500, 400, seed=1), "JPEG")[:3000],
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"GIF89a",
    ],
)
def test_what_cannot_be_decoded_to_its_end_is_refused(data: bytes) -> None:
    with pytest.raises(PictureUnreadable):
        display_picture(data)


def test_a_path_and_pixels_give_what_bytes_give(tmp_path: Path) -> None:
    data = saved(NOISE)
    path = tmp_path / "picture"
    path.write_bytes(data)
    assert display_picture(path) == display_picture(data)
    assert np.array_equal(pixels(display_picture(NOISE).data), NOISE)
    assert picture_size(path) == picture_size(NOISE) == (80, 60)


@pytest.mark.parametrize(("alpha", "content_type"), [(True, "image/webp"), (False, "image/jpeg")])
def test_smaller_copies_keep_their_shape_and_alpha(alpha: bool, content_type: str) -> None:
    rgb = scene(1000, 500, seed=5)
    coverage = np.full((500, 1000, 1), 255, np.uint8)
    coverage[:, :400] = 0 if alpha else 255
    display = display_picture(np.concatenate([rgb, coverage], axis=-1))
    copy, square = scaled_picture(display.data, width_px=320), scaled_picture(display.data, side_px=200)
    assert (copy.width_px, copy.height_px, copy.content_type) == (320, 160, content_type)
    assert (square.width_px, square.height_px) == (200, 100)
    shown = pixels(copy.data, "RGBA")
    assert (shown[:, :120, 3].max() == 0) == alpha and shown[:, 140:, 3].min() == 255
    assert scaled_picture(display.data, width_px=5000).width_px == 1000


def test_a_higher_quality_costs_more_bytes_and_looks_more_alike() -> None:
    photo = scene(600, 400, seed=6)
    low, high = jpeg(photo, quality=50), jpeg(photo, quality=90)
    assert len(low.data) < len(high.data)
    errors = [np.abs(pixels(each.data).astype(int) - photo).mean() for each in (low, high)]
    assert errors[1] < errors[0]
