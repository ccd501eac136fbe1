"""As much of `google-generativeai` 0.8.6 as our adapter uses, for tests: the package itself cannot be in the lock.

It speaks real HTTP to Gemini's double, in the words that the package was seen to use: integers for modalities and
types, its own error classes, no retries, answers as objects whose absent fields are empty.
"""

from __future__ import annotations

import base64
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import requests

_MODALITIES = {"TEXT": 1, "IMAGE": 2}
_NAMES = {
    400: "BadRequest",
    403: "Forbidden",
    404: "NotFound",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
}


class GoogleAPICallError(Exception):
    code = 0


@contextmanager
def installed() -> Iterator[None]:
    """The package can be imported inside."""
    sdk, exceptions, api_core = (
        types.ModuleType(name) for name in ("generativeai", "exceptions", "api_core")
    )
    options: dict[str, Any] = {}

    def configure(*, api_key: str, transport: str, client_options: dict[str, str] | None) -> None:
        if transport != "rest":
            raise AssertionError("gRPC would not reach another address")
        options.update(key=api_key, url=(client_options or {})["api_endpoint"])

    class GenerativeModel:
        def __init__(self, name: str) -> None:
            self._name = name

        def generate_content(
            self, parts: list[Any], *, generation_config: dict[str, Any], request_options: dict[str, Any]
        ) -> SimpleNamespace:
            answer = requests.post(
                f"{options['url']}/v1beta/models/{self._name}:generateContent",
                params={"$alt": "json;enum-encoding=int"},
                headers={"x-goog-api-key": options["key"]},
                json={
                    "contents": [{"parts": [_part(part) for part in parts], "role": "user"}],
                    "generationConfig": _config(generation_config),
                },
                timeout=request_options["timeout"],
            )
            if answer.status_code != 200:
                kind = type(_NAMES.get(answer.status_code, "InternalServerError"), (GoogleAPICallError,), {})
                error = kind(answer.json()["error"]["message"])
                error.code = answer.status_code
                raise error
            return _answer(answer.json())

    sdk.configure, sdk.GenerativeModel = configure, GenerativeModel  # type: ignore[attr-defined]
    exceptions.GoogleAPICallError = GoogleAPICallError  # type: ignore[attr-defined]
    api_core.exceptions = exceptions  # type: ignore[attr-defined]
    google = sys.modules["google"]
    modules = {
        "google.generativeai": sdk,
        "google.api_core": api_core,
        "google.api_core.exceptions": exceptions,
    }
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    google.generativeai = sdk  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del google.generativeai  # type: ignore[attr-defined]
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, str):
        return {"text": part}
    return {"inlineData": {"mimeType": part["mime_type"], "data": base64.b64encode(part["data"]).decode()}}


def _config(config: dict[str, Any]) -> dict[str, Any]:
    known = {"response_mime_type": "responseMimeType", "response_schema": "responseSchema"}
    sent = {known[name]: value for name, value in config.items() if name in known}
    if "response_modalities" in config:
        sent["responseModalities"] = [_MODALITIES[name] for name in config["response_modalities"]]
    return sent


def _answer(body: dict[str, Any]) -> SimpleNamespace:
    usage = body.get("usageMetadata", {})
    candidates = [
        SimpleNamespace(
            content=SimpleNamespace(
                parts=[_seen(part) for part in candidate.get("content", {}).get("parts", [])]
            )
        )
        for candidate in body.get("candidates", [])
    ]
    return SimpleNamespace(
        candidates=candidates,
        model_version=body.get("modelVersion", ""),
        usage_metadata=SimpleNamespace(
            prompt_token_count=usage.get("promptTokenCount", 0),
            candidates_token_count=usage.get("candidatesTokenCount", 0),
        ),
    )


def _seen(part: dict[str, Any]) -> SimpleNamespace:
    data = part.get("inlineData", {}).get("data", "")
    return SimpleNamespace(
        text=part.get("text", ""), inline_data=SimpleNamespace(data=base64.b64decode(data))
    )
