"""Gemini behind one small interface; the SDK is imported only where it is used."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Usage:
    """What the vendor says that a call took. `model` is the one that answered, which need not be the one asked."""

    prompt_tokens: int = 0
    answer_tokens: int = 0
    model: str = ""

    def cost_usd(self, input_usd: Decimal, output_usd: Decimal) -> Decimal:
        """The price, from those of a million tokens in and out."""
        return (self.prompt_tokens * input_usd + self.answer_tokens * output_usd) / _MILLION


@dataclass(frozen=True)
class Drawing:
    picture: bytes
    usage: Usage


@dataclass(frozen=True)
class Text:
    text: str
    usage: Usage


class GeminiGateway(Protocol):
    """Both calls raise ProviderError where they fail, are blocked, or answer with something else."""

    def draw(
        self, prompt: str, picture: bytes, content_type: str, *, aspect_ratio: str = "", size: str = ""
    ) -> Drawing:
        """The first picture of the model's answer, as the bytes it sent.

        aspect_ratio: such as `3:2`; size: `1K`, `2K` or `4K`. An SDK that knows neither leaves them out.
        """

    def write(self, prompt: str, schema: dict[str, Any], picture: bytes | None = None) -> Text:
        """The answer to a prompt as JSON text that was asked to fit `schema`; the caller checks whether it does."""


@lru_cache(maxsize=1)
def gemini_gateway() -> GeminiGateway:
    keys = {
        "api_key": settings.GEMINI_API_KEY,
        "base_url": settings.GEMINI_API_URL,
        "image_model": settings.GEMINI_IMAGE_MODEL,
        "text_model": settings.GEMINI_TEXT_MODEL,
    }
    if settings.GEMINI_SDK == "google-generativeai":
        from common.gemini.google_generativeai import GoogleGenerativeaiGateway

        return GoogleGenerativeaiGateway(**keys)
    from common.gemini.google_genai import GoogleGenaiGateway

    return GoogleGenaiGateway(**keys)


def sdk_is_installed(sdk: str) -> bool:
    """Whether the SDK of this name can be imported; it is not imported."""
    from importlib.util import find_spec

    try:
        return find_spec("google.genai" if sdk == "google-genai" else "google.generativeai") is not None
    except ModuleNotFoundError:
        return False
