"""How fast large photos come in, and what it costs in memory: `python -m bench.uploads`.

Photos of 25 MB, 8 at once, over HTTP on loopback, against the real web server: `deploy/start web` with one process. By
the form (`/api/uploads/shirt-photo`), and by a signed address (`signed-url`, PUT, `complete`). Each upload is received,
hashed, stored, opened in its confined process, and answered with its display picture; the cut-outs are not done. The
memory of the web process is read from /proc all the while. It must stay flat: the exit code is 1 where it grows by more
than FLAT_SHARE of the bytes that are on their way at the same time, or where an upload is refused.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from bench.photos import scene
from bench.shop import free_port, open_shop, percentile, wait_for_port

MIB = 1024 * 1024
LIMIT_BYTES = 25 * MIB
FLAT_SHARE = 0.25
_WIDTH_PX, _HEIGHT_PX = 6000, 4500
_BOUNDARY = "bench-uploads-boundary"
_SAMPLE_S = 0.01
_ROOT = Path(__file__).resolve().parent.parent
_TIMEOUT_S = 180


@dataclass
class Memory:
    """Memory in bytes: of the web process, and of the processes in which it opens files (with their share of pages)."""

    web: int = 0
    openers: int = 0

    def note(self, web: int, openers: int) -> None:
        self.web, self.openers = max(self.web, web), max(self.openers, openers)


@dataclass
class Measured:
    """One way to upload: seconds of each upload, those that were refused, and the highest memory meanwhile."""

    taken_s: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    wall_s: float = 0.0
    peak: Memory = field(default_factory=Memory)


def photo(limit_bytes: int = LIMIT_BYTES) -> bytes:
    """A noisy JPEG as near to the limit as its quality allows, as a good camera makes them."""
    image = Image.fromarray(scene(_WIDTH_PX, _HEIGHT_PX, seed=1, noise_levels=6.0))
    best = b""
    for quality in (90, 93, 95, 96, 97, 98):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, subsampling=0)
        if file.tell() > limit_bytes - MIB // 8:
            break
        best = file.getvalue()
    return best


def resident_bytes(pid: int) -> int:
    """What a process has in memory now; 0 where it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(line.split()[1]) * 1024


def openers_of(group: int) -> list[Path]:
    """The fork server of a web process and its forks, as folders of /proc: nobody's children, but of its group."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if "fork_server" in (folder / "cmdline").read_text() and os.getpgid(int(folder.name)) == group:
                found.append(folder)
        except OSError:
            continue  # it ended meanwhile
    return found


def openers_bytes(group: int) -> int:
    """Their memory, each with its share of the pages that they have in common."""
    total = 0
    for folder in openers_of(group):
        try:
            total += int((folder / "smaps_rollup").read_text().split("\nPss:")[1].split()[0]) * 1024
        except (OSError, IndexError):
            continue  # it ended meanwhile
    return total


@contextmanager
def watched(pid: int) -> Iterator[Memory]:
    """The highest memory of a process, and of all that open files for it together, until the block ends."""
    peak, done, group = Memory(), threading.Event(), os.getpgid(pid)

    def watch() -> None:
        while not done.wait(_SAMPLE_S):
            peak.note(resident_bytes(pid), openers_bytes(group))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


class Caller:
    """A client on one connection per call, which sends from memory that all callers share."""

    def __init__(self, port: int, data: bytes) -> None:
        self.port = port
        self.data = data

    def call(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_S)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def by_form(self, number: int) -> str:
        """Returns "", or why the upload was refused. `number` makes the bytes differ from any other's."""
        head = (
            f"--{_BOUNDARY}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="photo-{number}.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        ).encode()
        tail = number.to_bytes(8) + f"\r\n--{_BOUNDARY}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
            "Content-Length": str(len(head) + len(self.data) + len(tail)),
        }
        status, answer = self.call("POST", "/api/uploads/shirt-photo", [head, self.data, tail], headers)
        return "" if status == 201 else f"{status} {answer.get('code')}"

    def by_signed_address(self, number: int) -> str:
        """As `by_form`, in three calls."""
        body = [self.data, number.to_bytes(8)]
        wanted = {
            "filename": f"photo-{number}.jpg",
            "filetype": "image/jpeg",
            "size": sum(map(len, body)),
            "purpose": "shirt_upload",
        }
        as_json = {"Content-Type": "application/json"}
        status, answer = self.call("POST", "/api/uploads/signed-url", json.dumps(wanted), as_json)
        if status != 200:
            return f"signed-url: {status} {answer.get('code')}"
        target = answer["data"]
        status, answer = self.call("PUT", urlsplit(target["upload_url"]).path, body, target["headers"])
        if status != 200:
            return f"PUT: {status} {answer.get('code')}"
        token = json.dumps({"token": target["token"]})
        status, answer = self.call("POST", urlsplit(target["complete_url"]).path, token, as_json)
        return "" if status == 201 else f"complete: {status} {answer.get('code')}"


def load(upload: Any, pid: int, numbers: Sequence[int], *, at_once: int) -> Measured:
    """Sends one upload per number, `at_once` at the same time."""
    measured = Measured()

    def one(number: int) -> None:
        started = time.perf_counter()
        refusal = upload(number)
        measured.taken_s.append(time.perf_counter() - started)
        if refusal:
            measured.refused.append(refusal)

    started = time.perf_counter()
    with watched(pid) as measured.peak, ThreadPoolExecutor(at_once) as pool:
        list(pool.map(one, numbers))
    measured.wall_s = time.perf_counter() - started
    return measured


@contextmanager
def web_server() -> Iterator[tuple[int, int]]:
    """Port and process id of a web process of its own; the queue's worker is not part of it."""
    port = free_port()
    server = subprocess.Popen(
        [str(_ROOT / "deploy/start"), "web"],
        env=os.environ
        | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        | {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "WEB_CONCURRENCY": "1",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
        },
    )
    try:
        wait_for_port(port)
        _, health = Caller(port, b"").call("GET", "/health/detailed", None, {})
        yield port, int(health["process"]["pid"])
    finally:
        server.terminate()
        server.wait(20)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.uploads", description=__doc__)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=4, help="uploads per caller and way")
    options = parser.parse_args(arguments)
    data = photo()
    size_bytes, in_flight_bytes = len(data) + 8, (len(data) + 8) * options.at_once
    open_shop()
    uploads = options.at_once * options.rounds
    rows: dict[str, Measured] = {}
    with web_server() as (port, pid):
        caller = Caller(port, data)
        # The first upload loads what every later one uses.
        warm = load(caller.by_form, pid, [0], at_once=1)
        base_bytes = resident_bytes(pid)
        alone = load(caller.by_form, pid, [1], at_once=1)
        for way, upload in (("form", caller.by_form), ("signed", caller.by_signed_address)):
            first = 2 + len(rows) * uploads
            rows[way] = load(upload, pid, range(first, first + uploads), at_once=options.at_once)
    print(
        f"{uploads} photos of {size_bytes / MIB:.1f} MiB ({_WIDTH_PX * _HEIGHT_PX / 1e6:.0f} MP) by each way, "
        f"{options.at_once} at once ({in_flight_bytes / MIB:.0f} MiB on their way), {os.cpu_count()} cores"
    )
    print(
        f"{'way':<14}{'MiB/s':>8}{'p50 s':>8}{'max s':>8}{'refused':>9}{'peak RSS':>11}{'growth':>9}"
        f"{'growth / on their way':>23}{'openers':>11}"
    )
    for way, row in {"form, alone": alone, **rows}.items():
        growth = max(0, row.peak.web - base_bytes)
        print(
            f"{way:<14}{len(row.taken_s) * size_bytes / MIB / row.wall_s:>8.1f}{percentile(row.taken_s, 50):>8.2f}"
            f"{max(row.taken_s):>8.2f}{len(row.refused):>9}{row.peak.web / MIB:>8.1f}MiB{growth / MIB:>6.1f}MiB"
            f"{growth / in_flight_bytes:>23.3f}{row.peak.openers / MIB:>8.0f}MiB"
        )
    print(f"web process before: {base_bytes / MIB:.1f} MiB; throughput at once / alone: ", end="")
    print(
        f"{uploads / rows['form'].wall_s * alone.wall_s:.2f}; peak RSS at once / alone: "
        f"{rows['form'].peak.web / alone.peak.web:.2f}"
    )
    refused = [reason for row in (warm, alone, *rows.values()) for reason in row.refused]
    for reason in sorted(set(refused)):
        print(f"refused: {reason}")
    peak_bytes = max(row.peak.web for row in rows.values())
    return int(bool(refused) or peak_bytes - base_bytes > FLAT_SHARE * in_flight_bytes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
