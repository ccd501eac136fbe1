"""The process in which strangers' files are opened: one file, few rights, little time, then it ends.

Called in a fork as `open_file([task, path, max_pixels, memory_bytes, cpu_s])`. It writes one line of JSON to its
output, then the bytes that the line announces.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyvips

from uploads.imaging.confinement import close_system, limit_resources
from uploads.imaging.errors import ImageRejected, too_complex, unreadable
from uploads.imaging.reading import intake, pixels

# Of what libvips could open, only these loaders get to see a stranger's bytes.
_LOADERS = ("Jpeg", "Png", "Webp", "Tiff", "Svg", "Heif")
_PNG_AND_LINES_BYTES = 64 * 1024 * 1024


def open_file(arguments: Sequence[str]) -> int:
    """Opens the file and reports. A refusal is a report, too; a crash is the parent's to notice."""
    task, path, max_pixels, memory_bytes, cpu_s = arguments
    limit_resources(
        memory_bytes=int(memory_bytes),
        cpu_s=int(cpu_s),
        file_bytes=4 * int(max_pixels) + _PNG_AND_LINES_BYTES,
    )
    pyvips.operation_block_set("VipsForeignLoad", True)
    for loader in _LOADERS:
        pyvips.operation_block_set(f"VipsForeignLoad{loader}", False)
    confined = close_system()
    try:
        report, body = _done(task, Path(path), int(max_pixels))
    except ImageRejected as error:
        report, body = {"code": error.code, "message": error.message, "detail": error.detail}, b""
    except MemoryError as error:
        return _write(_refusal(too_complex(repr(error)), confined), b"")
    except Exception as error:  # a decoder that stumbles over hostile bytes may raise anything
        traceback.print_exc()
        return _write(_refusal(unreadable(repr(error)), confined), b"")
    return _write({**report, "confined": confined}, body)


def _refusal(error: ImageRejected, confined: bool) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "detail": error.detail, "confined": confined}


def _done(task: str, path: Path, max_pixels: int) -> tuple[dict[str, Any], bytes]:
    if task == "pixels":
        opened = pixels(path, max_pixels=max_pixels)
        return {"facts": asdict(opened.facts)}, opened.rgba.tobytes()
    facts, display = intake(path, max_pixels=max_pixels)
    shown = {
        "content_type": display.content_type,
        "width_px": display.width_px,
        "height_px": display.height_px,
    }
    return {"facts": asdict(facts), "display": shown}, display.data


def _write(report: dict[str, Any], body: bytes) -> int:
    sys.stdout.buffer.write(json.dumps({**report, "body_bytes": len(body)}).encode() + b"\n")
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()
    return 0
