"""Opens strangers' files in a process of their own, so that no file can hurt the one that asks.

The process is a fork of one that has never seen a file (`fork_server`). It has a cap on memory, processor time and wall
time, and on Linux neither network nor any right to change a file (`confinement`). Whatever happens in there, the
caller gets pixels or an ImageRejected. Few run at a time, so a crowd of uploads cannot fill the machine's memory
either.
"""

from __future__ import annotations

import atexit
import json
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from uploads.compression.encode import Encoded
from uploads.imaging import formats
from uploads.imaging.decode import Picture, decode
from uploads.imaging.errors import ImageRejected, too_complex
from uploads.imaging.fork_server import Ending, ForkServer, ServerBroken, Task

MEMORY_BYTES = 2 * 1024**3
CPU_S = 20
# The storefront gives up after 15 s, and after 30 s with a photo.
WALL_S = 25
WAIT_S = 25
AT_A_TIME = 2

_ROOT = Path(__file__).resolve().parents[2]
_server: ForkServer | None = None
_server_lock = threading.Lock()
_places = threading.BoundedSemaphore(AT_A_TIME)


def _start_anew() -> None:
    """Lets go of the server. In a forked process it is the parent's, as is what a thread held at that moment."""
    global _server, _server_lock, _places
    if _server is not None:
        _server.close()
    _server, _server_lock, _places = None, threading.Lock(), threading.BoundedSemaphore(AT_A_TIME)


os.register_at_fork(after_in_child=_start_anew)
atexit.register(_start_anew)


class SandboxBusy(Exception):
    """Too many files are being opened at this moment; later it will work."""


class SandboxBroken(Exception):
    """The process cannot work at all on this machine, whatever the file: its own modules do not load."""


@dataclass(frozen=True)
class Intake:
    """What is recorded of a file, and the picture that browsers get of it. The size is upright.

    notes: further facts for the record. confined: whether the system's filter was in force.
    """

    content_type: str
    width_px: int
    height_px: int
    dpi: int | None
    has_alpha: bool
    notes: dict[str, Any]
    display: Encoded
    confined: bool


def intake(path: Path, *, max_pixels: int) -> Intake:
    """Reads a file of any accepted format. Raises ImageRejected, and SandboxBusy in a rush."""
    with _report("intake", path, max_pixels) as (report, body):
        shown = report["display"]
        display = Encoded(body.read(), shown["content_type"], shown["width_px"], shown["height_px"])
        return Intake(**report["facts"], display=display, confined=report["confined"])


def read_picture(data: bytes, *, max_pixels: int) -> Picture:
    """The pixels of an original of any accepted format, for cutting out and for printing.

    PNG, JPEG and WebP are decoded here and now; the others, and drawings, in the confined process. Raises as `intake`.
    """
    if formats.content_type_of(data[: formats.HEAD_BYTES]) not in (
        formats.HEIC,
        formats.AVIF,
        formats.TIFF,
        formats.SVG,
        formats.PDF,
    ):
        return decode(data, max_pixels=max_pixels)
    with tempfile.NamedTemporaryFile(prefix="picture-") as file:
        file.write(data)
        file.flush()
        with _report("pixels", Path(file.name), max_pixels) as (report, body):
            facts = report["facts"]
            shape = (facts["height_px"], facts["width_px"], 4)
            rgba = np.frombuffer(bytearray(body.read()), dtype=np.uint8).reshape(shape)
    return Picture(rgba, facts["content_type"], shape[1], shape[0], facts["has_alpha"], facts["dpi"])


@contextmanager
def _report(task: str, path: Path, max_pixels: int) -> Iterator[tuple[dict[str, Any], IO[bytes]]]:
    """What the process said, and its output behind that. Raises ImageRejected where it refused or did not survive."""
    arguments = [task, str(path), str(max_pixels), str(MEMORY_BYTES), str(CPU_S)]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        status = _run(arguments, output, complaints)
        output.seek(0)
        line = output.readline()
        if not line.endswith(b"\n"):
            raise _death(status, _tail(complaints))
        report = json.loads(line)
        if "code" in report:
            raise ImageRejected(report["code"], report["message"], report["detail"])
        if os.fstat(output.fileno()).st_size != len(line) + report["body_bytes"]:
            raise _death(status, _tail(complaints))
        yield report, output


def _run(arguments: list[str], output: IO[bytes], complaints: IO[bytes]) -> int:
    if not _places.acquire(timeout=WAIT_S):
        raise SandboxBusy
    try:
        ending = _ending(Task(arguments, WALL_S), output, complaints)
    finally:
        _places.release()
    if ending.timed_out:
        raise too_complex(f"more than {WALL_S} s")
    return ending.status


def _ending(task: Task, output: IO[bytes], complaints: IO[bytes]) -> Ending:
    """Once more with another server where the first has gone: it was idle, or somebody ended it."""
    server = _the_server()
    try:
        return server.run(task, output, complaints)
    except ConnectionError:
        for file in (output, complaints):
            file.seek(0)
            file.truncate()
    try:
        return _the_server(instead_of=server).run(task, output, complaints)
    except ConnectionError as error:
        raise SandboxBroken(str(error)) from error


def _the_server(instead_of: ForkServer | None = None) -> ForkServer:
    """This process' server, started at its first use."""
    global _server
    with _server_lock:
        if _server is None or _server is instead_of:
            try:
                _server = ForkServer(_ROOT)
            except ServerBroken as error:
                raise SandboxBroken(str(error)) from error
            if instead_of is not None:
                instead_of.close()
        return _server


def _death(status: int, complaints: str) -> Exception:
    """Killed by a limit or by its own decoder, the file is to blame; an ordinary exit without a report is our fault."""
    if status == 1:
        return SandboxBroken(complaints)
    return too_complex(f"exit status {status}: {complaints[-200:]}")


def _tail(file: IO[bytes]) -> str:
    file.seek(max(0, os.fstat(file.fileno()).st_size - 2000))
    return file.read().decode("utf-8", "replace")
