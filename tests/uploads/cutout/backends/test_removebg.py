"""remove.bg's client against a server on this machine that answers as theirs does."""

import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from common.errors import ProviderError
from tests.fakes.http import Reply
from tests.fakes.removebg import KEY, RATE_LIMITED, FakeRemoveBg
from uploads.cutout.backends.removebg import RemoveBgBackend
from uploads.imaging.encode import encode_png


@dataclass
class Double:
    """What the server answers next, and what it was asked."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def double() -> Iterator[Double]:
    state = Double()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.requests.append((self.path, dict(self.headers), body))
            if state.delay_s:
                state.released.wait(state.delay_s)
                return
            self.send_response(state.status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *arguments: object) -> None:
            """Keep the test run quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    state.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def cut_out_png(side_px: int) -> bytes:
    pixels = np.zeros((side_px, side_px, 4), dtype=np.uint8)
    pixels[:, side_px // 2 :] = (10, 20, 30, 255)
    return encode_png(pixels)


def refusal_of(double: Double, **options: float) -> ProviderError:
    with pytest.raises(ProviderError) as refusal:
        RemoveBgBackend("the-key", base_url=double.url, **options).cut_out(b"a picture")
    assert refusal.value.provider == "removebg"
    assert "the-key" not in str(refusal.value)
    return refusal.value


def test_reply_carries_the_picture_and_its_price(double: Double) -> None:
    double.body = cut_out_png(8)
    double.headers = {"X-Credits-Charged": "1.25", "Content-Type": "image/png"}
    reply = RemoveBgBackend("the-key", base_url=double.url + "/").cut_out(b"a picture")
    assert reply.png == double.body
    assert reply.credits_charged == Decimal("1.25")
    ((path, headers, body),) = double.requests
    assert path == "/v1.0/removebg"
    assert headers["X-Api-Key"] == "the-key"
    assert headers["Content-Type"].startswith("multipart/form-data")
    assert b'name="image_file"' in body
    assert b"a picture" in body
    for name, value in ((b"size", b"auto"), (b"format", b"png")):
        assert b'name="' + name + b'"\r\n\r\n' + value in body


def test_price_that_is_missing_or_nonsense_counts_as_none(double: Double) -> None:
    double.body = cut_out_png(8)
    backend = RemoveBgBackend("the-key", base_url=double.url)
    assert backend.cut_out(b"a picture").credits_charged == 0
    double.headers = {"X-Credits-Charged": "many"}
    assert backend.cut_out(b"a picture").credits_charged == 0


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (402, False), (403, False), (429, True), (500, True), (503, True), (302, False)],
)
def test_refusals_say_whether_to_ask_again(double: Double, status: int, retryable: bool) -> None:
    double.status = status
    double.body = json.dumps({"errors": [{"title": "Insufficient credits", "code": "x"}]}).encode()
    error = refusal_of(double)
    assert error.retryable is retryable
    assert str(error) == f"remove.bg refused with {status}: Insufficient credits"
    assert len(double.requests) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors": []}', b'{"errors": "no"}'])
def test_refusal_without_a_reason_is_still_a_refusal(double: Double, body: bytes) -> None:
    double.status, double.body = 402, body
    assert str(refusal_of(double)) == "remove.bg refused with 402: no reason given"


def test_answer_that_is_no_png_is_not_passed_on(double: Double) -> None:
    double.body = b"<html>welcome to our proxy</html>"
    assert refusal_of(double).retryable


def test_silence_ends_with_the_time_limit(double: Double) -> None:
    double.delay_s = 5
    assert refusal_of(double, timeout_s=0.2).retryable


def test_nobody_there_is_retryable() -> None:
    backend = RemoveBgBackend("the-key", base_url="http://127.0.0.1:9")
    with pytest.raises(ProviderError) as refusal:
        backend.cut_out(b"a picture")
    assert refusal.value.retryable


def test_mask_has_the_size_of_the_picture(double: Double) -> None:
    double.body = cut_out_png(40)
    rgb = np.full((80, 80, 3), 90, dtype=np.uint8)
    removal = RemoveBgBackend("the-key", base_url=double.url).remove(rgb)
    mask = removal.alpha
    assert removal.received_bytes == len(double.body)
    assert mask.shape == (80, 80)
    assert mask.dtype == np.float32
    assert mask[:, :36].max() == 0
    assert mask[:, 44:].min() == 1
    sent = double.requests[0][2]
    start = sent.index(b"\xff\xd8\xff")
    assert Image.open(io.BytesIO(sent[start:])).size == (80, 80)


def test_damaged_png_is_an_error_and_no_mask(double: Double) -> None:
    double.body = cut_out_png(40)[:-40]
    with pytest.raises(ProviderError, match="damaged") as refusal:
        RemoveBgBackend("the-key", base_url=double.url).remove(np.zeros((8, 8, 3), dtype=np.uint8))
    assert refusal.value.retryable


# --- Against the double that behaves as the documentation says ---


@pytest.fixture
def account() -> Iterator[FakeRemoveBg]:
    with FakeRemoveBg() as fake:
        yield fake


def art(size_px: int = 600) -> np.ndarray:
    rgb = np.full((size_px, size_px, 3), 250, dtype=np.uint8)
    rgb[size_px // 4 : -size_px // 4, size_px // 4 : -size_px // 4] = (200, 30, 30)
    return rgb


def test_a_mask_costs_a_preview_and_a_cut_out_a_credit(account: FakeRemoveBg) -> None:
    backend = RemoveBgBackend(KEY, base_url=account.url)
    removal = backend.remove(art())
    reply = backend.cut_out(backend.lossless(art()))
    assert (removal.credits, reply.credits_charged) == (Decimal("0.25"), Decimal(1))
    assert removal.alpha.shape == (600, 600)
    assert backend.pixels(reply).shape == (600, 600, 4)
    assert account.credits == Decimal("48.75")


def test_the_balance_is_read_and_costs_nothing(account: FakeRemoveBg) -> None:
    balance = RemoveBgBackend(KEY, base_url=account.url).balance()
    assert (balance.credits, balance.free_calls) == (Decimal(50), 47)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": {}}', b"<html>"])
def test_an_account_without_a_balance_is_an_error(account: FakeRemoveBg, body: bytes) -> None:
    account.failures = [Reply(200, body)]
    with pytest.raises(ProviderError) as refusal:
        RemoveBgBackend(KEY, base_url=account.url).balance()
    assert refusal.value.code == "damaged_reply"


def test_every_documented_refusal_has_its_code(account: FakeRemoveBg) -> None:
    backend = RemoveBgBackend(KEY, base_url=account.url)
    cases = [
        (RemoveBgBackend("wrong", base_url=account.url), backend.encoded(art()), "key_refused", False),
        (backend, b"no picture", "picture_refused", False),
        (backend, backend.encoded(np.full((50, 50, 3), 9, np.uint8)), "picture_refused", False),
    ]
    for client, picture, code, retryable in cases:
        with pytest.raises(ProviderError) as refusal:
            client.cut_out(picture)
        assert (refusal.value.code, refusal.value.retryable) == (code, retryable)
    account.credits = Decimal("0.5")
    with pytest.raises(ProviderError) as refusal:
        backend.cut_out(backend.encoded(art()))
    assert (refusal.value.code, refusal.value.retryable) == ("credits_exhausted", False)
    account.failures = [RATE_LIMITED]
    with pytest.raises(ProviderError) as refusal:
        backend.remove(art())
    assert (refusal.value.code, refusal.value.retryable, refusal.value.retry_after_s) == (
        "rate_limited",
        True,
        7,
    )
