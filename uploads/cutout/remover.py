"""What one process of the rembg service does: bytes of a picture in, bytes of a PNG out. No database."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.errors import ProviderError
from uploads.cutout.artwork import Cutout, CutoutFailed, extract_artwork
from uploads.cutout.backends.rembg import Engine, RembgBackend
from uploads.imaging.decode import ImageRejected, Picture, decode
from uploads.imaging.encode import encode_png_quickly

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
_alone: RembgBackend | None = None
_threads_alone = 1


def start(model: str, engine: Engine, home: str, threads_alone: int) -> None:
    """Loads the network and runs it once, because the first run is several times slower. For a process pool.

    threads_alone: how many threads a picture may use that is the only one in the service.
    """
    global _backend, _alone, _threads_alone
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then ends its processes
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    backend = RembgBackend(model, home=Path(home), engine=engine)
    alone = backend
    if threads_alone > 1:
        alone = RembgBackend(model, home=Path(home), engine=engine, threads=threads_alone)
    ramp = np.linspace(0, 255, 320, dtype=np.uint8)
    for network in {backend, alone}:
        network.load()
        network.mask(np.dstack([np.tile(ramp, (320, 1))] * 3))
    _backend, _alone, _threads_alone = backend, alone, threads_alone


def _end_with_the_server() -> None:
    """A server that was killed tells nobody; without it this process would hold its gigabyte for ever."""
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(1)


def ready() -> int:
    """The process that answers, once it has started. Raises RuntimeError before that."""
    _loaded()
    return os.getpid()


def remove_background(
    data: bytes, *, max_pixels: int, only_mask: bool, alone: bool = False
) -> Removed | NotRemoved:
    """The picture as a PNG with its background clear (straight alpha), or the mask alone as a grey PNG.

    alone: nobody else waits, so that the network may run on all cores.
    """
    try:
        return _removed(data, max_pixels=max_pixels, only_mask=only_mask, alone=alone)
    except ImageRejected as error:
        return NotRemoved(error.code, error.message, is_picture=True)
    except ProviderError as error:
        return NotRemoved("removal_failed", str(error), is_picture=False)


def _removed(data: bytes, *, max_pixels: int, only_mask: bool, alone: bool) -> Removed:
    started = time.perf_counter()
    # With others at work the processes share the cores already.
    cv2.setNumThreads(_threads_alone if alone else 1)
    picture = decode(data, max_pixels=max_pixels)
    network = _loaded(alone=alone)
    png = encode_png_quickly(_mask(picture, network) if only_mask else _cut_out(picture, network))
    return Removed(png, round((time.perf_counter() - started) * 1000), os.getpid(), rss_mb())


def _mask(picture: Picture, network: RembgBackend) -> NDArray[np.uint8]:
    """What the network makes of the picture, whatever is on it: whoever asks for a mask has looked at it."""
    return np.rint(network.mask(picture.rgb) * 255).astype(np.uint8)


def _cut_out(picture: Picture, network: RembgBackend) -> NDArray[np.uint8]:
    """What the shop's own pipeline would make of the picture, in its place.

    Flat art needs no network. Where the pipeline finds nothing that it could vouch for, the network's mask is returned,
    as rembg does.
    """
    if picture.is_cut_out:
        return picture.rgba
    try:
        cutout = extract_artwork(picture.rgb, network.mask, _unheard, subject="object")
    except CutoutFailed:
        return with_alpha(picture.rgba, _mask(picture, network))
    rgba = whole_picture(cutout, picture.height_px, picture.width_px)
    return with_alpha(rgba, picture.rgba[..., 3]) if picture.has_alpha else rgba


def _unheard(step: str) -> None:
    """Nobody watches the progress of a request."""


def whole_picture(cutout: Cutout, height_px: int, width_px: int) -> NDArray[np.uint8]:
    """The cut-out in its place in a picture of this size, uint8 (H, W, 4), clear around it."""
    left, top, right, bottom = cutout.box
    part = cutout.rgba
    if part.shape[:2] != (bottom - top, right - left):
        # Weighted by alpha, so that clear pixels have no colour to give to the edge.
        image = Image.fromarray(part).convert("RGBa").resize((right - left, bottom - top))
        part = np.asarray(image.convert("RGBA"), dtype=np.uint8)
    canvas = np.zeros((height_px, width_px, 4), dtype=np.uint8)
    canvas[top:bottom, left:right] = part
    return canvas


def with_alpha(rgba: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture's own colours under the mask; what was clear already stays so, and clear pixels have no colour."""
    least = cv2.min(cv2.extractChannel(rgba, 3), np.ascontiguousarray(alpha))
    result = cv2.bitwise_and(rgba, rgba, mask=least)
    return np.asarray(cv2.insertChannel(least, result, 3), dtype=np.uint8)


def rss_mb() -> int:
    """What this process holds in memory now; its peak where the kernel does not tell."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * _PAGE_BYTES // 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _loaded(*, alone: bool = False) -> RembgBackend:
    found = _alone if alone else _backend
    if found is None:
        raise RuntimeError("the process has not started")
    return found
