"""Slogans for customers: asked for over HTTP, within the quota, never with blocked words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from common.gemini import gateway
from common.gemini.text import run
from common.models import TextRequest
from designs.copy import slogans
from designs.copy.slogans import fit_slogans
from designs.copy.words import blocked_words
from tests.fakes.gemini import KEY, FakeGemini, error

pytestmark = pytest.mark.django_db
URL = "/api/text/slogans"


@pytest.fixture
def gemini(settings: Any) -> Iterator[FakeGemini]:
    with FakeGemini() as fake:
        fake.says({"slogans": ["Rise early.", "Eat the sun", "Rise early."]})
        settings.GEMINI_API_KEY, settings.GEMINI_API_URL = KEY, fake.url
        settings.TEXT_WAIT_S = 0
        gateway.gemini_gateway.cache_clear()
        yield fake
        gateway.gemini_gateway.cache_clear()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch, gemini: FakeGemini) -> FakeGemini:
    """A worker that is as fast as the bell."""
    ask = slogans.request_text

    def answered(*args: Any, **kwargs: Any) -> TextRequest:
        request = ask(*args, **kwargs)
        run(str(request.pk))
        request.refresh_from_db()
        return request

    monkeypatch.setattr(slogans, "request_text", answered)
    return gemini


def post(client: Client, **body: Any) -> Any:
    return client.post(URL, {"topic": "Morning runs"} | body, content_type="application/json")


def test_ideas_come_back_each_once(client: Client, at_once: FakeGemini) -> None:
    answer = post(client)
    data = answer.json()["data"]
    assert (answer.status_code, data["status"], data["slogans"]) == (
        200,
        "done",
        ["Rise early.", "Eat the sun"],
    )
    assert '"morning runs"' in at_once.prompt()


def test_what_takes_longer_is_asked_for_by_its_id(client: Client, gemini: FakeGemini) -> None:
    answer = post(client)
    data = answer.json()["data"]
    assert (answer.status_code, data["status"], data["slogans"]) == (202, "queued", None)
    assert client.get(f"{URL}/{data['requestId']}").status_code == 202
    run(data["requestId"])
    later = client.get(f"{URL}/{data['requestId']}")
    assert (later.status_code, later.json()["data"]["slogans"]) == (200, ["Rise early.", "Eat the sun"])


def test_the_same_wish_is_answered_from_the_first_one(client: Client, at_once: FakeGemini) -> None:
    post(client)
    assert post(client, topic="  morning   RUNS ").status_code == 200
    assert post(client, tone="funny").status_code == 200
    assert len(at_once.asked) == 2


def test_the_eleventh_wish_of_a_day_is_429_with_words(client: Client, at_once: FakeGemini) -> None:
    for number in range(10):
        assert post(client, topic=f"topic {number}").status_code == 200
    refusal = post(client, topic="one too many")
    assert (refusal.status_code, refusal.json()["code"]) == (429, "quota_used_up")
    assert refusal.json()["message"] == "The texts of today are used up. Please try again tomorrow."
    assert 0 < int(refusal["Retry-After"]) <= 86_400
    assert len(at_once.asked) == 10


@pytest.mark.parametrize("topic", ["Hitler", "FUCK mornings", "sh1t happens", "nazis", "Çunt"])
def test_a_topic_that_cannot_be_printed_is_refused_before_anything_is_asked(
    client: Client, at_once: FakeGemini, topic: str
) -> None:
    answer = post(client, topic=topic)
    assert (answer.status_code, answer.json()["code"]) == (422, "blocked_words")
    assert at_once.asked == [] and not TextRequest.objects.exists()


def test_blocked_and_long_slogans_are_not_shown(client: Client, at_once: FakeGemini) -> None:
    at_once.says({"slogans": ["Fuck it", "x" * 41, ' "Fine by me" ', "f u n"]})
    assert post(client).json()["data"]["slogans"] == ["Fine by me", "f u n"]


def test_where_none_is_fit_the_customer_is_told(client: Client, at_once: FakeGemini) -> None:
    at_once.says({"slogans": ["Fuck it"]})
    answer = post(client)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_slogans")


def test_no_more_than_was_asked_for(client: Client, at_once: FakeGemini) -> None:
    at_once.says({"slogans": ["one", "two", "three", "four"]})
    assert post(client, count=2).json()["data"]["slogans"] == ["one", "two"]


@pytest.mark.parametrize(
    "body",
    [{"topic": "x"}, {"topic": "y" * 121}, {"count": 0}, {"count": 11}, {"max_length": 9}, {"tone": "rude"}],
)
def test_a_wish_has_its_limits(client: Client, at_once: FakeGemini, body: dict[str, Any]) -> None:
    assert post(client, **body).status_code == 400
    assert at_once.asked == []


def test_a_vendor_that_refuses_is_503(client: Client, at_once: FakeGemini) -> None:
    at_once.failures = [error(400, "INVALID_ARGUMENT")]
    answer = post(client)
    assert (answer.status_code, answer.json()["code"]) == (503, "text_failed")


def test_without_a_key_the_shop_says_so(client: Client, settings: Any) -> None:
    settings.GEMINI_API_KEY = ""
    answer = post(client)
    assert (answer.status_code, answer.json()["code"]) == (503, "texts_unavailable")


@pytest.mark.parametrize("request_id", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_what_was_never_asked_is_404(client: Client, request_id: str) -> None:
    assert client.get(f"{URL}/{request_id}").status_code == 404


def test_another_kind_of_text_is_not_shown_here(client: Client, gemini: FakeGemini) -> None:
    other = TextRequest.objects.create(purpose="product_copy", prompt="p", schema={}, cache_key="k")
    assert client.get(f"{URL}/{other.pk}").status_code == 404


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Scunthorpe dickens cocktail", []),
        ("F4GGOT", ["faggot*"]),
        ("NAZIS out", ["nazi*"]),
        ("a rapeseed field", ["rape*"]),
        ("sun and politics", ["Politics"]),
    ],
)
def test_words_are_found_in_every_spelling_and_not_within_others(text: str, found: list[str]) -> None:
    assert blocked_words(text, ["Politics"]) == found


def test_tidying_keeps_the_order() -> None:
    assert fit_slogans([" b ", "a", "b"], max_length=10) == ["b", "a"]
