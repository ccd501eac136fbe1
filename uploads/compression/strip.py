"""A JPEG or PNG without anything but its pixels, taken out of the file as they are: no second loss, no decoding."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

# JPEG: what a decoder needs. Frames (SOF0 sequential, SOF1 extended, SOF2 progressive), tables, restart interval.
_FRAMES = {0xC0, 0xC1, 0xC2}
_TABLES = {0xC4, 0xDB, 0xDD}
_SCAN, _END, _COMMENT, _PADDING = 0xDA, 0xD9, 0xFE, 0xFF
_PNG_PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_PNG_LOOK = {b"iCCP", b"gAMA", b"cHRM", b"cICP", b"acTL", b"eXIf"}
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Stripped:
    """The file that remains, and the size of its picture."""

    data: bytes
    width_px: int
    height_px: int


def stripped(data: bytes) -> Stripped | None:
    """The same pixels in a file without metadata and without anything behind its end.

    None where the metadata change what is shown: an orientation, a colour profile, a gamma, more than 8 bit, CMYK.
    None, too, where the file is not built as it should be.
    """
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _stripped_jpeg(data)
        if data.startswith(_PNG_MAGIC):
            return _stripped_png(data)
    except (IndexError, struct.error):
        return None
    return None


def _stripped_jpeg(data: bytes) -> Stripped | None:
    kept, size, at = [b"\xff\xd8"], None, 2
    while True:
        marker = data[at + 1]
        if data[at] != 0xFF:
            return None
        if marker == _PADDING:
            at += 1
            continue
        if marker == _END:
            kept.append(b"\xff\xd9")
            return Stripped(b"".join(kept), *size) if size else None
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if marker == _SCAN:
            end = _scan_end(data, end)
        segment = data[at:end]
        if len(segment) != end - at or not _is_known(marker) or _changes_the_look(segment):
            return None
        if marker in _FRAMES:
            size = _frame_size(segment)
            if size is None:
                return None
        if marker in _FRAMES | _TABLES | {_SCAN} or segment[4:9] in (b"JFIF\0", b"Adobe"):
            kept.append(segment)
        at = end


def _is_known(marker: int) -> bool:
    return marker in _FRAMES | _TABLES | {_SCAN, _COMMENT} or 0xE0 <= marker <= 0xEF


def _frame_size(segment: bytes) -> tuple[int, int] | None:
    """Width and height of a frame of 8 bits in grey or colour; None for any other."""
    precision, height_px, width_px, components = struct.unpack_from(">BHHB", segment, 4)
    is_plain = precision == 8 and components in (1, 3) and width_px and height_px
    return (width_px, height_px) if is_plain else None


def _scan_end(data: bytes, at: int) -> int:
    """The place of the marker behind the compressed pixels, in which FF is followed by 00 or by a restart marker."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise IndexError
        following = data[at + 1]
        if following != 0 and following != _PADDING and not 0xD0 <= following <= 0xD7:
            return at
        at += 1 if following == _PADDING else 2


def _changes_the_look(segment: bytes) -> bool:
    """An ICC profile, or an Exif orientation other than upright, in either order of bytes."""
    if segment[4:15] == b"ICC_PROFILE":
        return True
    if segment[4:8] != b"Exif":
        return False
    big, little = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00", b"\x12\x01\x03\x00\x01\x00\x00\x00"
    for tag in (big, little):
        place = segment.find(tag)
        if place >= 0 and segment[place + len(tag)] != 1:
            return True
    return False


def _stripped_png(data: bytes) -> Stripped | None:
    kept, size, at = [_PNG_MAGIC], None, len(_PNG_MAGIC)
    while True:
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        chunk = data[at:end]
        if len(chunk) != length + 12 or zlib.crc32(chunk[4:-4]) != struct.unpack(">I", chunk[-4:])[0]:
            return None
        if name in _PNG_LOOK:
            return None
        if name == b"IHDR":
            width_px, height_px, bits = struct.unpack_from(">IIB", chunk, 8)
            if bits > 8:
                return None
            size = (width_px, height_px)
        if name in _PNG_PIXELS:
            kept.append(chunk)
        if name == b"IEND":
            return Stripped(b"".join(kept), *size) if size else None
        at = end
