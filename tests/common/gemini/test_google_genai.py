"""The adapter, through the real SDK, against a server on this machine that answers as Gemini does."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from common.errors import ProviderError
from common.gemini import gateway
from common.gemini.google_genai import GoogleGenaiGateway

KEY = "the-very-secret-key"
DRAWING = b"\x89PNG\r\n\x1a\n the drawing"


@dataclass
class Double:
    """What the server answers next, and what it was asked."""

    status: int = 200
    body: bytes = b""
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def answers(self, *parts: dict[str, Any], **candidate: Any) -> None:
        content = {"role": "model", "parts": list(parts)}
        answer = {"content": content, "finishReason": "STOP", "index": 0} | candidate
        self.body = json.dumps(
            {
                "candidates": [answer],
                "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 5, "totalTokenCount": 8},
                "modelVersion": "gemini-3.1-flash-image",
                "responseId": "r1",
            }
        ).encode()

    def refuses(self, status: int, name: str) -> None:
        self.status = status
        self.body = json.dumps({"error": {"code": status, "message": f"no: {KEY}", "status": name}}).encode()


@pytest.fixture
def double() -> Iterator[Double]:
    state = Double()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.asked.append((self.path, dict(self.headers), body))
            self.send_response(state.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *arguments: object) -> None:
            """Keep the test run quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def adapter_of(url: str) -> GoogleGenaiGateway:
    return GoogleGenaiGateway(
        api_key=KEY, base_url=url, image_model="gemini-3.1-flash-image", text_model="gemini-3.5-flash-lite"
    )


@pytest.fixture
def draw(double: Double) -> Callable[[], bytes]:
    """Asks the double for a drawing of a photo."""
    adapter = adapter_of(double.url)
    return lambda: adapter.draw("Redraw the print.", b"the photo", "image/jpeg").picture


def picture(data: bytes = DRAWING) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(data).decode()}}


def refusal_of(draw: Callable[[], bytes]) -> ProviderError:
    with pytest.raises(ProviderError) as refusal:
        draw()
    assert refusal.value.provider == "Gemini"
    assert KEY not in str(refusal.value)
    return refusal.value


def test_the_first_picture_of_the_answer_is_returned(double: Double, draw: Callable[[], bytes]) -> None:
    double.answers({"text": "Here it is."}, picture(), picture(b"another"))
    assert draw() == DRAWING


def test_the_request_holds_the_photo_the_prompt_and_asks_for_a_picture(
    double: Double, draw: Callable[[], bytes]
) -> None:
    double.answers(picture())
    draw()
    ((path, headers, body),) = double.asked
    assert path == "/v1beta/models/gemini-3.1-flash-image:generateContent"
    sent = json.loads(body)
    photo, prompt = sent["contents"][0]["parts"]
    inline = photo.get("inlineData") or photo["inline_data"]
    assert base64.b64decode(inline["data"]) == b"the photo"
    assert (inline.get("mimeType") or inline["mime_type"]) == "image/jpeg"
    assert prompt["text"] == "Redraw the print."
    assert sent["generationConfig"]["responseModalities"] == ["TEXT", "IMAGE"]
    assert {name.lower(): value for name, value in headers.items()}["x-goog-api-key"] == KEY
    assert KEY not in path and KEY.encode() not in body


@pytest.mark.parametrize(
    "parts",
    [
        [{"text": "I cannot do that."}],
        [],
        [{"inlineData": {"mimeType": "image/png", "data": ""}}],
    ],
    ids=["text", "nothing", "empty picture"],
)
def test_an_answer_without_a_picture_is_a_failure_that_asking_again_does_not_mend(
    double: Double, draw: Callable[[], bytes], parts: list[dict[str, Any]]
) -> None:
    double.answers(*parts)
    refusal = refusal_of(draw)
    assert (str(refusal), refusal.retryable) == ("the answer holds no picture", False)


@pytest.mark.parametrize(
    "answer",
    [
        {"candidates": [{"finishReason": "SAFETY", "index": 0}]},
        {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
        {},
    ],
    ids=["safety", "blocked", "no candidates"],
)
def test_a_blocked_picture_is_a_failure(
    double: Double, draw: Callable[[], bytes], answer: dict[str, Any]
) -> None:
    double.body = json.dumps(answer).encode()
    assert refusal_of(draw).retryable is False


@pytest.mark.parametrize(
    ("status", "name", "retryable"),
    [
        (400, "INVALID_ARGUMENT", False),
        (401, "UNAUTHENTICATED", False),
        (403, "PERMISSION_DENIED", False),
        (404, "NOT_FOUND", False),
        (429, "RESOURCE_EXHAUSTED", True),
        (500, "INTERNAL", True),
        (503, "UNAVAILABLE", True),
    ],
)
def test_only_what_may_pass_is_worth_another_attempt(
    double: Double, draw: Callable[[], bytes], status: int, name: str, retryable: bool
) -> None:
    double.refuses(status, name)
    refusal = refusal_of(draw)
    assert (str(refusal), refusal.retryable) == (f"{status} {name}", retryable)
    assert len(double.asked) == 1  # the job's own attempts are the only retries


@pytest.mark.parametrize("body", [b"<html>", b'{"candidates": ['])
def test_an_answer_that_is_no_json_may_pass(double: Double, draw: Callable[[], bytes], body: bytes) -> None:
    double.body = body
    assert refusal_of(draw).retryable is True


def test_an_unreachable_server_may_come_back() -> None:
    adapter = adapter_of("http://127.0.0.1:9")
    assert refusal_of(lambda: adapter.draw("p", b"x", "image/jpeg").picture).retryable is True


def test_the_key_is_never_logged(
    double: Double, draw: Callable[[], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    double.answers(picture())
    draw()
    double.refuses(429, "RESOURCE_EXHAUSTED")
    refusal_of(draw)
    assert caplog.records
    assert KEY not in caplog.text


def test_the_shops_gateway_is_built_from_the_settings(double: Double, settings: Any) -> None:
    settings.GEMINI_API_KEY, settings.GEMINI_API_URL = KEY, double.url
    settings.GEMINI_IMAGE_MODEL = "another-model"
    gateway.gemini_gateway.cache_clear()
    double.answers(picture())
    try:
        assert gateway.gemini_gateway().draw("p", b"x", "image/png").picture == DRAWING
    finally:
        gateway.gemini_gateway.cache_clear()
    assert double.asked[0][0] == "/v1beta/models/another-model:generateContent"


def test_what_it_took_is_told(double: Double) -> None:
    double.answers(picture())
    usage = adapter_of(double.url).draw("p", b"x", "image/jpeg").usage
    assert (usage.prompt_tokens, usage.answer_tokens, usage.model) == (3, 5, "gemini-3.1-flash-image")
    assert usage.cost_usd(Decimal("0.50"), Decimal(60)) == Decimal("0.0003015")


def test_shape_and_size_are_asked_for(double: Double) -> None:
    double.answers(picture())
    adapter_of(double.url).draw("p", b"x", "image/jpeg", aspect_ratio="3:2", size="2K")
    sent = json.loads(double.asked[0][2])
    assert sent["generationConfig"]["imageConfig"] == {"aspectRatio": "3:2", "imageSize": "2K"}


def test_a_text_is_asked_for_in_its_schema(double: Double) -> None:
    double.answers({"text": '{"a": '}, {"text": "1}"})
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert adapter_of(double.url).write("Count.", schema).text == '{"a": 1}'
    path, _, body = double.asked[0]
    assert path.endswith("/gemini-3.5-flash-lite:generateContent")
    config = json.loads(body)["generationConfig"]
    assert (config["responseMimeType"], config["responseJsonSchema"]) == ("application/json", schema)


def test_an_answer_without_text_is_a_failure(double: Double) -> None:
    double.answers()
    with pytest.raises(ProviderError) as refusal:
        adapter_of(double.url).write("Count.", {"type": "object"})
    assert (refusal.value.code, refusal.value.retryable) == ("no_text", False)


def test_the_vendors_wish_to_be_left_alone_is_passed_on(double: Double, draw: Callable[[], bytes]) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.5s"}]
    double.status = 429
    double.body = json.dumps(
        {"error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED", "details": details}}
    ).encode()
    assert refusal_of(draw).retry_after_s == 3.5
