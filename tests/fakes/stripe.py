"""A stateful double of the part of Stripe that the shop uses, on loopback.

Requests are checked against the SDK's own typed parameters, so that what the real Stripe would refuse is refused here.
The books behind it are in `stripe_books`; this module speaks HTTP, keeps idempotency keys, and fails on demand.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.stripe_books import Books, Refusal


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]


@dataclass
class FakeStripe(Books):
    """`with FakeStripe() as stripe:` serves at `stripe.url`; the rest are its controls and what it saw."""

    requests: list[Request] = field(default_factory=list)
    replies: dict[str, tuple[dict[str, str], int, dict[str, Any]]] = field(default_factory=dict)
    _failures: list[int] = field(default_factory=list)
    _delays_s: list[float] = field(default_factory=list)

    def __enter__(self) -> FakeStripe:
        double = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                """The test's output stays readable."""

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                address = urlsplit(self.path)
                text = self.rfile.read(length).decode() or address.query
                form = dict(parse_qsl(text, keep_blank_values=True))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, body = double.handle(Request(self.command, address.path, headers, form))
                data = json.dumps(body).encode()
                time.sleep(double._delays_s.pop(0) if double._delays_s else 0)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                try:
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    self.close_connection = True  # the caller has lost its patience

            do_GET = do_POST = _answer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def fail_next(self, times: int, status: int) -> None:
        self._failures += [status] * times

    def delay_next(self, times: int, seconds: float) -> None:
        """The request is carried out at once, and its answer comes late."""
        self._delays_s += [seconds] * times

    def handle(self, request: Request) -> tuple[int, dict[str, Any]]:
        self.requests.append(request)
        if self._failures:
            status = self._failures.pop(0)
            return status, Refusal("told to fail", kind="api_error").body()
        key = request.headers.get("idempotency-key")
        if request.method == "POST" and key in self.replies:
            form, status, body = self.replies[key]
            if form == request.form:
                return status, body
            return 400, Refusal("other parameters for the same key", kind="idempotency_error").body()
        try:
            status, body = 200, self.answer(request.method, request.path, request.form)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body()
        # Stripe keeps no reply to parameters that it refused (https://docs.stripe.com/api/idempotent_requests).
        if request.method == "POST" and key and status != 400:
            self.replies[key] = (request.form, status, json.loads(json.dumps(body)))
        return status, body
