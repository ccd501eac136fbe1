"""The corpus: every file that tries to break the intake, made by code. None comes from elsewhere."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.uploads.hostile.heic import heic

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
SVG_HEAD = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40" height="30">'
RED_CIRCLE = b'<circle cx="20" cy="15" r="10" fill="#ff0000"/>'


@dataclass(frozen=True)
class Refused:
    """A file that must end in a 4xx with this code. name: what the client calls it."""

    name: str
    make: Callable[[], bytes]
    codes: tuple[str, ...]


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def scene(width_px: int = 48, height_px: int = 32) -> NDArray[np.uint8]:
    """Red, green, blue and white quarters: (H, W, 3)."""
    rgb = np.full((height_px, width_px, 3), 255, dtype=np.uint8)
    middle, centre = height_px // 2, width_px // 2
    rgb[:middle, :centre], rgb[:middle, centre:], rgb[middle:, :centre] = (
        (220, 30, 30),
        (30, 160, 60),
        (40, 60, 200),
    )
    return rgb


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_bomb(side_px: int) -> bytes:
    """A complete PNG of zeroes, a thousand times smaller than its pixels."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side_px * 4)
    body = b"".join(packer.compress(row) for _ in range(side_px)) + packer.flush()
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 6, 0, 0, 0)
    return PNG_MAGIC + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def jpeg_that_claims(width_px: int, height_px: int) -> bytes:
    data = bytearray(encoded(Image.new("RGB", (16, 16), (9, 9, 9)), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height_px, width_px)
    return bytes(data)


def webp_that_claims(side_px: int) -> bytes:
    canvas = struct.pack("<I", side_px - 1)[:3]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + canvas + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff_that_claims(side_px: int) -> bytes:
    tags = [(256, 4, side_px), (257, 4, side_px), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (278, 4, side_px),
            (279, 4, 16)]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<I", 24) + bytes(16) + struct.pack("<H", len(tags)) + entries + bytes(4)


def avif_that_claims(side_px: int) -> bytes:
    data = bytearray(encoded(Image.new("RGB", (32, 32), (9, 99, 9)), "AVIF"))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", side_px, side_px)
    return bytes(data)


def pdf(content: bytes, *, extra: bytes = b"", catalogue: bytes = b"", box: str = "0 0 144 72") -> bytes:
    """A PDF of one page with this content stream."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R" + catalogue + b">>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox["
        + box.encode()
        + b"]/Contents 4 0 R/Resources<<>>"
        + extra
        + b">>",
        b"<</Length " + str(len(content)).encode() + b">>stream\n" + content + b"\nendstream",
    ]
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += str(number).encode() + b" 0 obj" + body + b"endobj\n"
    start = len(out)
    out += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n" + str(start).encode() + b"\n%%EOF\n"
    return bytes(out)


PDF_SQUARE = b"1 0 0 rg 18 18 36 36 re f"


def svg(body: bytes) -> bytes:
    return SVG_HEAD + body + b"</svg>"


def nested_uses(levels: int) -> bytes:
    """Each level draws the one below ten times: ten to the power of `levels` circles."""
    groups = [b'<g id="l0"><circle r="1"/></g>']
    for level in range(1, levels + 1):
        use = b'<use xlink:href="#l%d"/>' % (level - 1)
        groups.append(b'<g id="l%d">%s</g>' % (level, use * 10))
    return svg(b"<defs>" + b"".join(groups) + b'</defs><use xlink:href="#l%d"/>' % levels)


def billion_laughs() -> bytes:
    entities = [b'<!ENTITY a0 "ha">'] + [
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)
    ]
    return b"<!DOCTYPE svg [" + b"".join(entities) + b"]>" + svg(b"<text>&a9;</text>" + RED_CIRCLE)


def external_entity() -> bytes:
    return b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + svg(b"<text>&x;</text>" + RED_CIRCLE)


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def _cut_noise(kind: str, share: float) -> bytes:
    noise = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return cut(encoded(Image.fromarray(noise), kind), share)


SCENE = Image.fromarray(scene())
HEIC_SCENE = heic(scene())
UNREADABLE = ("unreadable", "too_complex")

REFUSED = {
    "empty": Refused("a.png", lambda: b"", ("empty",)),
    "one byte": Refused("a.png", lambda: b"\x89", ("unsupported_type",)),
    "text": Refused("a.png", lambda: b"hello", ("unsupported_type",)),
    "html": Refused("a.png", lambda: b"<!doctype html><script>alert(1)</script>", ("unsupported_type",)),
    "html with svg inside": Refused("a.svg", lambda: b"<html>" + svg(RED_CIRCLE), ("unsupported_type",)),
    "gif": Refused("a.png", lambda: encoded(SCENE, "GIF"), ("unsupported_type",)),
    "bmp": Refused("a.jpg", lambda: encoded(SCENE, "BMP"), ("unsupported_type",)),
    "gif that is javascript": Refused("a.gif", lambda: b"GIF89a/*" + bytes(9) + b"*/=1;f()", ("unsupported_type",)),
    "zip": Refused("a.png", lambda: b"PK\3\4" + bytes(40), ("unsupported_type",)),
    "program": Refused("a.jpg", lambda: b"\x7fELF" + bytes(60), ("unsupported_type",)),
    "postscript": Refused("a.ai", lambda: b"%!PS-Adobe-3.0\n%%Creator: Illustrator", ("unsupported_type",)),
    "video": Refused("a.heic", lambda: struct.pack(">I", 24) + b"ftypisom" + bytes(12), ("unsupported_type",)),
    "png bomb": Refused("a.png", lambda: png_bomb(20_000), ("too_many_pixels",)),
    "jpeg bomb": Refused("a.jpg", lambda: jpeg_that_claims(60_000, 60_000), ("too_many_pixels",)),
    "webp bomb": Refused("a.webp", lambda: webp_that_claims(16_000), (*UNREADABLE, "too_many_pixels")),
    "tiff bomb": Refused("a.tif", lambda: tiff_that_claims(60_000), ("too_many_pixels",)),
    "tiff without its pixels": Refused("a.tif", lambda: tiff_that_claims(5_000), UNREADABLE),
    "avif bomb": Refused("a.avif", lambda: avif_that_claims(60_000), (*UNREADABLE, "too_many_pixels")),
    "heic bomb": Refused("a.heic", lambda: heic(scene(), claimed=(60_000, 60_000)), (*UNREADABLE, "too_many_pixels")),
    "svg bomb of uses": Refused("a.svg", lambda: nested_uses(9), UNREADABLE),
    "svg bomb of entities": Refused("a.svg", billion_laughs, ("unreadable",)),
    "svg with an external entity": Refused("a.svg", external_entity, ("unreadable",)),
    "svg too deep": Refused("a.svg", lambda: svg(b"<g>" * 5_000 + RED_CIRCLE + b"</g>" * 5_000), ("too_complex",)),
    "svg not well-formed": Refused("a.svg", lambda: SVG_HEAD + RED_CIRCLE, ("unreadable",)),
    "svg of script alone": Refused("a.svg", lambda: svg(b"<script>alert(1)</script>"), ("nothing_drawn",)),
    "svg of html alone": Refused("a.svg", lambda: svg(b"<foreignObject><p/></foreignObject>"), ("nothing_drawn",)),
    "svg of a remote picture": Refused(
        "a.svg", lambda: svg(b'<image width="9" height="9" xlink:href="http://127.0.0.1/x.png"/>'), ("nothing_drawn",)
    ),
    "svg of a local file": Refused(
        "a.svg", lambda: svg(b'<image width="9" height="9" xlink:href="file:///etc/passwd"/>'), ("nothing_drawn",)
    ),
    "svg in an unknown encoding": Refused(
        "a.svg", lambda: b'<?xml version="1.0" encoding="klingon"?>' + svg(RED_CIRCLE), ("unreadable",)
    ),
    "pdf without pages": Refused("a.pdf", lambda: b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF", ("unreadable",)),
    "pdf head alone": Refused("a.pdf", lambda: b"%PDF-1.7\n", ("unreadable",)),
    "pdf of an empty page": Refused("a.pdf", lambda: pdf(b""), ("nothing_drawn",)),
    "pdf of endless drawing": Refused(
        "a.pdf", lambda: pdf(b"0 0 0 rg " + b"0 0 m 144 72 l 9 3 150 9 77 60 c S " * 150_000), UNREADABLE
    ),
    "png without pixels": Refused(
        "a.png", lambda: PNG_MAGIC + chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 0, 8, 6, 0, 0, 0)), ("unreadable",)
    ),
    "heic head alone": Refused("a.heic", lambda: HEIC_SCENE[:32], ("unreadable",)),
    **{
        f"{kind} cut at {share}": Refused("a", partial(_cut_noise, kind, share), ("unreadable",))
        for kind in ("PNG", "JPEG", "WEBP", "AVIF", "TIFF")
        for share in (0.3, 0.7)
    },
    **{
        f"HEIC cut at {share}": Refused("a.heic", partial(cut, HEIC_SCENE, share), ("unreadable",))
        for share in (0.3, 0.7)
    },
}  # fmt: skip
