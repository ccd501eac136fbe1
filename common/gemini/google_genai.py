"""The adapter for `google-genai`, the SDK that Gemini's vendor maintains."""

from __future__ import annotations

import structlog
from google import genai
from google.genai import errors, types

from common.errors import ProviderError
from common.metrics import vendor_call

log = structlog.get_logger(__name__)

_TIMEOUT_MS = 60_000


class GoogleGenaiGateway:
    def __init__(self, *, api_key: str, base_url: str, image_model: str) -> None:
        options = types.HttpOptions(base_url=base_url or None, api_version="v1beta", timeout=_TIMEOUT_MS)
        self._client = genai.Client(api_key=api_key, http_options=options)
        self._image_model = image_model

    def draw(self, prompt: str, picture: bytes, content_type: str) -> bytes:
        # https://ai.google.dev/gemini-api/docs/image-generation
        try:
            with vendor_call("gemini", "draw"):
                answer = self._client.models.generate_content(
                    model=self._image_model,
                    contents=types.Content(
                        role="user",
                        parts=[
                            types.Part.from_bytes(data=picture, mime_type=content_type),
                            types.Part.from_text(text=prompt),
                        ],
                    ),
                    config=types.GenerateContentConfig(response_modalities=["TEXT", "IMAGE"]),
                )
        except errors.APIError as error:
            raise ProviderError(
                f"{error.code} {error.status}",
                provider="Gemini",
                retryable=error.code == 429 or error.code >= 500,
            ) from error
        except (
            Exception
        ) as error:  # the SDK lets its HTTP client's errors through, of whichever client it has
            raise ProviderError(type(error).__name__, provider="Gemini", retryable=True) from error
        log.info("gemini.answered", model=answer.model_version, response_id=answer.response_id)
        for candidate in answer.candidates or []:
            for part in (candidate.content.parts or []) if candidate.content else []:
                if part.inline_data and part.inline_data.data:
                    return part.inline_data.data
        raise ProviderError("the answer holds no picture", provider="Gemini", retryable=False)
