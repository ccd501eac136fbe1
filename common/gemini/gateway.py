"""Gemini behind one small interface; the SDK is imported only where it is used."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from django.conf import settings


class GeminiGateway(Protocol):
    def draw(self, prompt: str, picture: bytes, content_type: str) -> bytes:
        """The first picture of the model's answer, as the bytes it sent.

        Raises ProviderError where the call fails, is blocked, or answers without a picture.
        """


@lru_cache(maxsize=1)
def gemini_gateway() -> GeminiGateway:
    from common.gemini.google_genai import GoogleGenaiGateway

    return GoogleGenaiGateway(
        api_key=settings.GEMINI_API_KEY,
        base_url=settings.GEMINI_API_URL,
        image_model=settings.GEMINI_IMAGE_MODEL,
    )
