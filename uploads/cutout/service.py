"""Our own background removal as an HTTP service, for a machine of its own: `make rembg-service`.

    POST /remove-background   multipart field `image` (and `only_mask=true` for the mask alone) -> image/png
    GET  /health              200 as soon as the processes are warm, 503 before
    GET  /stats               counts, times and memory

It uses no database. `REMBG_MAX_WORKERS` processes hold the network once each; `REMBG_QUEUE_SIZE` requests may wait for
them, and one more is refused with 429 and Retry-After, before its body is read. A process that holds more than
`REMBG_MAX_RSS_MB` afterwards is replaced.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import statistics
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.util import Finalize
from typing import Any, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stolentee.settings")

from django.conf import settings
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.crypto import constant_time_compare

from uploads.cutout import remover
from uploads.cutout.backends.rembg import Engine
from uploads.cutout.backends.rembg_service import SECRET_HEADER

StartResponse = Callable[..., Any]

_PATIENCE_S = 60
_MULTIPART_OVERHEAD_BYTES = 64 * 1024
_RECENT = 500
_LOOPBACK = ("127.0.0.1", "::1", "")
_SECRET_KEY = "HTTP_" + SECRET_HEADER.upper().replace("-", "_")


class Refused(Exception):
    """An answer other than a picture."""

    def __init__(self, status: str, error: str, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": error, "message": message}
        self.retry_after_s = retry_after_s


class Pool:
    """The processes that hold the network, and no more waiting requests than there is room for."""

    def __init__(
        self, *, workers: int, queue_size: int, max_rss_mb: int, model: str, home: str, engine: Engine = "mnn"
    ) -> None:
        self.workers, self.queue_size, self.max_rss_mb, self.model = workers, queue_size, max_rss_mb, model
        self._engine, self._home = engine, home
        self._room = threading.BoundedSemaphore(workers + queue_size)
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._times_ms: deque[int] = deque(maxlen=_RECENT)
        self._rss_mb: dict[int, int] = {}
        self.counts = dict.fromkeys(("requests", "done", "refused", "rejected", "failed", "recycled"), 0)
        self.in_flight = 0
        self._warming: list[Future[int]] = []
        self._executor = self._new_executor()

    def _new_executor(self) -> ProcessPoolExecutor:
        executor = ProcessPoolExecutor(
            self.workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=remover.start,
            initargs=(self.model, self._engine, self._home, os.cpu_count() or 1),
        )
        self._warming = [executor.submit(remover.ready) for _ in range(self.workers)]
        return executor

    def is_warm(self) -> bool:
        return any(future.done() and not future.exception() for future in self._warming)

    def enter(self) -> None:
        """Takes a place, for `leave` to give back. Raises Refused where there is none."""
        self._count("requests")
        if not self._room.acquire(blocking=False):
            self._count("refused")
            raise Refused(
                "429 Too Many Requests",
                "busy",
                "Too many pictures are waiting.",
                retry_after_s=self._wait_s(),
            )
        with self._lock:
            self.in_flight += 1

    def leave(self) -> None:
        with self._lock:
            self.in_flight -= 1
        self._room.release()

    def remove(self, data: bytes, *, only_mask: bool) -> bytes:
        """Raises Refused for what is no picture, and where the processes fail."""
        executor = self._executor
        try:
            removed = executor.submit(
                remover.remove_background,
                data,
                max_pixels=settings.UPLOAD_MAX_PIXELS,
                only_mask=only_mask,
                alone=self.in_flight <= 1,
            ).result(_PATIENCE_S)
        except (BrokenProcessPool, FutureTimeoutError, RuntimeError) as error:
            self._count("failed")
            self._replace(executor)
            raise Refused(
                "503 Service Unavailable",
                "worker_lost",
                "The worker was lost. Please try again.",
                retry_after_s=1,
            ) from error
        if isinstance(removed, remover.NotRemoved):
            self._count("rejected" if removed.is_picture else "failed")
            if removed.is_picture:
                raise Refused("400 Bad Request", removed.code, removed.message)
            raise Refused("500 Internal Server Error", removed.code, "The network cannot run here.")
        self._note(removed, executor)
        return removed.png

    def _note(self, removed: remover.Removed, executor: ProcessPoolExecutor) -> None:
        with self._lock:
            self.counts["done"] += 1
            self._times_ms.append(removed.duration_ms)
            self._rss_mb[removed.pid] = removed.rss_mb
        if removed.rss_mb > self.max_rss_mb:
            self._replace(executor)

    def _replace(self, executor: ProcessPoolExecutor) -> None:
        """Starts new processes in the place of these, which end when they have done what they have."""
        with self._lock:
            if self._executor is not executor:
                return
            self._executor = self._new_executor()
            self._rss_mb.clear()
            self.counts["recycled"] += 1
        executor.shutdown(wait=False)

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def _wait_s(self) -> int:
        usual_ms = statistics.median(self._times_ms) if self._times_ms else 1000
        return max(1, math.ceil(self.queue_size * usual_ms / self.workers / 1000))

    def stats(self) -> dict[str, Any]:
        with self._lock:
            times = sorted(self._times_ms)
            return self.counts | {
                "model": self.model,
                "workers": self.workers,
                "inFlight": self.in_flight,
                "waiting": max(0, self.in_flight - self.workers),
                "queueSize": self.queue_size,
                "p50Ms": times[len(times) // 2] if times else None,
                "p95Ms": times[min(len(times) - 1, int(len(times) * 0.95))] if times else None,
                "rssMb": dict(self._rss_mb),
                "uptimeSeconds": round(time.monotonic() - self._started, 1),
            }

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)


class Service:
    """The WSGI application around a pool."""

    def __init__(self, pool: Pool, *, secret: str, max_bytes: int) -> None:
        self.pool, self._secret, self._max_bytes = pool, secret, max_bytes

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._answer(environ, start_response)
        except Refused as refusal:
            headers = [("Retry-After", str(refusal.retry_after_s))] if refusal.retry_after_s else []
            return _json(start_response, refusal.status, refusal.body, headers)

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        method, route = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if (method, route) == ("GET", "/health"):
            warm = self.pool.is_warm()
            status = "200 OK" if warm else "503 Service Unavailable"
            return _json(
                start_response, status, {"status": "ok" if warm else "warming", "model": self.pool.model}
            )
        if route not in ("/stats", "/remove-background"):
            raise Refused("404 Not Found", "not_found", "There is nothing here.")
        self._admit(environ)
        if (method, route) == ("GET", "/stats"):
            return _json(start_response, "200 OK", self.pool.stats())
        if method != "POST":
            raise Refused("405 Method Not Allowed", "method_not_allowed", "POST the picture.")
        self._check_length(environ)
        self.pool.enter()
        try:
            data, only_mask = _picture(environ)
            png = self.pool.remove(data, only_mask=only_mask)
        finally:
            self.pool.leave()
        start_response("200 OK", [("Content-Type", "image/png"), ("Content-Length", str(len(png)))])
        return [png]

    def _admit(self, environ: dict[str, Any]) -> None:
        """Whoever knows the secret; without one, this machine alone."""
        if self._secret:
            if constant_time_compare(environ.get(_SECRET_KEY, ""), self._secret):
                return
        elif environ.get("REMOTE_ADDR", "") in _LOOPBACK:
            return
        raise Refused("403 Forbidden", "secret_wrong", f"The header {SECRET_HEADER} is missing or wrong.")

    def _check_length(self, environ: dict[str, Any]) -> None:
        length = environ.get("CONTENT_LENGTH") or ""
        if not length.isdigit():
            raise Refused("411 Length Required", "length_required", "Say how long the body is.")
        if int(length) > self._max_bytes + _MULTIPART_OVERHEAD_BYTES:
            raise Refused("413 Content Too Large", "too_large", "The picture is too large.")


def _picture(environ: dict[str, Any]) -> tuple[bytes, bool]:
    try:
        fields, files = MultiPartParser(environ, environ["wsgi.input"], [_InMemory()]).parse()
    except MultiPartParserError as error:
        raise Refused(
            "400 Bad Request", "not_multipart", "Send the picture as multipart/form-data."
        ) from error
    file = files.get("image")
    if file is None:
        raise Refused("400 Bad Request", "no_image", "No image provided")
    return file.read(), fields.get("only_mask", "") == "true"


class _InMemory(MemoryFileUploadHandler):
    """Keeps every file in memory: its length has been checked already."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        self.activated = True


def _json(
    start_response: StartResponse, status: str, body: dict[str, Any], headers: Iterable[tuple[str, str]] = ()
) -> list[bytes]:
    data = json.dumps(body).encode()
    start_response(
        status, [("Content-Type", "application/json"), ("Content-Length", str(len(data))), *headers]
    )
    return [data]


def application_from_settings() -> Service:
    pool = Pool(
        workers=settings.REMBG_MAX_WORKERS,
        queue_size=settings.REMBG_QUEUE_SIZE,
        max_rss_mb=settings.REMBG_MAX_RSS_MB,
        model=settings.REMBG_MODEL,
        engine=cast(Engine, settings.REMBG_ENGINE),
        home=str(settings.REMBG_HOME),
    )
    # At its end a web process closes the pool's queue first (priority 10), and then waits for processes that nobody can
    # tell to stop.
    Finalize(None, pool.close, exitpriority=100)
    return Service(pool, secret=settings.REMBG_SERVICE_SECRET, max_bytes=settings.UPLOAD_PHOTO_MAX_BYTES)


def command() -> list[str]:
    """The web server for the service: threads enough that a refusal need not wait for a place."""
    threads = settings.REMBG_MAX_WORKERS + settings.REMBG_QUEUE_SIZE + 4
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--host", settings.REMBG_SERVICE_HOST,
        "--port", str(settings.REMBG_SERVICE_PORT), "--workers", "1", "--blocking-threads", str(threads), "--no-ws",
        "--workers-kill-timeout", "10", "--log-level", "warning", "uploads.cutout.service:application_from_settings",
    ]  # fmt: skip


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread a process is the most pictures a second
    os.environ.setdefault("NUMBA_DISABLE_JIT", "1")
    # Pictures of the same size follow one another: memory that goes back in between costs a tenth of flat art's time.
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(32 * 1024**2))
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(128 * 1024**2))
    print(
        f"Removing backgrounds at http://{settings.REMBG_SERVICE_HOST}:{settings.REMBG_SERVICE_PORT}",
        flush=True,
    )
    os.execv(sys.executable, command())  # noqa: S606  The command is ours, and its arguments are numbers and hosts.
