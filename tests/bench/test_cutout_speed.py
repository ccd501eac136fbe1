"""What the speed bench sends and how it counts what comes back."""

import http.server
import io
import math
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from django.http.multipartparser import MultiPartParser

from bench.cutout_speed import Server, form, load, loaded, wait_for
from bench.shop import free_port


def test_the_form_holds_the_picture_and_the_other_values() -> None:
    body = form("file", b"\x89PNG\r\n--bytes", {"model": "u2netp"})
    environ = {
        "CONTENT_TYPE": "multipart/form-data; boundary=picture-boundary",
        "CONTENT_LENGTH": str(len(body)),
    }
    from django.core.files.uploadhandler import MemoryFileUploadHandler

    class InMemory(MemoryFileUploadHandler):
        def handle_raw_input(self, *args: object, **kwargs: object) -> None:
            self.activated = True

    fields, files = MultiPartParser(environ, io.BytesIO(body), [InMemory()]).parse()
    assert fields["model"] == "u2netp"
    assert files["file"].read() == b"\x89PNG\r\n--bytes"


def test_a_load_is_pictures_a_second_and_the_slowest_twentieth() -> None:
    found = loaded([0.1] * 95 + [2.0] * 5, refused=3, elapsed_s=10)
    assert (found.per_second, found.refused) == (10, 3)
    assert 0.1 < found.p95_s < 2.0
    assert math.isnan(loaded([], refused=1, elapsed_s=1).p95_s)


@pytest.fixture
def every_third_refused() -> Iterator[tuple[int, list[bytes]]]:
    seen: list[bytes] = []
    lock = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                seen.append(body)
                status = 429 if len(seen) % 3 == 0 else 200
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_clients_take_the_files_in_turns_and_refusals_are_no_pictures(
    every_third_refused: tuple[int, list[bytes]],
) -> None:
    port, seen = every_third_refused
    server = Server("double", "127.0.0.1", port, "/", "image", {}, {})
    found = load(server, [b"first", b"second"], clients=2, seconds=0.5)
    assert found.refused == len(seen) // 3
    assert found.per_second > 0
    firsts = sum(b"first" in body for body in seen)
    assert abs(firsts - (len(seen) - firsts)) <= 2


def test_a_server_that_ends_is_not_waited_for() -> None:
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    process.wait()
    with pytest.raises(RuntimeError, match="ended with 3"):
        wait_for("127.0.0.1", free_port(), [process])
