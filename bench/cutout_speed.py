"""`python -m bench.cutout_speed`: what a cut-out job costs beside the network's bare inference, and beside `rembg s`.

First, in a child process with one thread: the whole job (decode, cut out, encode) on a photo and on flat art at 1024
and 2000 px, and the bare inference of the same weights in the same process, on rembg's engine (onnxruntime) and on
ours (MNN), taken in turns so that a busy machine slows all; times are processor times. Then peak memory after 300
pictures. Last, the same pictures through HTTP under 1, 2 and 8 clients, in turns to `rembg s` and to our service, while
the other is paused: photos, flat art, and as many of one as of the other. The bench starts both servers;
`--service HOST:PORT` names one that runs already, `--rembg PYTHON` a Python that has `rembg[cli]` where this one has
not.
"""

from __future__ import annotations

import argparse
import http.client
import http.server
import io
import itertools
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("NUMBA_DISABLE_JIT", "1")

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.cutout_pictures import made_pictures
from bench.shop import free_port

ByteArray = NDArray[np.uint8]
SIDES_PX = (1024, 2000)
CLIENTS = (1, 2, 8)
_BOUNDARY = "picture-boundary"


def pictures() -> dict[str, bytes]:
    """Return a photo (JPEG) and flat art (PNG) at each size, by name."""
    made = {picture.name.split("_q")[0]: picture for picture in made_pictures(3)}
    photo = next(picture for name, picture in made.items() if name.startswith("made_photo"))
    flat = next(picture for name, picture in made.items() if "badge" in name and picture.kind == "flat")
    files = {}
    for side_px in SIDES_PX:
        files[f"photo {side_px}"] = _encoded(photo.rgb, side_px, "JPEG", quality=92)
        files[f"flat {side_px}"] = _encoded(flat.rgb, side_px, "PNG")
    return files


def _encoded(rgb: ByteArray, side_px: int, form: str, **how: int) -> bytes:
    buffer = io.BytesIO()
    enlarged = cv2.resize(rgb, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    Image.fromarray(enlarged).save(buffer, form, **how)
    return buffer.getvalue()


def in_process(home: Path, rounds: int) -> dict[str, object]:
    """Measure jobs and bare inference in turns, in this process, with one thread, in processor time.

    With one thread processor time is what a clock shows on a machine that does nothing else.
    """
    cv2.setNumThreads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    from uploads.cutout.artwork import extract_artwork
    from uploads.cutout.backends.rembg import RembgBackend
    from uploads.imaging.decode import decode
    from uploads.imaging.encode import encode_png

    backend = RembgBackend(home=home)
    engine, rembg_engine = backend.load(), RembgBackend(home=home, engine="onnxruntime").load()
    noise = np.random.default_rng(0).normal(0, 1, (1, 3, 320, 320)).astype(np.float32)

    def job(data: bytes) -> dict[str, float]:
        begun = time.process_time()
        rgb = decode(data).rgb
        decoded = time.process_time()
        cutout = extract_artwork(rgb, backend.mask, lambda step: None, subject="object")
        cut = time.process_time()
        encode_png(cutout.rgba, dpi=300)
        stages = {"decode": decoded - begun, **cutout.timings_s, "encode": time.process_time() - cut}
        return stages | {"whole": time.process_time() - begun}

    rows: dict[str, object] = {}
    for name, data in pictures().items():
        job(data)
        bare, own, jobs = [], [], []
        for _ in range(rounds):
            for network, taken in ((rembg_engine, bare), (engine, own)):
                begun = time.process_time()
                network.saliency(noise)
                taken.append(time.process_time() - begun)
            jobs.append(job(data))
        stages = {stage: float(np.median([taken[stage] for taken in jobs])) for stage in jobs[0]}
        rows[name] = {"bare": float(np.median(bare)), "own": float(np.median(own)), "least_own": min(own),
                      "stages": stages}  # fmt: skip
    return rows


def memory(home: Path, count: int) -> dict[str, float]:
    """Return the peak memory (MB) of this process after each third of `count` pictures."""
    from uploads.cutout.artwork import extract_artwork
    from uploads.cutout.backends.rembg import RembgBackend
    from uploads.imaging.decode import decode
    from uploads.imaging.encode import encode_png

    backend = RembgBackend(home=home)
    backend.load()
    files = list(pictures().values())
    peaks = {}
    for number in range(1, count + 1):
        rgb = decode(files[number % len(files)]).rgb
        encode_png(extract_artwork(rgb, backend.mask, lambda step: None, subject="object").rgba, dpi=300)
        if number % max(1, count // 6) == 0:
            peaks[str(number)] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return peaks


@dataclass(frozen=True)
class Server:
    """Where pictures are sent, and in which words."""

    name: str
    host: str
    port: int
    path: str
    field: str
    headers: dict[str, str]
    values: dict[str, str]


@dataclass(frozen=True)
class Load:
    """What came back under load: pictures a second, the 95th percentile of their times (s), refusals."""

    per_second: float
    p95_s: float
    refused: int


def form(field: str, data: bytes, values: dict[str, str]) -> bytes:
    """Return the picture as the one file of a multipart form with these other values."""
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in values.items()
    ]
    head = "".join(parts) + (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="picture"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode() + data + f"\r\n--{_BOUNDARY}--\r\n".encode()


def load(server: Server, files: list[bytes], clients: int, seconds: float) -> Load:
    """Send the files in turns, each client one after the other, and count what comes back."""
    bodies = [form(server.field, data, server.values) for data in files]
    headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}", **server.headers}
    taken: list[float] = []
    refused: list[int] = []
    stop_at = time.monotonic() + seconds

    def client(first: int) -> None:
        for number in itertools.count(first):
            if time.monotonic() >= stop_at:
                return
            begun = time.perf_counter()
            connection = http.client.HTTPConnection(server.host, server.port, timeout=120)
            connection.request("POST", server.path, bodies[number % len(bodies)], headers)
            answer = connection.getresponse()
            answer.read()
            connection.close()
            if answer.status == 200:
                taken.append(time.perf_counter() - begun)
            else:
                refused.append(answer.status)
                time.sleep(0.05)

    begun = time.perf_counter()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return loaded(taken, len(refused), time.perf_counter() - begun)


def loaded(taken_s: list[float], refused: int, elapsed_s: float) -> Load:
    """Return the figures of one load; the percentile of no answers is nan."""
    p95_s = float(np.percentile(taken_s, 95)) if taken_s else float("nan")
    return Load(len(taken_s) / elapsed_s, p95_s, refused)


def rembg_server(home: Path, port: int, python: str) -> subprocess.Popen[bytes]:
    """Start `rembg s` with the same weights; without its web packages (`rembg[cli]`), what it does for each request."""
    known = subprocess.run([python, "-c", "import fastapi, gradio, rembg"], capture_output=True)
    has_web = known.returncode == 0
    stand_in = [
        sys.executable,
        "-m",
        "bench.cutout_speed",
        "--child",
        "plain",
        "--home",
        str(home),
        "--count",
    ]
    real = [python, "-c", "from rembg.cli import main; main()", "s", "--host", "127.0.0.1", "--port"]
    print(
        "plain rembg:", "rembg s" if has_web else "rembg.remove() in a threaded server (rembg[cli] is absent)"
    )
    return subprocess.Popen(
        [*(real if has_web else stand_in), str(port)],
        env=os.environ | {"U2NET_HOME": str(home), "NUMBA_DISABLE_JIT": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def own_server(home: Path, port: int) -> subprocess.Popen[bytes]:
    """Start our service as `make rembg-service` does."""
    return subprocess.Popen(
        [sys.executable, "-m", "uploads.cutout.service"],
        env=os.environ
        | {"REMBG_HOME": str(home), "REMBG_SERVICE_PORT": str(port), "REMBG_SERVICE_SECRET": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def serve_plain(home: Path, port: int) -> dict[str, float]:
    """Answer every POST with `rembg.remove` of the picture in it, as `rembg s` does, until the process is ended."""
    import rembg

    os.environ["U2NET_HOME"] = str(home)
    session = rembg.new_session("u2netp")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            start, end = body.index(b"\r\n\r\n") + 4, body.rindex(b"\r\n--")
            png = rembg.remove(body[start:end], session=session)
            self.send_response(200)
            self.send_header("Content-Length", str(len(png)))
            self.end_headers()
            self.wfile.write(png)

        def log_message(self, *arguments: object) -> None:
            """Say nothing: the bench prints its own figures."""

    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
    return {}


def wait_for(host: str, port: int, processes: list[subprocess.Popen[bytes]]) -> None:
    """Return when somebody listens there; raise when one of the processes has ended, or none listens for 90 s."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        for process in processes:
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with socket.create_connection((host, port), timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server did not start")


def child(mode: str, home: Path, count: int, threads: int) -> dict[str, object]:
    """Run one part of this bench in a process of its own, with so many threads."""
    command = [sys.executable, "-m", "bench.cutout_speed", "--child", mode, "--home", str(home)]
    command += ["--count", str(count)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "VIPS_CONCURRENCY": str(threads)}
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    result: dict[str, object] = json.loads(answer.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--pictures", type=int, default=300, help="how many for the memory test; 0 leaves it out"
    )
    parser.add_argument(
        "--seconds", type=float, default=12, help="per load of the HTTP test; 0 leaves it out"
    )
    parser.add_argument("--service", help="host:port of our service where it runs already")
    parser.add_argument("--rembg", default=sys.executable, help="a Python that has rembg[cli]")
    parser.add_argument("--secret", default="", help="the shared secret of our service")
    parser.add_argument("--home", type=Path, default=Path("var/models"))
    parser.add_argument("--child", choices=["jobs", "memory", "plain"])
    parser.add_argument("--count", type=int, default=0)
    options = parser.parse_args()
    if options.child:
        part = {"jobs": in_process, "memory": memory, "plain": serve_plain}[options.child]
        print(json.dumps(part(options.home, options.count)))
        return
    from uploads.cutout.weights import prepare_home

    home = Path(tempfile.mkdtemp(prefix="bench-models-"))
    prepare_home(home)
    try:
        bare_s = _jobs(home, options.rounds)
        if options.pictures:
            print("\npeak memory (MB) after pictures:", child("memory", home, options.pictures, 1))
        if options.seconds:
            _servers(home, options.seconds, options.service, options.secret, options.rembg, bare_s)
    finally:
        shutil.rmtree(home)


def _jobs(home: Path, rounds: int) -> float:
    """Print what the jobs take; return what our bare inference takes at least, on one thread (s)."""
    rows = child("jobs", home, rounds, 1)
    print(
        f"{'one thread':<14}{'job ms':>9}{'rembg infers':>14}{'ratio':>7}{'ours':>9}{'ratio':>7}   stages (ms)"
    )
    for name, row in rows.items():
        assert isinstance(row, dict)
        stages = {stage: round(taken * 1000) for stage, taken in row["stages"].items() if stage != "whole"}
        whole = row["stages"]["whole"]
        print(
            f"{name:<14}{whole * 1000:>9.0f}{row['bare'] * 1000:>14.0f}{whole / row['bare']:>7.2f}"
            f"{row['own'] * 1000:>9.0f}{whole / row['own']:>7.2f}   {stages}"
        )
    return min(float(row["least_own"]) for row in rows.values() if isinstance(row, dict))


def _servers(
    home: Path, seconds: float, service: str | None, secret: str, python: str, bare_s: float
) -> None:
    files = pictures()
    photo, flat = files["photo 2000"], files["flat 2000"]
    kinds = {"photo": [photo], "flat": [flat], "half and half": [photo, flat]}
    ports = [free_port(), free_port()]
    started = [rembg_server(home, ports[0], python)]
    host, own_port = "127.0.0.1", ports[1]
    if service is None:
        started.append(own_server(home, own_port))
    else:
        host, _, named = service.rpartition(":")
        own_port = int(named)
    plain = Server("rembg s", "127.0.0.1", ports[0], "/api/remove", "file", {}, {"model": "u2netp"})
    headers = {"X-Rembg-Secret": secret} if secret else {}
    own = Server("our service", host, own_port, "/remove-background", "image", headers, {})
    try:
        for server in (plain, own):
            wait_for(server.host, server.port, started)
            warm_up(server, photo)
        print(
            f"{'2000 px':<15}{'clients':>8}{'rembg s /s':>12}{'p95 s':>8}{'refused':>8}"
            f"{'ours /s':>10}{'p95 s':>8}{'refused':>8}{'ratio':>8}"
        )
        for name, chosen in kinds.items():
            for clients in CLIENTS:
                with paused(started[1:]):
                    first = load(plain, chosen, clients, seconds)
                with paused(started[:1]):  # between requests `rembg s` takes a twelfth of a core
                    second = load(own, chosen, clients, seconds)
                print(
                    f"{name:<15}{clients:>8}{first.per_second:>12.2f}{first.p95_s:>8.2f}{first.refused:>8}"
                    f"{second.per_second:>10.2f}{second.p95_s:>8.2f}{second.refused:>8}"
                    f"{second.per_second / first.per_second:>8.2f}",
                    flush=True,
                )
                if name == "photo":  # each needs one inference, and every core runs one at a time
                    most = (os.cpu_count() or 1) / bare_s / first.per_second
                    print(
                        f"{'':<15}inference alone, on idle cores, bounds the ratio to {most:.2f}", flush=True
                    )
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


@contextmanager
def paused(processes: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Keep servers from the processor while the other one is measured."""
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


def warm_up(server: Server, data: bytes) -> None:
    """Let every process of the server load its network: a first picture takes several times as long."""
    deadline = time.monotonic() + 120
    while load(server, [data], max(CLIENTS), 1).per_second == 0:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{server.name} answers no picture")


if __name__ == "__main__":
    main()
