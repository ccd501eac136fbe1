"""`python -m bench.cutout_speed`: what a cut-out job costs beside the network's bare inference, and beside `rembg s`.

First, in a child process with one thread: the whole job (decode, cut out, encode) on a photo and on flat art at 1024
and 2000 px, and the bare inference of the same weights in the same process, taken in turns so that a busy machine
slows both; times are processor times. Then peak memory after 300 pictures. Last, the same pictures through HTTP under
1, 2 and 8 clients: to `rembg s`, and to our service where `--service HOST:PORT` names it.
"""

from __future__ import annotations

import argparse
import http.client
import http.server
import importlib.util
import io
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("NUMBA_DISABLE_JIT", "1")

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.cutout_pictures import made_pictures

ByteArray = NDArray[np.uint8]
SIDES_PX = (1024, 2000)


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
    backend.load()
    network = backend.session().inner_session
    entry = network.get_inputs()[0].name
    noise = np.random.default_rng(0).normal(0, 1, (1, 3, 320, 320)).astype(np.float32)

    def job(data: bytes) -> dict[str, float]:
        begun = time.process_time()
        rgb = decode(data).rgba[..., :3]
        decoded = time.process_time()
        cutout = extract_artwork(rgb, backend.mask, lambda step: None, subject="object")
        cut = time.process_time()
        encode_png(cutout.rgba, dpi=300)
        stages = {"decode": decoded - begun, **cutout.timings_s, "encode": time.process_time() - cut}
        return stages | {"whole": time.process_time() - begun}

    rows: dict[str, object] = {}
    for name, data in pictures().items():
        job(data)
        bare, jobs = [], []
        for _ in range(rounds):
            begun = time.process_time()
            network.run(None, {entry: noise})
            bare.append(time.process_time() - begun)
            jobs.append(job(data))
        stages = {stage: float(np.median([taken[stage] for taken in jobs])) for stage in jobs[0]}
        rows[name] = {"bare": float(np.median(bare)), "least_bare": min(bare), "stages": stages,
                      "least": min(taken["whole"] for taken in jobs)}  # fmt: skip
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
        rgb = decode(files[number % len(files)]).rgba[..., :3]
        encode_png(extract_artwork(rgb, backend.mask, lambda step: None, subject="object").rgba, dpi=300)
        if number % max(1, count // 6) == 0:
            peaks[str(number)] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return peaks


def load(
    host: str,
    port: int,
    path: str,
    field: str,
    data: bytes,
    clients: int,
    seconds: float,
    headers: dict[str, str],
) -> tuple[float, float, int]:
    """Return pictures per second, the 95th percentile (s) and the number of refusals of a server under load."""
    boundary = "picture-boundary"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="picture"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode() + data + f"\r\n--{boundary}--\r\n".encode()  # fmt: skip
    taken: list[float] = []
    refused: list[int] = []
    stop_at = time.monotonic() + seconds

    def client() -> None:
        while time.monotonic() < stop_at:
            begun = time.perf_counter()
            connection = http.client.HTTPConnection(host, port, timeout=60)
            connection.request(
                "POST", path, body, {"Content-Type": f"multipart/form-data; boundary={boundary}", **headers}
            )
            answer = connection.getresponse()
            answer.read()
            connection.close()
            if answer.status == 200:
                taken.append(time.perf_counter() - begun)
            else:
                refused.append(answer.status)
                time.sleep(0.05)

    begun = time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - begun
    return len(taken) / elapsed, float(np.percentile(taken, 95)) if taken else float("nan"), len(refused)


def rembg_server(home: Path, port: int) -> subprocess.Popen[bytes]:
    """Start `rembg s` with the same weights; without its web packages (`rembg[cli]`), what it does for each request."""
    has_web = importlib.util.find_spec("gradio") and importlib.util.find_spec("fastapi")
    stand_in = ["-m", "bench.cutout_speed", "--child", "plain", "--home", str(home), "--count", str(port)]
    real = ["-c", "from rembg.cli import main; main()", "s", "--host", "127.0.0.1", "--port", str(port)]
    print(
        "plain rembg:", "rembg s" if has_web else "rembg.remove() in a threaded server (rembg[cli] is absent)"
    )
    return subprocess.Popen(
        [sys.executable, *(real if has_web else stand_in)],
        env=os.environ | {"U2NET_HOME": str(home), "NUMBA_DISABLE_JIT": "1"},
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


def wait_for(port: int, process: subprocess.Popen[bytes] | None) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server did not start")


def child(mode: str, home: Path, count: int, threads: int) -> dict[str, object]:
    """Run one part of this bench in a process of its own, with so many threads."""
    command = [
        sys.executable,
        "-m",
        "bench.cutout_speed",
        "--child",
        mode,
        "--home",
        str(home),
        "--count",
        str(count),
    ]
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
    parser.add_argument("--service", help="host:port of our service, to be compared with `rembg s`")
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
        _jobs(home, options.rounds)
        if options.pictures:
            print("\npeak memory (MB) after pictures:", child("memory", home, options.pictures, 1))
        if options.seconds:
            _servers(home, options.seconds, options.service, options.secret)
    finally:
        shutil.rmtree(home)


def _jobs(home: Path, rounds: int) -> None:
    rows = child("jobs", home, rounds, 1)
    print(f"{'one thread':<14}{'bare ms':>9}{'job ms':>9}{'ratio':>8}{'least/least':>13}   stages (ms)")
    for name, row in rows.items():
        assert isinstance(row, dict)
        stages = {stage: round(taken * 1000) for stage, taken in row["stages"].items() if stage != "whole"}
        whole = row["stages"]["whole"]
        print(
            f"{name:<14}{row['bare'] * 1000:>9.0f}{whole * 1000:>9.0f}{whole / row['bare']:>8.2f}"
            f"{row['least'] / row['least_bare']:>13.2f}   {stages}"
        )


def _servers(home: Path, seconds: float, service: str | None, secret: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    print(f"\n{'server':<14}{'picture':<12}{'clients':>8}{'per second':>12}{'p95 s':>8}{'refused':>9}")
    files = pictures()
    process = rembg_server(home, port)
    try:
        wait_for(port, process)
        for name in ("photo 2000", "flat 2000"):
            for clients in (1, 2, 8):
                row = load(
                    "127.0.0.1", port, "/api/remove?model=u2netp", "file", files[name], clients, seconds, {}
                )
                print(f"{'rembg s':<14}{name:<12}{clients:>8}{row[0]:>12.2f}{row[1]:>8.2f}{row[2]:>9}")
    finally:
        process.terminate()
        process.wait(20)
    if service is None:
        return
    host, _, service_port = service.rpartition(":")
    headers = {"X-Rembg-Secret": secret} if secret else {}
    for name in ("photo 2000", "flat 2000"):
        for clients in (1, 2, 8):
            row = load(
                host, int(service_port), "/remove-background", "image", files[name], clients, seconds, headers
            )
            print(f"{'our service':<14}{name:<12}{clients:>8}{row[0]:>12.2f}{row[1]:>8.2f}{row[2]:>9}")


if __name__ == "__main__":
    main()
