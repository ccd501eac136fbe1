"""The adapter for the old SDK keeps the same promises as the other one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import google.genai  # noqa: F401  It makes the namespace that the stand-in is put into.
import pytest

from common.errors import ProviderError
from common.gemini import gateway
from common.gemini.gateway import GeminiGateway
from tests.fakes import generativeai_sdk
from tests.fakes.gemini import KEY, FakeGemini, error


@pytest.fixture
def gemini() -> Iterator[FakeGemini]:
    with FakeGemini() as fake:
        yield fake


@pytest.fixture
def adapter(gemini: FakeGemini, settings: Any) -> Iterator[GeminiGateway]:
    settings.GEMINI_SDK, settings.GEMINI_API_KEY, settings.GEMINI_API_URL = (
        "google-generativeai",
        KEY,
        gemini.url,
    )
    gateway.gemini_gateway.cache_clear()
    with generativeai_sdk.installed():
        yield gateway.gemini_gateway()
    gateway.gemini_gateway.cache_clear()


def test_the_first_picture_is_returned_with_what_it_took(gemini: FakeGemini, adapter: GeminiGateway) -> None:
    gemini.drawing(b"the drawing")
    drawn = adapter.draw("Redraw it.", b"the photo", "image/jpeg", aspect_ratio="3:2", size="2K")
    assert drawn.picture == b"the drawing"
    assert (drawn.usage.prompt_tokens, drawn.usage.answer_tokens) == (300, 1120)
    assert "/gemini-3.1-flash-image:generateContent" in gemini.asked[0].path
    assert gemini.prompt() == "Redraw it. Aspect ratio: 3:2. Size: 2K."
    assert gemini.sent()["generationConfig"]["responseModalities"] == [1, 2]


def test_a_text_is_asked_for_in_the_part_of_the_schema_that_it_knows(
    gemini: FakeGemini, adapter: GeminiGateway
) -> None:
    gemini.says({"a": ["x"]})
    schema = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "string", "maxLength": 3}, "minItems": 1}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert adapter.write("Go.", schema, b"a picture").text == '{"a": ["x"]}'
    sent = gemini.sent()
    assert sent["generationConfig"]["responseSchema"] == {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "string"}}},
        "required": ["a"],
    }
    assert len(sent["contents"][0]["parts"]) == 2


@pytest.mark.parametrize(
    ("status", "name", "retryable", "code"),
    [
        (400, "INVALID_ARGUMENT", False, ""),
        (403, "PERMISSION_DENIED", False, "key_refused"),
        (404, "NOT_FOUND", False, ""),
        (429, "RESOURCE_EXHAUSTED", True, ""),
        (500, "INTERNAL", True, ""),
        (503, "UNAVAILABLE", True, ""),
    ],
)
def test_refusals_say_whether_to_ask_again(
    gemini: FakeGemini, adapter: GeminiGateway, status: int, name: str, retryable: bool, code: str
) -> None:
    gemini.failures = [error(status, name)]
    with pytest.raises(ProviderError) as refusal:
        adapter.draw("p", b"x", "image/jpeg")
    assert (refusal.value.retryable, refusal.value.code) == (retryable, code)
    assert KEY not in str(refusal.value)
    assert len(gemini.asked) == 1


def test_an_answer_without_what_was_asked_for_is_a_failure(
    gemini: FakeGemini, adapter: GeminiGateway
) -> None:
    gemini.says("I cannot.")
    with pytest.raises(ProviderError) as refusal:
        adapter.draw("p", b"x", "image/jpeg")
    assert (refusal.value.code, refusal.value.retryable) == ("no_picture", False)
    gemini.parts, gemini.candidate = [], {"finishReason": "SAFETY"}
    with pytest.raises(ProviderError) as refusal:
        adapter.write("p", {})
    assert refusal.value.code == "no_text"
