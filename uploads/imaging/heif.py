"""HEIC and AVIF: the photos of phones."""

from __future__ import annotations

from pathlib import Path

import pi_heif  # type: ignore[import-untyped]
from PIL import Image

from uploads.imaging.formats import HEIC


def open_heif(path: Path, content_type: str) -> Image.Image:
    """The picture before its pixels are decoded; its turning and its profile are in the file as with any other.

    Raises whatever Pillow raises for a damaged file.
    """
    if content_type == HEIC:
        # Decoding only: the wheels that can also encode bring x265, which is GPL.
        pi_heif.register_heif_opener(thumbnails=False)
        return Image.open(path, formats=["HEIF"])
    return Image.open(path, formats=["AVIF"])
