"""From the bytes a stranger sent to pixels that are safe to work with."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from uploads.imaging.errors import ImageRejected, too_many_pixels, unreadable

__all__ = ["DAMAGE", "MAX_PIXELS", "ImageRejected", "Picture", "decode", "density_of", "rgba_of", "sniff"]

MAX_PIXELS = 50_000_000
# Pillow's own alarm must not ring below the shop's limit, which is checked before any pixel is decoded.
Image.MAX_IMAGE_PIXELS = 100_000_000
# libvips keeps its last operations for repetition, and with them the pictures that they were given.
pyvips.cache_set_max(0)

# Pillow raises any of these on broken files, depending on the format and on the place of the damage.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    zlib.error,
)
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
# What a chunk with an orientation begins with; it may lie behind the pixels.
_PNG_EXIF = (b"eXIf", b"Raw profile type exif")
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

# A picture counts as cut out already when this share of it is more clear than opaque; less is a stray clear pixel.
_CUT_OUT_SHARE = 0.005


@dataclass(frozen=True)
class Picture:
    """A decoded picture: upright, in sRGB, without metadata.

    rgba: uint8 (H, W, 4), straight alpha. dpi: what the file claims, None when it claims nothing.
    """

    rgba: NDArray[np.uint8]
    content_type: str
    width_px: int
    height_px: int
    has_alpha: bool
    dpi: int | None

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """The colours alone, uint8 (H, W, 3), in memory of their own."""
        return np.asarray(cv2.cvtColor(self.rgba, cv2.COLOR_RGBA2RGB), dtype=np.uint8)

    def part(self, box: tuple[int, int, int, int]) -> Picture:
        """The part between left, top, right and bottom (px), in memory of its own."""
        left, top, right, bottom = box
        pixels = np.ascontiguousarray(self.rgba[top:bottom, left:right])
        return replace(self, rgba=pixels, width_px=pixels.shape[1], height_px=pixels.shape[0])

    @property
    def is_cut_out(self) -> bool:
        """Whether the picture came with a background that is clear already, so that nothing needs removing."""
        return self.has_alpha and float(np.mean(self.rgba[..., 3] < 128)) >= _CUT_OUT_SHARE


def sniff(data: bytes) -> str | None:
    """Return the content type that the magic bytes prove, or None; names and headers of the client play no part."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Return the first frame of a PNG, JPEG or WebP, upright and in sRGB; raise ImageRejected for everything else.

    The size is read from the header and checked before any pixel is decoded, so a bomb costs nothing.
    """
    if not data:
        raise ImageRejected("empty", "The file is empty.")
    content_type = sniff(data)
    if content_type is None:
        raise ImageRejected("unsupported_type", "Only PNG, JPEG and WebP pictures are accepted.")
    image = _open(data, content_type, max_pixels)
    try:
        rgba = _plain_png(data, image)
        if rgba is None:
            image.seek(0)
            image.load()
            rgba = rgba_of(ImageOps.exif_transpose(image), image.info.get("icc_profile"))
        dpi = density_of(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_many_pixels(max_pixels) from error
    except DAMAGE as error:
        raise unreadable() from error
    height_px, width_px = rgba.shape[:2]
    may_be_clear = image.has_transparency_data or image.mode.startswith("I")
    has_alpha = may_be_clear and int(cv2.extractChannel(rgba, 3).min()) < 255
    return Picture(rgba, content_type, width_px, height_px, has_alpha, dpi)


def _open(data: bytes, content_type: str, max_pixels: int) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=[_FORMATS[content_type]])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_many_pixels(max_pixels) from error
    except DAMAGE as error:
        raise unreadable() from error
    width_px, height_px = image.size
    if width_px < 1 or height_px < 1:
        raise ImageRejected("unreadable", "The picture has no pixels.")
    if width_px * height_px > max_pixels:
        raise too_many_pixels(max_pixels)
    return image


def _plain_png(data: bytes, image: Image.Image) -> NDArray[np.uint8] | None:
    """Return what an opened PNG of 8-bit colours holds as uint8 (H, W, 4), from libvips, which takes half as long.

    None for every other file, and for a damaged one: Pillow has the last word on those.
    """
    if image.format != "PNG" or image.mode not in ("RGB", "RGBA") or getattr(image, "is_animated", False):
        return None
    if {"transparency", "icc_profile"} & image.info.keys() or any(mark in data for mark in _PNG_EXIF):
        return None
    try:
        plain = pyvips.Image.new_from_buffer(data, "", access="sequential", fail_on="truncated")
        if (plain.format, plain.interpretation, plain.bands) != ("uchar", "srgb", len(image.mode)):
            return None
        pixels = np.asarray(plain.numpy(), dtype=np.uint8)
    except pyvips.Error:
        return None
    return (
        pixels if plain.bands == 4 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA), dtype=np.uint8)
    )


def density_of(image: Image.Image) -> int | None:
    """Pixels per inch as the file has them, or None where it has none or an absurd one."""
    claimed = image.info.get("dpi")
    if not claimed:
        return None
    dpi = round(float(claimed[0]))
    return dpi if 10 <= dpi <= 10_000 else None  # Pillow reads "no unit" in a TIFF as 1


def rgba_of(image: Image.Image, profile: bytes | None) -> NDArray[np.uint8]:
    """The picture in sRGB: uint8 (H, W, 4), straight alpha. profile: its ICC profile, None for sRGB."""
    colour = _opaque(image)
    converted = _through_profile(colour, profile) if profile else None
    rgb = converted if converted is not None else colour.convert("RGB")
    rgba = np.asarray(cv2.cvtColor(np.asarray(rgb, dtype=np.uint8), cv2.COLOR_RGB2RGBA), dtype=np.uint8)
    alpha = _alpha(image)
    if alpha is not None:
        cv2.insertChannel(alpha, rgba, 3)
    return rgba


def _alpha(image: Image.Image) -> NDArray[np.uint8] | None:
    """Return the coverage, which PNG may also hold as a palette entry or a colour that means clear; None for full."""
    if image.mode.startswith("I"):
        samples = np.asarray(image)
        clear = image.info.get("transparency")
        return np.where(samples == clear, 0, 255).astype(np.uint8)
    if image.has_transparency_data:
        return np.asarray(image.convert("RGBA"), dtype=np.uint8)[..., 3]
    return None


def _opaque(image: Image.Image) -> Image.Image:
    """Return the colours alone, in a mode that an ICC profile of the file can describe (L, RGB or CMYK)."""
    if image.mode.startswith("I"):
        # Pillow's own conversion of 16-bit grey clips at 255 instead of scaling.
        samples = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((samples * 255 + 32_767) // 65_535).astype(np.uint8))
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    if image.mode in {"1", "LA", "La"}:
        return image.convert("L")
    if image.mode == "P":
        return image.convert("RGBA").convert("RGB")
    return image.convert("RGB")


def _through_profile(image: Image.Image, profile_bytes: bytes) -> Image.Image | None:
    """Return the picture in sRGB, or None when its profile is sRGB already or cannot be used.

    A profile that is broken or made for another mode is common in the wild and no reason to refuse the picture.
    """
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(profile_bytes))
        if (profile.profile.profile_description or "").startswith("sRGB"):
            return None
        return ImageCms.profileToProfile(image, profile, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
