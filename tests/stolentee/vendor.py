"""A double of remove.bg that answers every picture with the same cut-out, an ellipse, when it may."""

from __future__ import annotations

import io
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from PIL import Image, ImageDraw


def _reply() -> bytes:
    picture = Image.new("RGBA", (600, 800), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((150, 200, 450, 600), fill=(200, 60, 40, 255))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


class FakeRemoveBg:
    """`with FakeRemoveBg() as vendor:` serves at `vendor.url` and counts `vendor.calls`.

    `vendor.may_answer.clear()` makes it keep everybody waiting until `set()`.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __enter__(self) -> FakeRemoveBg:
        double, reply = self, _reply()

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                """The test's output stays readable."""

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                double.calls += 1
                double.may_answer.wait()
                with suppress(OSError):  # whoever asked may have left
                    self.send_response(200)
                    self.send_header("Content-Type", "image/png")
                    self.send_header("Content-Length", str(len(reply)))
                    self.end_headers()
                    self.wfile.write(reply)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()
