"""Our own background removal over HTTP: pictures in and out, refusals before work, bounded waiting."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from tests import services
from tests.stolentee.production import wait_until
from uploads.cutout import remover, service
from uploads.cutout.artwork import Cutout
from uploads.cutout.remover import NotRemoved, Removed, with_alpha
from uploads.cutout.service import Pool, Service

SECRET = "known-to-the-shop"
BOUNDARY = "the-boundary"


def picture(side_px: int = 64) -> bytes:
    rgb = np.full((side_px, side_px, 3), 240, np.uint8)
    rgb[16:48, 16:48] = (200, 20, 20)
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return file.getvalue()


class _ThreadPool(Pool):
    """The same rules with threads in the place of processes, so that a test can stand in for the network."""

    def _new_executor(self) -> Any:
        self._warming = []
        return ThreadPoolExecutor(self.workers)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> _ThreadPool:
    monkeypatch.setattr(
        remover, "remove_background", lambda data, **options: Removed(b"\x89PNG" + data[:4], 12, 1, 300)
    )
    return _ThreadPool(workers=1, queue_size=1, max_rss_mb=500, model="u2netp", home="")


def form(data: bytes | None, name: str = "image", **fields: str) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    body = "".join(parts).encode()
    if data is not None:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="x.png"\r\n'
        body += head.encode() + b"Content-Type: image/png\r\n\r\n" + data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def ask(
    app: Service, method: str = "POST", path: str = "/remove-background", body: bytes = b"", **environ: Any
) -> tuple[int, dict[str, str], bytes]:
    answer: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        answer.update(status=int(status.split()[0]), headers={name.lower(): value for name, value in headers})

    base = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(body),
    }
    content = b"".join(app(base | environ, start_response))
    return answer["status"], answer["headers"], content


@pytest.fixture
def app(pool: _ThreadPool) -> Service:
    return Service(pool, secret="", max_bytes=1_000_000)


def test_a_picture_goes_in_and_a_png_comes_out(app: Service) -> None:
    status, headers, body = ask(app, body=form(b"data"))
    assert (status, headers["content-type"], body) == (200, "image/png", b"\x89PNGdata")
    assert app.pool.stats()["done"] == 1 and app.pool.stats()["p50Ms"] == 12


@pytest.mark.parametrize(
    ("body", "environ", "status", "error"),
    [
        (form(None), {}, 400, "no_image"),
        (form(b"data", name="file"), {}, 400, "no_image"),
        (b"nonsense", {"CONTENT_TYPE": "text/plain"}, 400, "not_multipart"),
        (form(b"data"), {"CONTENT_LENGTH": ""}, 411, "length_required"),
        (form(b"data"), {"CONTENT_LENGTH": "9999999"}, 413, "too_large"),
        (b"", {"REQUEST_METHOD": "GET"}, 405, "method_not_allowed"),
        (b"", {"PATH_INFO": "/elsewhere"}, 404, "not_found"),
    ],
)
def test_refusals_say_why(
    app: Service, body: bytes, environ: dict[str, str], status: int, error: str
) -> None:
    found, _, content = ask(app, body=body, **environ)
    assert (found, json.loads(content)["error"]) == (status, error)
    assert app.pool.counts["done"] == 0
    assert app.pool.in_flight == 0


def test_a_body_that_is_too_large_is_not_read(app: Service) -> None:
    class Unread:
        def read(self, *args: int) -> bytes:
            raise AssertionError("must not be read")

    status, _, _ = ask(app, CONTENT_LENGTH="30000000", **{"wsgi.input": Unread()})
    assert status == 413


@pytest.mark.parametrize(
    ("secret", "environ", "status"),
    [
        (SECRET, {"HTTP_X_REMBG_SECRET": SECRET, "REMOTE_ADDR": "10.0.0.9"}, 200),
        (SECRET, {"HTTP_X_REMBG_SECRET": "guessed"}, 403),
        (SECRET, {}, 403),
        ("", {"REMOTE_ADDR": "10.0.0.9"}, 403),
        ("", {}, 200),
    ],
)
def test_only_who_knows_the_secret_or_is_here_gets_in(
    pool: _ThreadPool, secret: str, environ: dict[str, str], status: int
) -> None:
    app = Service(pool, secret=secret, max_bytes=1_000_000)
    assert ask(app, body=form(b"data"), **environ)[0] == status
    assert ask(app, "GET", "/stats", **environ)[0] == status


def test_one_too_many_is_refused_with_the_time_to_come_back(
    app: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, begun = threading.Event(), threading.Semaphore(0)

    def slow(data: bytes, **options: Any) -> Removed:
        begun.release()
        released.wait(10)
        return Removed(b"\x89PNG", 10, 1, 300)

    monkeypatch.setattr(remover, "remove_background", slow)
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(ask(app, body=form(b"x"))[0])) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    begun.acquire()
    while app.pool.in_flight < 2:
        threading.Event().wait(0.01)
    status, headers, content = ask(app, body=form(b"x"))
    assert (status, json.loads(content)["error"]) == (429, "busy")
    assert int(headers["retry-after"]) >= 1
    assert ask(app, "GET", "/stats")[0] == 200  # whoever watches is answered all the same
    released.set()
    for thread in threads:
        thread.join()
    assert statuses == [200, 200]
    assert ask(app, body=form(b"x"))[0] == 200
    assert app.pool.counts["refused"] == 1


def ending(outcome: Exception | NotRemoved) -> Callable[..., NotRemoved]:
    def end(data: bytes, **options: Any) -> NotRemoved:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return end


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (NotRemoved("too_many_pixels", "The picture is too large.", is_picture=True), 400, "too_many_pixels"),
        (NotRemoved("removal_failed", "no weights", is_picture=False), 500, "removal_failed"),
        (BrokenProcessPool(), 503, "worker_lost"),
    ],
)
def test_what_goes_wrong_in_a_process_has_its_own_answer(
    app: Service, monkeypatch: pytest.MonkeyPatch, outcome: Exception | NotRemoved, status: int, code: str
) -> None:
    monkeypatch.setattr(remover, "remove_background", ending(outcome))
    found, _, content = ask(app, body=form(b"x"))
    assert (found, json.loads(content)["error"]) == (status, code)
    assert app.pool.in_flight == 0
    assert app.pool.counts["recycled"] == (1 if code == "worker_lost" else 0)


def test_a_process_that_has_grown_too_large_is_replaced(
    app: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remover, "remove_background", lambda data, **options: Removed(b"\x89PNG", 10, 1, 501))
    before = app.pool._executor
    assert ask(app, body=form(b"x"))[0] == 200
    assert app.pool._executor is not before
    assert app.pool.counts["recycled"] == 1


def test_the_pictures_own_colours_stay_and_clear_pixels_have_none() -> None:
    rgba = np.full((2, 2, 4), 255, np.uint8)
    rgba[..., 0] = 77
    alpha = np.array([[0, 128], [255, 255]], np.uint8)
    result = with_alpha(rgba, alpha)
    assert result[0, 0].tolist() == [0, 0, 0, 0]
    assert result[0, 1].tolist() == [77, 255, 255, 128]


def test_its_command_has_room_for_those_who_are_refused(settings: Any) -> None:
    settings.REMBG_MAX_WORKERS, settings.REMBG_QUEUE_SIZE = 3, 8
    command = service.command()
    assert int(command[command.index("--blocking-threads") + 1]) > 3 + 8
    assert command[command.index("--workers") + 1] == "1"


@pytest.mark.timeout(180)
def test_the_real_processes_remove_a_background(settings: Any) -> None:
    pool = Pool(workers=1, queue_size=1, max_rss_mb=4000, model="u2netp", home=str(settings.REMBG_HOME))
    try:
        app = Service(pool, secret="", max_bytes=1_000_000)
        status, _, png = ask(app, body=form(picture()))
        assert status == 200
        rgba = np.asarray(Image.open(io.BytesIO(png)))
        assert rgba.shape == (64, 64, 4)
        status, _, png = ask(app, body=form(picture(), only_mask="true"))
        assert Image.open(io.BytesIO(png)).mode == "L"
        assert ask(app, body=form(b"no picture"))[0] == 400
        assert ask(app, "GET", "/health")[0] == 200
        stats = pool.stats()
        assert (stats["done"], stats["rejected"], stats["model"]) == (2, 1, "u2netp")
    finally:
        pool.close()


def children(pid: int) -> list[int]:
    """The processes that this one has started, and theirs; those that have ended and are not yet buried left out."""
    own = [
        int(child)
        for file in Path(f"/proc/{pid}/task").glob("*/children")
        for child in file.read_text().split()
    ]
    return [found for child in own for found in (child, *children(child))]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.timeout(120)
@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_no_process_outlives_the_server(settings: Any, killed: bool) -> None:
    port = services._free_port()
    own = {"REMBG_HOME": str(settings.REMBG_HOME), "REMBG_SERVICE_PORT": str(port), "REMBG_MAX_WORKERS": "2"}
    command = [sys.executable, "-m", "uploads.cutout.service"]
    server = subprocess.Popen(command, env=os.environ | own, stdout=subprocess.DEVNULL)
    processes: list[int] = []
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: requests.get(f"{url}/health", timeout=5).status_code == 200, "warm", 60)
        for _ in range(4):
            answer = requests.post(f"{url}/remove-background", files={"image": picture()}, timeout=30)
            assert answer.status_code == 200
        processes = children(server.pid)
        assert len(processes) >= 3, "a web process, and two that hold the network"
        began = time.monotonic()
        if killed:
            for pid in (server.pid, processes[0]):
                os.kill(pid, signal.SIGKILL)
        else:
            server.terminate()
        server.wait(30)
        wait_until(lambda: not any(map(is_alive, processes)), f"{processes} to end", 10)
        assert time.monotonic() - began < 8, "before its ten seconds are over and it is killed"
    finally:
        for pid in filter(is_alive, (server.pid, *processes)):
            os.kill(pid, signal.SIGKILL)
        server.wait()


class _NoNetwork:
    def mask(self, rgb: np.ndarray) -> np.ndarray:
        raise AssertionError("flat art must not cost a run of the network")


class _Everything:
    def mask(self, rgb: np.ndarray) -> np.ndarray:
        return np.ones(rgb.shape[:2], dtype=np.float32)


def removed(data: bytes) -> np.ndarray:
    result = remover.remove_background(data, max_pixels=1_000_000, only_mask=False)
    assert isinstance(result, Removed)
    return np.asarray(Image.open(io.BytesIO(result.png)))


def test_flat_art_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remover, "_backend", _NoNetwork())
    rgba = removed(picture(128))
    assert rgba.shape == (128, 128, 4)
    assert rgba[32, 32].tolist() == [200, 20, 20, 255]
    assert rgba[2, 2].tolist() == [0, 0, 0, 0]


def test_a_picture_that_is_cut_out_already_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remover, "_backend", _NoNetwork())
    rgba = np.full((40, 40, 4), 90, np.uint8)
    rgba[:20] = 0
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG")
    assert np.array_equal(removed(file.getvalue()), rgba)


def test_where_the_pipeline_finds_nothing_the_networks_mask_is_returned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remover, "_backend", _Everything())
    noise = np.random.default_rng(4).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    assert np.array_equal(removed(file.getvalue())[..., :3], noise)


def test_a_part_of_a_large_picture_comes_back_in_its_place() -> None:
    part = np.full((10, 20, 4), 255, np.uint8)
    cutout = Cutout(part, "salient", 0.8, (40, 60, 80, 80), {})
    canvas = remover.whole_picture(cutout, 200, 300)
    assert canvas.shape == (200, 300, 4)
    assert (canvas[60:80, 40:80] == 255).all()
    assert np.count_nonzero(canvas[..., 3]) == 20 * 40
