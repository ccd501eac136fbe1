"""Texts from Gemini: asked once for the same question, within a quota a day, answered in the shape that was asked.

`request_text` writes the question and rings; `run` is the worker behind the bell.
"""

from __future__ import annotations

import json
import time
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction

from common import allowances, ledger
from common.breaker import image_model
from common.canonical import canonical_hash
from common.errors import DomainError, ProviderError
from common.gemini.gateway import Text, gemini_gateway
from common.gemini.models import TextRequest
from common.gemini.tasks import ring_text
from common.schemas import schema_errors
from common.storage import private_storage, read_file

log = structlog.get_logger(__name__)

QUOTA = "gemini_text"
_ONE = Decimal(1)
_LOOK_EVERY_S = 0.2


class TextsUnavailable(DomainError):
    """The shop has no key for the service that writes."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "texts_unavailable"


class QuotaUsedUp(DomainError):
    """Today's texts are used up; Retry-After says when the next day begins."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "quota_used_up"

    def __init__(self) -> None:
        super().__init__(
            "The texts of today are used up. Please try again tomorrow.",
            retry_after_s=allowances.seconds_until_renewal(),
        )


def request_text(
    purpose: str, prompt: str, schema: dict[str, Any], *, picture_file: str = "", picture_sha256: str = ""
) -> TextRequest:
    """The row that has the answer or will have it; an equal question that is asked or answered already is that row.

    picture_file, picture_sha256: a private JPEG that goes along, and its hash. Raises TextsUnavailable without a key,
    and QuotaUsedUp where a new question would pass today's quota.
    """
    key = _cache_key(purpose, prompt, schema, picture_sha256)
    known = TextRequest.objects.filter(cache_key=key).exclude(status=TextRequest.Status.FAILED).first()
    if known is not None:
        if known.status == TextRequest.Status.DONE:
            _note_cached(known)
        return known
    if not settings.GEMINI_API_KEY:
        raise TextsUnavailable("This shop has no service that writes texts.")
    if allowances.used(QUOTA) + _ONE > settings.GEMINI_DAILY_LIMIT:
        raise QuotaUsedUp
    with transaction.atomic():
        request = TextRequest.objects.create(
            purpose=purpose, prompt=prompt, schema=schema, picture_file=picture_file, cache_key=key
        )
        ring_text(str(request.pk))
    return request


def _cache_key(purpose: str, prompt: str, schema: dict[str, Any], picture_sha256: str) -> str:
    question = [settings.GEMINI_TEXT_MODEL, purpose, prompt, schema, picture_sha256]
    return canonical_hash(question)


def _note_cached(request: TextRequest) -> None:
    call = ledger.Call(detail={"purpose": request.purpose})
    ledger.entry_create("gemini", "text", call, unit="token", subject=str(request.pk), outcome="cached")


def run(request_id: str) -> None:
    """Answers the question if it is ours to answer. The last failed attempt leaves a reason that people may read."""
    request = TextRequest.claim(request_id)
    if request is None:
        return
    if not allowances.reserve(QUOTA, _ONE, limit=Decimal(settings.GEMINI_DAILY_LIMIT)):
        request.fail(QuotaUsedUp.code, QuotaUsedUp().message, retryable=False)
        return
    try:
        request.finish(answer=_answer(request))
        _forget_picture(request)
        log.info("text.done", request_id=request_id, purpose=request.purpose)
    except ProviderError as error:
        _failed(request, "provider_unavailable", retryable=error.retryable, after_s=error.retry_after_s)
        log.warning("text.failed", request_id=request_id, error=str(error), retryable=error.retryable)
    except Exception:
        _failed(request, "internal_error", retryable=True)
        log.exception("text.crashed", request_id=request_id)


def _failed(request: TextRequest, code: str, *, retryable: bool, after_s: float | None = None) -> None:
    message = "The text could not be written. Please try again later."
    delay = request.fail(code, message, retryable=retryable, after_s=after_s)
    if delay is None:
        _forget_picture(request)
    else:
        ring_text(str(request.pk), countdown_s=delay.total_seconds())


def _forget_picture(request: TextRequest) -> None:
    """The picture that went along is of no use any more."""
    if request.picture_file:
        private_storage().delete(request.picture_file)
        TextRequest.objects.filter(pk=request.pk).update(picture_file="")


def answer_of(request: TextRequest, *, wait_s: float = 0) -> Any:
    """The answer as soon as there is one, or None where there is none after `wait_s`.

    Raises QuotaUsedUp or TextsUnavailable where there will be none.
    """
    deadline = time.monotonic() + wait_s
    while request.status in (TextRequest.Status.QUEUED, TextRequest.Status.RUNNING):
        if time.monotonic() >= deadline:
            return None
        time.sleep(_LOOK_EVERY_S)
        request.refresh_from_db()
    if request.status == TextRequest.Status.DONE:
        return request.answer
    if request.error_code == QuotaUsedUp.code:
        raise QuotaUsedUp
    raise TextsUnavailable(request.error_message, code="text_failed")


def _answer(request: TextRequest) -> Any:
    """The checked answer. Each call is one of the quota's, whether it succeeds or not: the vendor counts them so."""
    picture = read_file(private_storage(), request.picture_file) if request.picture_file else None
    with (
        image_model().guard(),
        ledger.metered("gemini", "text", unit="token", subject=str(request.pk)) as call,
    ):
        text = gemini_gateway().write(request.prompt, request.schema, picture)
        _price(call, text, request.purpose)
        return _parsed(text.text, request.schema)


def _price(call: ledger.Call, text: Text, purpose: str) -> None:
    call.units = Decimal(text.usage.prompt_tokens + text.usage.answer_tokens)
    call.cost_usd = text.usage.cost_usd(settings.GEMINI_TEXT_INPUT_USD, settings.GEMINI_TEXT_OUTPUT_USD)
    call.detail = {"purpose": purpose, "model": text.usage.model}


def _parsed(text: str, schema: dict[str, Any]) -> Any:
    """Models answer outside of the schema at times, and another attempt may hit it: ProviderError, retryable."""
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise ProviderError("the answer is no JSON", provider="Gemini", retryable=True) from error
    if schema_errors(answer, schema):
        raise ProviderError("the answer does not fit its schema", provider="Gemini", retryable=True)
    return answer
