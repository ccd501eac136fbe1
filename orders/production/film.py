"""Draws a gang sheet as a PNG, a band of rows at a time: sixty inches of film would be 475 MB at once.  [pure]"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import IO

import numpy as np
import numpy.typing as npt
from PIL import Image

from orders.production.art_check import PIXELS_PER_METRE
from orders.production.gang_sheet import Placed, Sheet
from orders.production.print_art import srgb_profile

BAND_PX = 512
_COMPRESS_LEVEL = 3
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2  # each row is written as its difference from the row above, which art repeats far more than its neighbour

Pixels = npt.NDArray[np.uint8]


def draw_sheet(sheet: Sheet, read: Callable[[str], bytes], out: IO[bytes]) -> None:
    """Writes the sheet as a PNG with alpha, 300 DPI and the sRGB profile. `read` gives the PNG of a print by its key.

    A print is decoded when the first band reaches it and forgotten after the last.
    """
    out.write(_SIGNATURE)
    _chunk(out, b"IHDR", struct.pack(">IIBBBBB", sheet.width_px, sheet.height_px, 8, 6, 0, 0, 0))
    _chunk(out, b"iCCP", b"sRGB\0\0" + zlib.compress(srgb_profile(), 9))
    _chunk(out, b"pHYs", struct.pack(">IIB", PIXELS_PER_METRE, PIXELS_PER_METRE, 1))
    packer = zlib.compressobj(_COMPRESS_LEVEL)
    above = np.zeros((1, sheet.width_px * 4), dtype=np.uint8)
    decoded: dict[Placed, Pixels] = {}
    for top in range(0, sheet.height_px, BAND_PX):
        band = np.zeros((min(BAND_PX, sheet.height_px - top), sheet.width_px, 4), dtype=np.uint8)
        for placed in sheet.prints:
            if placed.top_px < top + band.shape[0] and placed.top_px + placed.height_px > top:
                if placed not in decoded:
                    decoded[placed] = _pixels(read(placed.key), placed)
                _lay(band, top, placed, decoded[placed])
        for placed in [one for one in decoded if one.top_px + one.height_px <= top + band.shape[0]]:
            del decoded[placed]
        rows = band.reshape(band.shape[0], -1)
        filtered = np.full((rows.shape[0], rows.shape[1] + 1), _UP, dtype=np.uint8)
        filtered[:, 1:] = rows - np.concatenate([above, rows[:-1]])
        above = rows[-1:].copy()
        data = packer.compress(filtered.tobytes())
        if data:
            _chunk(out, b"IDAT", data)
    _chunk(out, b"IDAT", packer.flush())
    _chunk(out, b"IEND", b"")


def print_sizes(pngs: Mapping[str, bytes]) -> dict[str, tuple[int, int]]:
    """Width and height in pixels of each PNG, read from its header."""
    sizes = {}
    for key, data in pngs.items():
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            sizes[key] = picture.size
    return sizes


def _pixels(png: bytes, placed: Placed) -> Pixels:
    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        pixels = np.asarray(picture.convert("RGBA"))
    pixels = np.rot90(pixels, -1) if placed.turned else pixels
    if pixels.shape[:2] != (placed.height_px, placed.width_px):
        raise ValueError(f"{placed.key} is not of the size that was placed")
    return pixels


def _lay(band: Pixels, top: int, placed: Placed, pixels: Pixels) -> None:
    first, last = max(placed.top_px, top), min(placed.top_px + placed.height_px, top + band.shape[0])
    rows = pixels[first - placed.top_px : last - placed.top_px]
    band[first - top : last - top, placed.left_px : placed.left_px + placed.width_px] = rows


def _chunk(out: IO[bytes], name: bytes, data: bytes) -> None:
    out.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))
