"""Texts: asked once for the same question, within a quota, in the shape that was asked, priced."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from common import allowances
from common.breaker import image_model
from common.gemini import gateway
from common.gemini.text import QUOTA, QuotaUsedUp, TextsUnavailable, answer_of, request_text, run
from common.models import LedgerEntry, TextRequest
from common.storage import private_storage, write_file
from tests.fakes.gemini import KEY, FakeGemini, error

pytestmark = pytest.mark.django_db
SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string", "maxLength": 8}},
    "required": ["word"],
    "additionalProperties": False,
}


@pytest.fixture
def gemini(settings: Any) -> Iterator[FakeGemini]:
    with FakeGemini() as fake:
        fake.says({"word": "hello"})
        settings.GEMINI_API_KEY, settings.GEMINI_API_URL = KEY, fake.url
        gateway.gemini_gateway.cache_clear()
        yield fake
        gateway.gemini_gateway.cache_clear()


def asked(prompt: str = "A word, please.", **more: Any) -> TextRequest:
    return request_text("test", prompt, SCHEMA, **more)


def worked(request: TextRequest) -> TextRequest:
    TextRequest.objects.filter(pk=request.pk).update(available_at=timezone.now())
    run(str(request.pk))
    request.refresh_from_db()
    return request


def test_the_answer_comes_in_the_shape_that_was_asked_for(gemini: FakeGemini) -> None:
    request = worked(asked())
    assert (request.status, request.answer, answer_of(request)) == (
        "done",
        {"word": "hello"},
        {"word": "hello"},
    )
    sent = gemini.sent()
    assert sent["generationConfig"]["responseMimeType"] == "application/json"
    assert sent["generationConfig"]["responseJsonSchema"] == SCHEMA
    assert gemini.prompt() == "A word, please."


def test_the_same_question_is_asked_and_paid_for_once(gemini: FakeGemini) -> None:
    first = worked(asked())
    assert asked() == first
    assert asked("Another word, please.") != first
    assert len(gemini.asked) == 1
    outcomes = list(LedgerEntry.objects.order_by("created_at").values_list("outcome", flat=True))
    assert outcomes == ["ok", "cached"]
    assert allowances.used(QUOTA) == 1


def test_a_question_that_is_being_answered_is_not_asked_again(gemini: FakeGemini) -> None:
    assert asked() == asked()
    assert TextRequest.objects.count() == 1


def test_a_text_has_its_price(gemini: FakeGemini) -> None:
    worked(asked())
    entry = LedgerEntry.objects.get()
    assert (entry.units, entry.unit, entry.cost_usd) == (1420, "token", Decimal("0.002890"))
    assert entry.detail == {"purpose": "test", "model": "gemini-3.5-flash-lite"}


def test_the_eleventh_text_of_a_day_is_refused_with_the_time_to_come_back(gemini: FakeGemini) -> None:
    for number in range(10):
        assert worked(asked(f"Word {number}")).status == "done"
    with pytest.raises(QuotaUsedUp) as refusal:
        asked("One too many")
    assert (refusal.value.status, refusal.value.code) == (429, "quota_used_up")
    assert 0 < (refusal.value.retry_after_s or 0) <= 86_400
    assert asked("Word 3").status == "done"  # what has been answered costs nothing
    assert len(gemini.asked) == 10


def test_a_worker_does_not_pass_the_quota_either(gemini: FakeGemini, settings: Any) -> None:
    settings.GEMINI_DAILY_LIMIT = 1
    first, second = asked("one"), asked("two")
    worked(first)
    worked(second)
    assert (second.status, second.error_code, len(gemini.asked)) == ("failed", "quota_used_up", 1)
    with pytest.raises(QuotaUsedUp):
        answer_of(second)


@pytest.mark.parametrize(
    "answer", ["no JSON", '{"word": 7}', '{"word": "much too long"}', '{"other": "x"}', "[]"]
)
def test_what_does_not_fit_the_schema_is_asked_for_again_and_never_shown(
    gemini: FakeGemini, answer: str
) -> None:
    gemini.says(answer)
    request = worked(asked())
    assert (request.status, request.answer) == ("queued", None)
    gemini.says({"word": "right"})
    assert worked(request).answer == {"word": "right"}


@pytest.mark.parametrize(
    ("status", "name", "after"),
    [
        (400, "INVALID_ARGUMENT", "failed"),
        (403, "PERMISSION_DENIED", "failed"),
        (404, "NOT_FOUND", "failed"),
        (429, "RESOURCE_EXHAUSTED", "queued"),
        (500, "INTERNAL", "queued"),
        (503, "UNAVAILABLE", "queued"),
    ],
)
def test_only_what_may_pass_is_tried_again(gemini: FakeGemini, status: int, name: str, after: str) -> None:
    gemini.failures = [error(status, name)]
    request = worked(asked())
    assert (request.status, request.error_code) == (after, "provider_unavailable")
    assert KEY not in request.error_message


def test_the_vendors_wish_to_be_left_alone_is_respected(gemini: FakeGemini) -> None:
    gemini.failures = [error(429, "RESOURCE_EXHAUSTED", retry_delay="42s")]
    request = worked(asked())
    assert 38 < (request.available_at - timezone.now()).total_seconds() <= 42


def test_a_blocked_answer_fails_at_once(gemini: FakeGemini) -> None:
    gemini.parts, gemini.candidate = [], {"finishReason": "SAFETY"}
    request = worked(asked())
    assert request.status == "failed"
    with pytest.raises(TextsUnavailable):
        answer_of(request)


def test_without_a_key_nothing_is_asked(settings: Any) -> None:
    settings.GEMINI_API_KEY = ""
    with pytest.raises(TextsUnavailable):
        asked()
    assert not TextRequest.objects.exists()


def test_a_refused_key_opens_the_circuit(gemini: FakeGemini) -> None:
    gemini.failures = [error(403, "PERMISSION_DENIED")]
    worked(asked())
    assert image_model().state() == "open"


def test_a_picture_goes_along_and_is_deleted_with_the_answer(gemini: FakeGemini) -> None:
    file = write_file(private_storage(), "intermediates/x.jpg", b"the picture")
    request = worked(asked(picture_file=file, picture_sha256="ab"))
    assert request.status == "done"
    assert len(gemini.sent()["contents"][0]["parts"]) == 2
    assert not private_storage().exists(file)


def test_an_answer_that_is_not_there_yet_is_none(gemini: FakeGemini) -> None:
    assert answer_of(asked()) is None
    assert answer_of(asked(), wait_s=0.3) is None
