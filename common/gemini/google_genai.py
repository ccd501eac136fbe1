"""The adapter for `google-genai`, the SDK that Gemini's vendor maintains."""

from __future__ import annotations

from typing import Any

import structlog
from google import genai
from google.genai import errors, types

from common.errors import ProviderError
from common.gemini.gateway import Drawing, Text, Usage
from common.metrics import vendor_call

log = structlog.get_logger(__name__)

_TIMEOUT_MS = 60_000


class GoogleGenaiGateway:
    def __init__(self, *, api_key: str, base_url: str, image_model: str, text_model: str) -> None:
        options = types.HttpOptions(base_url=base_url or None, api_version="v1beta", timeout=_TIMEOUT_MS)
        self._client = genai.Client(api_key=api_key, http_options=options)
        self._image_model = image_model
        self._text_model = text_model

    def draw(
        self, prompt: str, picture: bytes, content_type: str, *, aspect_ratio: str = "", size: str = ""
    ) -> Drawing:
        # https://ai.google.dev/gemini-api/docs/image-generation
        shape = types.ImageConfig(aspect_ratio=aspect_ratio or None, image_size=size or None)
        answer = self._ask(
            self._image_model,
            [types.Part.from_bytes(data=picture, mime_type=content_type), types.Part.from_text(text=prompt)],
            types.GenerateContentConfig(
                response_modalities=["TEXT", "IMAGE"], image_config=shape if aspect_ratio or size else None
            ),
        )
        for part in _parts(answer):
            if part.inline_data and part.inline_data.data:
                return Drawing(part.inline_data.data, _usage(answer))
        raise ProviderError(
            "the answer holds no picture", provider="Gemini", retryable=False, code="no_picture"
        )

    def write(self, prompt: str, schema: dict[str, Any], picture: bytes | None = None) -> Text:
        # https://ai.google.dev/gemini-api/docs/structured-output
        parts = [types.Part.from_text(text=prompt)]
        if picture is not None:
            parts.insert(0, types.Part.from_bytes(data=picture, mime_type="image/jpeg"))
        answer = self._ask(
            self._text_model,
            parts,
            types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=schema),
        )
        text = "".join(part.text or "" for part in _parts(answer))
        if not text:
            raise ProviderError(
                "the answer holds no text", provider="Gemini", retryable=False, code="no_text"
            )
        return Text(text, _usage(answer))

    def _ask(
        self, model: str, parts: list[types.Part], config: types.GenerateContentConfig
    ) -> types.GenerateContentResponse:
        try:
            with vendor_call("gemini", "generate"):
                answer = self._client.models.generate_content(
                    model=model, contents=types.Content(role="user", parts=parts), config=config
                )
        except errors.APIError as error:
            raise ProviderError(
                f"{error.code} {error.status}",
                provider="Gemini",
                retryable=error.code == 429 or error.code >= 500,
                code="key_refused" if error.code in (401, 403) else "",
                retry_after_s=_retry_delay_s(error.details),
            ) from error
        except Exception as error:  # the SDK lets the errors of its HTTP client through, whichever that is
            raise ProviderError(type(error).__name__, provider="Gemini", retryable=True) from error
        log.info("gemini.answered", model=answer.model_version, response_id=answer.response_id)
        return answer


def _parts(answer: types.GenerateContentResponse) -> list[types.Part]:
    return [
        part
        for candidate in answer.candidates or []
        if candidate.content
        for part in candidate.content.parts or []
    ]


def _usage(answer: types.GenerateContentResponse) -> Usage:
    usage = answer.usage_metadata
    if usage is None:
        return Usage(model=answer.model_version or "")
    return Usage(
        prompt_tokens=usage.prompt_token_count or 0,
        answer_tokens=(usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        model=answer.model_version or "",
    )


def _retry_delay_s(body: Any) -> float | None:
    """`retryDelay` of the RetryInfo in Google's error details, such as "3s"."""
    details = body.get("error", {}).get("details", []) if isinstance(body, dict) else []
    for detail in details if isinstance(details, list) else []:
        delay = str(detail.get("retryDelay", "")) if isinstance(detail, dict) else ""
        if delay.endswith("s") and delay[:-1].replace(".", "", 1).isdigit():
            return float(delay[:-1])
    return None
