"""What comes in, what is refused, and that pixels survive."""

import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from uploads.imaging.decode import ImageRejected, decode, sniff

EXIF_ORIENTATION = 0x0112


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def random_rgba(height_px: int, width_px: int) -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, (height_px, width_px, 4), dtype=np.uint8)


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_that_claims(width_px: int, height_px: int) -> bytes:
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"\x00" * 64))


def code_of(data: bytes, **options: int) -> str:
    with pytest.raises(ImageRejected) as refusal:
        decode(data, **options)
    assert refusal.value.message
    return refusal.value.code


def test_png_with_alpha_comes_back_bit_for_bit() -> None:
    pixels = random_rgba(13, 17)
    picture = decode(encoded(Image.fromarray(pixels), "PNG", dpi=(300, 300)))
    assert np.array_equal(picture.rgba, pixels)
    assert (picture.content_type, picture.width_px, picture.height_px) == ("image/png", 17, 13)
    assert picture.has_alpha
    assert picture.dpi == 300


def test_lossless_webp_with_alpha_comes_back_bit_for_bit() -> None:
    pixels = random_rgba(9, 8)
    picture = decode(encoded(Image.fromarray(pixels), "WEBP", lossless=True, exact=True))
    assert np.array_equal(picture.rgba, pixels)
    assert picture.content_type == "image/webp"


def test_jpeg_is_opaque_and_close() -> None:
    grey = np.full((16, 16, 3), 120, dtype=np.uint8)
    picture = decode(encoded(Image.fromarray(grey), "JPEG", quality=95, dpi=(72, 72)))
    assert np.abs(picture.rgba[..., :3].astype(int) - 120).max() <= 1
    assert (picture.rgba[..., 3] == 255).all()
    assert not picture.has_alpha
    assert picture.dpi == 72


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "JPEG"])
def test_orientation_is_baked_in(orientation: int, file_format: str) -> None:
    upright = np.zeros((16, 24, 3), dtype=np.uint8)
    upright[:8, :8], upright[:8, 16:], upright[8:, :8] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    # How a camera stores an upright scene for each tag value (EXIF 2.3, tag 0x0112): the inverse of how it is shown.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    options = {"PNG": {}, "WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}[file_format]
    data = encoded(Image.fromarray(np.ascontiguousarray(stored)), file_format, exif=exif, **options)
    shown = decode(data).rgba[..., :3].astype(int)
    assert shown.shape == upright.shape
    assert np.abs(shown - upright).max() <= (4 if file_format == "JPEG" else 0)


def test_orientation_behind_the_pixels_counts_too() -> None:
    upright = random_rgba(8, 12)[..., :3]
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    plain = encoded(Image.fromarray(np.rot90(upright)), "PNG")
    picture = decode(plain[:-12] + png_chunk(b"eXIf", exif.tobytes()[6:]) + plain[-12:])
    assert np.array_equal(picture.rgb, upright)


@pytest.mark.parametrize("interlaced", [0, 1])
def test_sixteen_bit_colour_becomes_eight(interlaced: int) -> None:
    samples = np.array([[(0, 257 * 7, 65535), (257 * 200, 257, 0)]], dtype=">u2")
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, interlaced)
    # The passes of an interlaced picture this small hold its first pixel, then its second.
    rows = [samples[0, :1], samples[0, 1:]] if interlaced else [samples[0]]
    body = b"".join(b"\x00" + row.tobytes() for row in rows)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(body)) + png_chunk(b"IEND", b"")
    picture = decode(b"\x89PNG\r\n\x1a\n" + chunks)
    assert picture.rgb.tolist() == [[[0, 7, 255], [200, 1, 0]]]


def test_cmyk_jpeg_becomes_rgb() -> None:
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    colour = decode(encoded(cyan, "JPEG", quality=95)).rgba[8, 8]
    assert colour[0] < 20
    assert colour[1] > 200
    assert colour[2] > 200
    assert colour[3] == 255


def test_sixteen_bit_grey_is_scaled_and_not_clipped() -> None:
    samples = np.array([[0, 257, 32_896, 65_535]], dtype=np.uint16)
    picture = decode(encoded(Image.fromarray(samples), "PNG"))
    assert picture.rgba[0, :, 0].tolist() == [0, 1, 128, 255]
    assert (picture.rgba[..., 3] == 255).all()


def test_palette_with_a_clear_entry_keeps_its_alpha() -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8), "P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    picture = decode(encoded(image, "PNG", transparency=1))
    assert picture.rgba[0].tolist() == [[255, 0, 0, 255], [0, 255, 0, 0], [0, 0, 255, 255]]
    assert picture.has_alpha


def test_colour_that_means_clear_becomes_alpha() -> None:
    image = Image.fromarray(np.array([[[1, 2, 3], [9, 9, 9]]], dtype=np.uint8))
    picture = decode(encoded(image, "PNG", transparency=(9, 9, 9)))
    assert picture.rgba[0, :, 3].tolist() == [255, 0]


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_modes_become_rgba(mode: str) -> None:
    picture = decode(encoded(Image.new("L", (3, 2), 255).convert(mode), "PNG"))
    assert (picture.rgba == 255).all()


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 0, 255))]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert decode(data).rgba[4, 4].tolist() == [255, 0, 0, 255]


def test_single_pixel_is_a_picture() -> None:
    picture = decode(encoded(Image.new("RGBA", (1, 1), (1, 2, 3, 255)), "PNG"))
    assert picture.rgba.tolist() == [[[1, 2, 3, 255]]]


def test_srgb_profile_changes_nothing() -> None:
    pixels = random_rgba(6, 6)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = decode(encoded(Image.fromarray(pixels), "PNG", icc_profile=profile))
    assert np.array_equal(picture.rgba, pixels)


def wide_gamut_profile() -> bytes:
    """Return a minimal ICC 2.1 matrix profile: the primaries of Display P3 (adapted to D50) and gamma 2.2."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65_536)) for value in values)

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(*values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    text = b"wide\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
    tags = [
        (b"desc", description + b"\0" * (-len(description) % 4)),
        (b"cprt", b"text\0\0\0\0none\0\0\0\0"),
        (b"wtpt", xyz(0.9642, 1.0, 0.8249)),
        *zip((b"rXYZ", b"gXYZ", b"bXYZ"), (xyz(*row) for row in P3_PRIMARIES), strict=True),
        (b"rTRC", curve),
        (b"gTRC", curve),
        (b"bTRC", curve),
    ]
    offset = 128 + 4 + 12 * len(tags)
    table, bodies = struct.pack(">I", len(tags)), b""
    for name, body in tags:
        table += name + struct.pack(">II", offset + len(bodies), len(body))
        bodies += body
    header = struct.pack(">I4sI4s4s4s12s4s", offset + len(bodies), b"\0" * 4, 0x02100000, b"mntr", b"RGB ", b"XYZ ",
                         b"\x07\xe8\0\x01\0\x01" + b"\0" * 6, b"acsp")  # fmt: skip
    header += b"\0" * 28 + fixed(0.9642, 1.0, 0.8249)
    return header + b"\0" * (128 - len(header)) + table + bodies


P3_PRIMARIES = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
SRGB_PRIMARIES = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))


@pytest.mark.parametrize("colour", [(200, 100, 50), (60, 160, 90), (128, 128, 128), (90, 110, 180)])
def test_wide_gamut_is_converted_to_srgb(colour: tuple[int, int, int]) -> None:
    image = Image.new("RGB", (4, 4), colour)
    found = decode(encoded(image, "PNG", icc_profile=wide_gamut_profile())).rgba[2, 2, :3]
    xyz = (np.array(colour) / 255) ** 2.2 @ np.array(P3_PRIMARIES)
    linear = np.clip(xyz @ np.linalg.inv(np.array(SRGB_PRIMARIES)), 0, 1)
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    assert np.abs(found - expected).max() <= 2


def test_broken_profile_is_ignored() -> None:
    picture = decode(encoded(Image.new("RGB", (4, 4), (10, 20, 30)), "PNG", icc_profile=b"no profile at all"))
    assert picture.rgba[0, 0].tolist() == [10, 20, 30, 255]


def test_cut_out_needs_more_than_a_stray_clear_pixel() -> None:
    pixels = np.full((100, 100, 4), 255, dtype=np.uint8)
    pixels[0, 0, 3] = 0
    assert not decode(encoded(Image.fromarray(pixels), "PNG")).is_cut_out
    pixels[:50, :, 3] = 0
    assert decode(encoded(Image.fromarray(pixels), "PNG")).is_cut_out


def test_nothing_is_empty() -> None:
    assert code_of(b"") == "empty"


@pytest.mark.parametrize(
    "data",
    [
        b"<!doctype html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"GIF89a" + b"\0" * 20,
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\x89PN",
    ],
)
def test_other_types_are_refused_whatever_they_are_called(data: bytes) -> None:
    assert sniff(data) is None
    assert code_of(data) == "unsupported_type"


def test_bomb_is_refused_from_its_header() -> None:
    assert code_of(png_that_claims(30_000, 30_000)) == "too_many_pixels"


def test_picture_over_the_limit_is_refused_before_decoding() -> None:
    # The body is far too short for 8000 x 8000: had it been decoded, the answer would be "unreadable".
    assert code_of(png_that_claims(8_000, 8_000)) == "too_many_pixels"
    assert code_of(encoded(Image.new("RGB", (11, 10)), "PNG"), max_pixels=109) == "too_many_pixels"


def test_picture_at_the_limit_is_accepted() -> None:
    assert decode(encoded(Image.new("RGB", (11, 10)), "PNG"), max_pixels=110).width_px == 11


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_truncated_file_is_refused(file_format: str, kept: float) -> None:
    data = encoded(Image.fromarray(random_rgba(64, 64)[..., :3]), file_format)
    assert code_of(data[: int(len(data) * kept)]) == "unreadable"


def test_png_without_size_is_refused() -> None:
    assert code_of(png_that_claims(0, 0)) == "unreadable"


def test_damaged_body_is_refused() -> None:
    assert code_of(png_that_claims(40, 40)) == "unreadable"
