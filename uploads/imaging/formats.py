"""What a file is by its first bytes. Names and content types that a client claims play no part."""

from __future__ import annotations

import codecs
import re

PNG, JPEG, WEBP = "image/png", "image/jpeg", "image/webp"
HEIC, AVIF, TIFF = "image/heic", "image/avif", "image/tiff"
SVG, PDF = "image/svg+xml", "application/pdf"
POSTSCRIPT = "application/postscript"
"""Recognised only to say something helpful: Illustrator writes it when PDF compatibility is switched off."""

ALL = (PNG, JPEG, WEBP, HEIC, AVIF, TIFF, SVG, PDF)
VECTOR = (SVG, PDF)
EXTENSIONS = {
    PNG: "png", JPEG: "jpg", WEBP: "webp", HEIC: "heic", AVIF: "avif", TIFF: "tif", SVG: "svg", PDF: "pdf",
}  # fmt: skip

HEAD_BYTES = 16 * 1024
"""How much of a file `content_type_of` wants to see: drawing programs write long comments before `<svg`."""

_AVIF_BRANDS = {b"avif", b"avis"}
# Still and sequence brands of HEVC in HEIF (ISO/IEC 23008-12, annex B); mif1 and msf1 name the container alone.
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SVG_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,40}:)?svg[\s/>]")
_DOCTYPE = re.compile(r"<!DOCTYPE\s[^\[>]{0,2000}[\[>]")


def content_type_of(head: bytes) -> str | None:
    """The content type that the first bytes prove, or None. head: up to HEAD_BYTES from the file's beginning."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[:4] in (b"II*\0", b"MM\0*"):
        return TIFF
    if head[4:8] == b"ftyp":
        return _heif_type(head)
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"%!PS"):
        return POSTSCRIPT
    return SVG if _is_svg(_as_text(head)) else None


def _heif_type(head: bytes) -> str | None:
    size_bytes = int.from_bytes(head[:4], "big")
    if not 16 <= size_bytes <= 1024:
        return None
    box = head[8:size_bytes]
    brands = [box[:4], *(box[at : at + 4] for at in range(8, len(box), 4))]
    for brand in brands:  # the first one, the major brand, decides where it names a codec
        if brand in _AVIF_BRANDS:
            return AVIF
        if brand in _HEIC_BRANDS - {b"mif1", b"msf1"}:
            return HEIC
    return HEIC if _HEIC_BRANDS & set(brands) else None


def _as_text(head: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace")
    return head.decode("utf-8", "replace")


def _is_svg(text: str) -> bool:
    """Whether the root element is `svg`: what may stand before it is skipped without ever looking back."""
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if text.startswith("<?", at):
            end, at = text.find("?>", at), text.find("?>", at) + 2
        elif text.startswith("<!--", at):
            end, at = text.find("-->", at), text.find("-->", at) + 3
        elif (doctype := _DOCTYPE.match(text, at)) is not None:
            closing = "]" if doctype.group().endswith("[") else ">"
            end = text.find(closing, doctype.end() - 1)
            end, at = text.find(">", end), text.find(">", end) + 1
        else:
            return _SVG_ROOT.match(text, at) is not None
        if end < 0:
            return False
