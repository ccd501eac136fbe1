"""The adapter for `google-generativeai`, the SDK that the vendor ended in November 2025.

It is for shops that have to keep it: `pip install -r requirements-gemini-legacy.txt`, `GEMINI_SDK=google-generativeai`.
"""

from __future__ import annotations

import warnings
from typing import Any

import structlog

from common.errors import ProviderError
from common.gemini.gateway import Drawing, Text, Usage

log = structlog.get_logger(__name__)

_TIMEOUT_S = 60


class GoogleGenerativeaiGateway:
    def __init__(self, *, api_key: str, base_url: str, image_model: str, text_model: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it announces its own end at every import
            import google.generativeai as sdk
        # gRPC, its default, knows no other address than Google's.
        options = {"api_endpoint": base_url} if base_url else None
        sdk.configure(api_key=api_key, transport="rest", client_options=options)
        self._sdk: Any = sdk
        self._image_model = image_model
        self._text_model = text_model

    def draw(
        self, prompt: str, picture: bytes, content_type: str, *, aspect_ratio: str = "", size: str = ""
    ) -> Drawing:
        wishes = "".join(
            f" {name}: {value}." for name, value in (("Aspect ratio", aspect_ratio), ("Size", size)) if value
        )
        answer = self._ask(
            self._image_model,
            [
                {"mime_type": content_type, "data": picture},
                prompt + wishes,
            ],  # it has no field for either wish
            {"response_modalities": ["TEXT", "IMAGE"]},
        )
        for part in _parts(answer):
            if part.inline_data.data:
                return Drawing(bytes(part.inline_data.data), _usage(answer))
        raise ProviderError(
            "the answer holds no picture", provider="Gemini", retryable=False, code="no_picture"
        )

    def write(self, prompt: str, schema: dict[str, Any], picture: bytes | None = None) -> Text:
        shown = [{"mime_type": "image/jpeg", "data": picture}] if picture is not None else []
        answer = self._ask(
            self._text_model,
            [*shown, prompt],
            {"response_mime_type": "application/json", "response_schema": _plain(schema)},
        )
        text = "".join(part.text for part in _parts(answer))
        if not text:
            raise ProviderError(
                "the answer holds no text", provider="Gemini", retryable=False, code="no_text"
            )
        return Text(text, _usage(answer))

    def _ask(self, model: str, parts: list[Any], config: dict[str, Any]) -> Any:
        from google.api_core import exceptions

        try:
            answer = self._sdk.GenerativeModel(model).generate_content(
                parts, generation_config=config, request_options={"timeout": _TIMEOUT_S, "retry": None}
            )
        except exceptions.GoogleAPICallError as error:
            status = int(error.code or 0)
            raise ProviderError(
                f"{status} {type(error).__name__}",
                provider="Gemini",
                retryable=status == 429 or status >= 500,
                code="key_refused" if status in (401, 403) else "",
            ) from error
        except Exception as error:  # the SDK lets the errors of requests and of its parser through
            raise ProviderError(type(error).__name__, provider="Gemini", retryable=True) from error
        log.info("gemini.answered", model=getattr(answer, "model_version", ""))
        return answer


def _parts(answer: Any) -> list[Any]:
    return [part for candidate in answer.candidates for part in candidate.content.parts]


def _usage(answer: Any) -> Usage:
    usage = answer.usage_metadata
    return Usage(
        prompt_tokens=int(usage.prompt_token_count),
        answer_tokens=int(usage.candidates_token_count),
        model=str(getattr(answer, "model_version", "")),
    )


def _plain(schema: Any) -> Any:
    """The schema without the JSON Schema words that this SDK's own Schema type lacks; the answer is checked anyway."""
    if isinstance(schema, dict):
        known = ("type", "properties", "required", "items", "description", "enum")
        return {
            key: {name: _plain(inner) for name, inner in value.items()}
            if key == "properties"
            else _plain(value)
            for key, value in schema.items()
            if key in known
        }
    return schema
