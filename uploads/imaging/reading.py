"""Opening strangers' files of every accepted format. Runs in the confined process only (`confined`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageOps

from uploads.compression.encode import Encoded, PictureUnreadable, display_picture
from uploads.imaging import formats
from uploads.imaging.decode import DAMAGE, density_of, rgba_of
from uploads.imaging.errors import ImageRejected, too_many_pixels, unreadable
from uploads.imaging.heif import open_heif
from uploads.imaging.pdf import first_page
from uploads.imaging.svg import sanitised

VECTOR_SIDE_PX = 4800
"""The long side of a drawing in pixels: 16 in, the longest print area, at 300 DPI."""

CSS_PIXELS_PER_INCH = 96
_PILLOW_FORMATS = {formats.PNG: "PNG", formats.JPEG: "JPEG", formats.WEBP: "WEBP", formats.TIFF: "TIFF"}
# Their decoders scale down while they read, so that not all pixels are ever in memory.
_WITHOUT_ALL_PIXELS = (formats.PNG, formats.JPEG, formats.WEBP)
_ORIENTATION_TAG = 0x0112


@dataclass(frozen=True)
class Facts:
    """What is recorded of a file, read from its pixels: the size is upright, `dpi` None where the file has none.

    notes: further facts for the record, such as `pages`, `frames` and `colour_mode`.
    """

    content_type: str
    width_px: int
    height_px: int
    dpi: int | None
    has_alpha: bool
    notes: dict[str, int | str | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Opened:
    """Upright sRGB pixels: uint8 (H, W, 4), straight alpha, and the facts of their file."""

    rgba: NDArray[np.uint8]
    facts: Facts


def intake(path: Path, *, max_pixels: int) -> tuple[Facts, Encoded]:
    """The facts of the file and the picture that browsers get of it. Raises ImageRejected."""
    content_type = _content_type(path)
    if content_type not in _WITHOUT_ALL_PIXELS:
        opened = pixels(path, max_pixels=max_pixels)
        return opened.facts, _displayed(_lean(opened))
    facts = _header_facts(path, content_type, max_pixels)
    display = _displayed(path)
    upright = (facts.width_px, facts.height_px)
    has_alpha = _has_alpha(path, display) if facts.has_alpha else False
    return Facts(content_type, *upright, facts.dpi, has_alpha, facts.notes), display


def pixels(path: Path, *, max_pixels: int) -> Opened:
    """All pixels of the file; a drawing is drawn VECTOR_SIDE_PX long. Raises ImageRejected."""
    content_type = _content_type(path)
    if content_type == formats.SVG:
        return _svg(path, max_pixels)
    if content_type == formats.PDF:
        return _pdf(path, max_pixels)
    if content_type == formats.TIFF:
        return _tiff(path, max_pixels)
    return _raster(path, content_type, max_pixels)


def _content_type(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(formats.HEAD_BYTES)
    if not head:
        raise ImageRejected("empty", "The file is empty.")
    content_type = formats.content_type_of(head)
    if content_type not in formats.ALL:
        raise ImageRejected("unsupported_type", "The file is no picture of a type that is accepted.")
    return content_type


def _raster(path: Path, content_type: str, max_pixels: int) -> Opened:
    """PNG, JPEG, WebP, HEIC and AVIF by Pillow."""
    image = _opened_image(path, content_type, max_pixels)
    try:
        notes = _notes(image)
        dpi = density_of(image)
        image.seek(0)
        image.load()
        profile = image.info.get("icc_profile")
        rgba = rgba_of(ImageOps.exif_transpose(image), profile)
    except DAMAGE as error:
        raise unreadable(repr(error)) from error
    return _with_facts(rgba, content_type, dpi, notes)


def _tiff(path: Path, max_pixels: int) -> Opened:
    """TIFF by libvips, which knows its many depths and colour spaces."""
    facts = _header_facts(path, formats.TIFF, max_pixels)
    try:
        image = pyvips.Image.new_from_file(str(path), fail_on="error").autorot()
        if image.interpretation == "cmyk" or image.get_typeof("icc-profile-data"):
            image = image.icc_transform("srgb", embedded=True, intent="relative")
        image = image.colourspace("srgb").cast("uchar")
        rgba = _four_bands(image).numpy()
    except pyvips.Error as error:
        raise unreadable(str(error)) from error
    return _with_facts(rgba, formats.TIFF, facts.dpi, facts.notes)


def _svg(path: Path, max_pixels: int) -> Opened:
    document = sanitised(path.read_bytes())
    try:
        natural = pyvips.Image.svgload_buffer(document)
        long_px = max(natural.width, natural.height)
        side_px = min(VECTOR_SIDE_PX, int(max_pixels**0.5) - 1)
        image = pyvips.Image.svgload_buffer(document, scale=side_px / long_px)
        rgba = _four_bands(image).numpy()
    except pyvips.Error as error:
        raise unreadable(str(error)) from error
    if not rgba[..., 3].any():
        raise ImageRejected(
            "nothing_drawn", "Invalid file type. The SVG file holds nothing that can be printed."
        )
    notes: dict[str, int | str | bool] = {"vector": True}
    return _with_facts(rgba, formats.SVG, _density(rgba, long_px / CSS_PIXELS_PER_INCH), notes)


def _pdf(path: Path, max_pixels: int) -> Opened:
    page = first_page(path, long_side_px=min(VECTOR_SIDE_PX, int(max_pixels**0.5)))
    long_in = page.width_in * max(1.0, page.rgba.shape[0] / page.rgba.shape[1])
    notes: dict[str, int | str | bool] = {"vector": True, "pages": page.page_count}
    return _with_facts(page.rgba, formats.PDF, _density(page.rgba, long_in), notes)


def _density(rgba: NDArray[np.uint8], long_in: float) -> int | None:
    dpi = round(max(rgba.shape[:2]) / long_in) if long_in > 0 else 0
    return dpi if 1 <= dpi <= 10_000 else None


def _with_facts(
    rgba: NDArray[np.uint8], content_type: str, dpi: int | None, notes: dict[str, int | str | bool]
) -> Opened:
    height_px, width_px = rgba.shape[:2]
    has_alpha = bool(rgba[..., 3].min() < 255)
    return Opened(rgba, Facts(content_type, width_px, height_px, dpi, has_alpha, notes))


def _opened_image(path: Path, content_type: str, max_pixels: int) -> Image.Image:
    """The picture before any of its pixels is decoded, and not larger than is accepted."""
    try:
        image = _lazily_opened(path, content_type)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_many_pixels(max_pixels) from error
    except DAMAGE as error:
        raise unreadable(repr(error)) from error
    width_px, height_px = image.size
    if width_px < 1 or height_px < 1:
        raise unreadable("no pixels")
    if width_px * height_px > max_pixels:
        raise too_many_pixels(max_pixels)
    return image


def _lazily_opened(path: Path, content_type: str) -> Image.Image:
    if content_type in _PILLOW_FORMATS:
        return Image.open(path, formats=[_PILLOW_FORMATS[content_type]])
    return open_heif(path, content_type)


def _header_facts(path: Path, content_type: str, max_pixels: int) -> Facts:
    """What the header tells; `has_alpha` says only that the file may have clear pixels."""
    image = _opened_image(path, content_type, max_pixels)
    try:
        # Pillow has turned the size of a TIFF already.
        turned = content_type != formats.TIFF and image.getexif().get(_ORIENTATION_TAG, 1) in (5, 6, 7, 8)
        may_be_clear = image.has_transparency_data or content_type == formats.WEBP
        width_px, height_px = image.size[::-1] if turned else image.size
        return Facts(content_type, width_px, height_px, density_of(image), may_be_clear, _notes(image))
    except DAMAGE as error:
        raise unreadable(repr(error)) from error


def _notes(image: Image.Image) -> dict[str, int | str | bool]:
    notes: dict[str, int | str | bool] = {"colour_mode": image.mode}
    if getattr(image, "is_animated", False):
        notes["frames"] = int(getattr(image, "n_frames", 1))
    return notes


def _displayed(source: Path | NDArray[np.uint8]) -> Encoded:
    try:
        return display_picture(source)
    except PictureUnreadable as error:
        raise unreadable(str(error.__cause__ or error)) from error


def _lean(opened: Opened) -> NDArray[np.uint8]:
    """Without alpha where all of it is opaque: a quarter less to carry."""
    return opened.rgba if opened.facts.has_alpha else opened.rgba[..., :3]


def _has_alpha(path: Path, display: Encoded) -> bool:
    """Whether any pixel of the file is clear. The display picture knows, unless it was scaled down."""
    if display.content_type == "image/png" and pyvips.Image.new_from_buffer(display.data, "").hasalpha():
        return True
    image = pyvips.Image.new_from_file(str(path), access="sequential")
    return bool(image.hasalpha() and image[image.bands - 1].min() < _opaque_level(image))


def _opaque_level(image: pyvips.Image) -> int:
    return 65_535 if image.format == "ushort" else 255


def _four_bands(image: pyvips.Image) -> pyvips.Image:
    """RGB and alpha: an opaque picture gets one, further channels (spot colours) are left out."""
    if image.bands < 3:
        raise unreadable(f"{image.bands} channels")
    return image[:4] if image.hasalpha() and image.bands >= 4 else image[:3].bandjoin(255)
