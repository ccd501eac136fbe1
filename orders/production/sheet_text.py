"""Reads the words of a spec sheet back out of its PDF, so that a finished pack can be compared with itself.

It knows the PDFs that `orders.production.sheet` writes (one page, compressed content, fonts with a map to
Unicode) and is no reader for others.
"""

from __future__ import annotations

import re
import zlib

_OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"^(.*?)\nstream\n(.*)\nendstream$", re.DOTALL)
_FONT = re.compile(rb"/(F\d+) (\d+) 0 R")
_TO_UNICODE = re.compile(rb"/ToUnicode (\d+) 0 R")
_GLYPH = re.compile(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>")
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|\(((?:\\.|[^\\()])*)\) Tj", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


class SheetUnreadable(ValueError):
    """Raised when the bytes are not a spec sheet of ours."""

    code = "sheet_unreadable"


def sheet_text(pdf: bytes) -> str:
    """The pieces of text on the page in the order in which they were written, one a line."""
    if not pdf.startswith(b"%PDF-") or not pdf.rstrip().endswith(b"%%EOF"):
        raise SheetUnreadable("The file is not a complete PDF.")
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    pages = [body for body in objects.values() if b"/Type /Page\n" in body + b"\n"]
    if len(pages) != 1:
        raise SheetUnreadable(f"A spec sheet has one page, this has {len(pages)}.")
    try:
        content = _stream(objects, _reference(pages[0], rb"/Contents (\d+) 0 R"))
        fonts = _fonts(objects, _reference(pages[0], rb"/Resources (\d+) 0 R"))
        return "\n".join(_pieces(content, fonts))
    except (KeyError, UnicodeDecodeError, zlib.error) as error:
        raise SheetUnreadable("The page or its fonts cannot be read.") from error


def _reference(body: bytes, pattern: bytes) -> int:
    found = re.search(pattern, body)
    if found is None:
        raise SheetUnreadable("The page names no content.")
    return int(found[1])


def _stream(objects: dict[int, bytes], number: int) -> bytes:
    found = _STREAM.match(objects[number])
    if found is None:
        raise SheetUnreadable("A part of the page holds no data.")
    return zlib.decompress(found[2]) if b"/FlateDecode" in found[1] else found[2]


def _fonts(objects: dict[int, bytes], resources: int) -> dict[bytes, dict[int, str]]:
    """For each font of the page the character of each glyph code."""
    fonts: dict[bytes, dict[int, str]] = {}
    for name, number in _FONT.findall(objects[resources]):
        to_unicode = _stream(objects, _reference(objects[int(number)], _TO_UNICODE.pattern))
        fonts[name] = {
            int(code, 16): bytes.fromhex(character.decode("ascii")).decode("utf-16-be")
            for code, character in _GLYPH.findall(to_unicode)
        }
    return fonts


def _pieces(content: bytes, fonts: dict[bytes, dict[int, str]]) -> list[str]:
    pieces: list[str] = []
    glyphs: dict[int, str] = {}
    for font, literal in _SHOWN.findall(content):
        if font:
            glyphs = fonts[font]
            continue
        codes = _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), literal)
        pairs = (codes[index : index + 2] for index in range(0, len(codes), 2))
        pieces.append("".join(glyphs.get(int.from_bytes(pair, "big"), "") for pair in pairs))
    return pieces
