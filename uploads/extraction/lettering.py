"""Whether a redrawn artwork says what the print in the photo says, read by an OCR engine that runs in this process.

The engine is RapidOCR (PP-OCR's small networks, inside its wheel, Apache-2.0). It is an option of the shop:
`FIDELITY_OCR=off`, or a machine without the package, leaves lettering unread, and the answer says so.
"""

import functools
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from uploads.extraction.rectify import rectified_print

ByteArray = NDArray[np.uint8]

# What the engine is this sure of is held against the other picture; what it guesses can only confirm.
_SURE = 0.90
# Shorter words are read into ornaments.
_LEAST_LETTERS = 3
# The engine works at this size (px, long side); small lettering of a large print is still read.
_SIDE_PX = 960
_MARGIN_SHARE = 0.06
# Signs that one font draws as another draws its neighbour: no misspelling.
_ALIKE = str.maketrans({"0": "o", "1": "i", "l": "i", "|": "i", "5": "s", "8": "b"})


@dataclass(frozen=True)
class Line:
    """A line of lettering and how sure the engine is of it, 0..1."""

    text: str
    confidence: float


# uint8 (H, W, 3) -> the lines, from top to bottom.
Reader = Callable[[ByteArray], list[Line]]


@dataclass(frozen=True)
class Lettering:
    """What both pictures say. matches: None when nobody has read them."""

    matches: bool | None
    drawing: str = ""
    photo: str = ""


def lettering_compared(drawing: ByteArray, print_in_photo: ByteArray, reader: Reader | None) -> Lettering:
    """Compare the words of two cut-outs, uint8 (H, W, 4), straight alpha; without a reader nothing is checked.

    A word that is surely read in one picture must be found in the other. Two pictures without words match. Raises
    ValueError when the print shows nothing.
    """
    if reader is None:
        return Lettering(None)
    drawn = reader(on_ground(drawing))
    seen = reader(on_ground(rectified_print(print_in_photo).rgba))
    matches = _holds(drawn, seen) and _holds(seen, drawn)
    return Lettering(matches, _text(drawn), _text(seen))


def rapidocr_reader() -> Reader | None:
    """Return the engine, loaded once per process, or None where the package is not installed."""
    engine = _engine()
    if engine is None:
        return None

    def read(rgb: ByteArray) -> list[Line]:
        found = engine(np.ascontiguousarray(rgb[..., ::-1]), use_cls=False)
        if found.txts is None:
            return []
        return [Line(str(text), float(sure)) for text, sure in zip(found.txts, found.scores, strict=True)]

    return read


@functools.cache
def _engine() -> Any:
    try:
        from rapidocr import RapidOCR
    except ImportError:
        return None
    threads = {
        f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1  # the worker's processes share the cores already
        for kind in ("intra", "inter")
    }
    return RapidOCR(params={"Global.log_level": "critical", **threads})


def on_ground(rgba: ByteArray) -> ByteArray:
    """Return the cut-out with a margin on black or white, whichever is further from its inks."""
    height_px, width_px = rgba.shape[:2]
    alpha = rgba[..., 3:].astype(np.float32) / np.float32(255)
    weight = max(float(alpha.sum()), 1.0)
    ink = float((rgba[..., :3].mean(axis=2, keepdims=True) * alpha).sum()) / weight
    ground = 255.0 if ink < 140 else 0.0
    flat = np.clip(np.rint(rgba[..., :3] * alpha + ground * (1 - alpha)), 0, 255).astype(np.uint8)
    scale = _SIDE_PX / max(height_px, width_px)
    size_px = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    margin_px = round(_MARGIN_SHARE * _SIDE_PX)
    framed = cv2.copyMakeBorder(
        cv2.resize(flat, size_px, interpolation=way),
        margin_px, margin_px, margin_px, margin_px, cv2.BORDER_CONSTANT, value=(ground, ground, ground),
    )  # fmt: skip
    return np.asarray(framed, dtype=np.uint8)


def _holds(whole: list[Line], part: list[Line]) -> bool:
    """Whether every word that was surely read in `part` stands in `whole`, however its lines are broken."""
    letters = _folded("".join(line.text for line in whole))
    words = (_folded(word) for line in part if line.confidence >= _SURE for word in line.text.split())
    return all(word in letters for word in words if len(word) >= _LEAST_LETTERS)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return re.sub(r"[\W_]+", "", plain).translate(_ALIKE)


def _text(lines: list[Line]) -> str:
    return " / ".join(line.text for line in lines)
