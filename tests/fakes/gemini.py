"""Gemini's REST interface as both SDKs use it: pictures, JSON texts, blocks, and every error of Google's."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any

from PIL import Image

from tests.fakes.http import Asked, FakeVendor, Reply

KEY = "the-gemini-key"
_PATH = re.compile(r"/v1(beta)?/models/(?P<model>[\w.-]+):generateContent")


class FakeGemini(FakeVendor):
    """Answers with `parts`, a list that tests set; `drawing` and `says` set it for a picture and for JSON."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[dict[str, Any]] = []
        self.candidate: dict[str, Any] = {}
        self.usage = {"promptTokenCount": 300, "candidatesTokenCount": 1120, "totalTokenCount": 1420}

    def drawing(self, data: bytes) -> None:
        self.parts = [
            {"text": "Here it is."},
            {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(data).decode()}},
        ]

    def says(self, value: Any) -> None:
        self.parts = [{"text": value if isinstance(value, str) else json.dumps(value)}]

    def reply(self, asked: Asked) -> Reply:
        path = _PATH.fullmatch(asked.path.split("?")[0])
        if path is None:
            return error(404, "NOT_FOUND")
        if asked.headers.get("x-goog-api-key") != KEY:
            return error(403, "PERMISSION_DENIED")
        content = {"role": "model", "parts": self.parts}
        body = {
            "candidates": [{"content": content, "finishReason": "STOP", "index": 0} | self.candidate],
            "usageMetadata": self.usage,
            "modelVersion": path["model"],
            "responseId": "r1",
        }
        return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def sent(self, number: int = -1) -> dict[str, Any]:
        """What was asked, as JSON."""
        body: dict[str, Any] = json.loads(self.asked[number].body)
        return body

    def prompt(self, number: int = -1) -> str:
        parts = self.sent(number)["contents"][0]["parts"]
        return " ".join(part["text"] for part in parts if "text" in part)


def error(status: int, name: str, *, retry_delay: str = "") -> Reply:
    """Google's error body; retry_delay, such as "3s", is what RetryInfo says."""
    info = "type.googleapis.com/google.rpc.RetryInfo"
    details = [{"@type": info, "retryDelay": retry_delay}] if retry_delay else []
    body = {"error": {"code": status, "message": f"no: {KEY}", "status": name, "details": details}}
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
