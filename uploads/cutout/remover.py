"""What one process of the rembg service does: bytes of a picture in, bytes of a PNG out. No Django, no database."""

from __future__ import annotations

import io
import os
import resource
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.errors import ProviderError
from uploads.cutout.backends.rembg import RembgBackend
from uploads.imaging.decode import ImageRejected, decode

# Level 6 takes three times as long for a tenth fewer bytes, and the bytes go over the local network once.
_PNG_LEVEL = 1
_PAGE_BYTES = resource.getpagesize()


@dataclass(frozen=True)
class Removed:
    """The PNG, and what it took: milliseconds of work, and the process with the megabytes that it holds now."""

    png: bytes
    duration_ms: int
    pid: int
    rss_mb: int


@dataclass(frozen=True)
class NotRemoved:
    """Why there is no PNG. A value and no exception, because those with fields of their own do not travel back.

    is_picture: the picture is at fault, and its sender may be told so.
    """

    code: str
    message: str
    is_picture: bool


_backend: RembgBackend | None = None


def start(model: str, home: str) -> None:
    """Loads the network and runs it once, because the first run is several times slower. For a process pool."""
    global _backend
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then ends its processes
    backend = RembgBackend(model, home=Path(home))
    backend.load()
    ramp = np.linspace(0, 255, 320, dtype=np.uint8)
    backend.mask(np.dstack([np.tile(ramp, (320, 1))] * 3))
    _backend = backend


def ready() -> int:
    """The process that answers, once it has started. Raises RuntimeError before that."""
    _loaded()
    return os.getpid()


def remove_background(data: bytes, *, max_pixels: int, only_mask: bool) -> Removed | NotRemoved:
    """The picture as a PNG with its background clear (straight alpha), or the mask alone as a grey PNG."""
    try:
        return _removed(data, max_pixels=max_pixels, only_mask=only_mask)
    except ImageRejected as error:
        return NotRemoved(error.code, error.message, is_picture=True)
    except ProviderError as error:
        return NotRemoved("removal_failed", str(error), is_picture=False)


def _removed(data: bytes, *, max_pixels: int, only_mask: bool) -> Removed:
    started = time.perf_counter()
    rgba = decode(data, max_pixels=max_pixels).rgba
    mask = _loaded().mask(np.ascontiguousarray(rgba[..., :3]))
    alpha = np.rint(mask * 255).astype(np.uint8)
    png = _encoded(alpha if only_mask else with_alpha(rgba, alpha))
    return Removed(png, round((time.perf_counter() - started) * 1000), os.getpid(), rss_mb())


def with_alpha(rgba: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture's own colours under the mask; what was clear already stays so, and clear pixels have no colour."""
    result = rgba.copy()
    result[..., 3] = np.minimum(rgba[..., 3], alpha)
    result[result[..., 3] == 0] = 0
    return result


def rss_mb() -> int:
    """What this process holds in memory now; its peak where the kernel does not tell."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * _PAGE_BYTES // 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG", compress_level=_PNG_LEVEL)
    return buffer.getvalue()


def _loaded() -> RembgBackend:
    if _backend is None:
        raise RuntimeError("the process has not started")
    return _backend
