"""remove.bg as its documentation describes it (https://www.remove.bg/api): cut-outs, account, and every refusal."""

from __future__ import annotations

import io
import json
import re
from decimal import Decimal

import numpy as np
from PIL import Image

from tests.fakes.http import Asked, FakeVendor, Reply

KEY = "the-removebg-key"
PREVIEW_MEGAPIXELS = 0.25


class FakeRemoveBg(FakeVendor):
    """Keeps what differs from the upper left pixel; charges like the real one, until `credits` are gone."""

    def __init__(self) -> None:
        super().__init__()
        self.credits = Decimal(50)

    def reply(self, asked: Asked) -> Reply:
        if asked.headers.get("x-api-key") != KEY:
            return refusal(403, "Invalid API Key", "auth_failed")
        if (asked.method, asked.path) == ("GET", "/v1.0/account"):
            return Reply(200, json.dumps(self._account()).encode(), {"Content-Type": "application/json"})
        if (asked.method, asked.path) != ("POST", "/v1.0/removebg"):
            return refusal(404, "Not found", "not_found")
        form = multipart(asked)
        if "image_file" not in form:
            return refusal(400, "No image given", "missing_source")
        price = Decimal("0.25") if form.get("size") == b"preview" else Decimal(1)
        if self.credits < price:
            return refusal(402, "Insufficient credits", "insufficient_credits")
        try:
            picture = Image.open(io.BytesIO(form["image_file"])).convert("RGB")
        except OSError:
            return refusal(400, "File type not supported", "invalid_file_type")
        if form.get("size") == b"preview":
            picture = _preview(picture)
        rgb = np.asarray(picture)
        alpha = np.where(np.abs(rgb.astype(int) - rgb[0, 0]).max(axis=2) > 40, 255, 0).astype(np.uint8)
        if not alpha.any():
            return refusal(400, "Could not identify foreground in image", "unknown_foreground")
        self.credits -= price
        file = io.BytesIO()
        Image.fromarray(np.dstack([rgb, alpha])).save(file, "PNG")
        headers = {
            "Content-Type": "image/png",
            "X-Credits-Charged": str(price),
            "X-Type": "other",
            "X-Width": str(picture.width),
            "X-Height": str(picture.height),
        }
        return Reply(200, file.getvalue(), headers)

    def _account(self) -> dict[str, object]:
        credits = {
            "total": float(self.credits),
            "subscription": 0,
            "payg": float(self.credits),
            "enterprise": 0,
        }
        return {"data": {"attributes": {"credits": credits, "api": {"free_calls": 47, "sizes": "all"}}}}


def refusal(status: int, title: str, code: str, **headers: str) -> Reply:
    """Their error body; `retry_after="7"` becomes the header."""
    body = json.dumps({"errors": [{"title": title, "code": code}]}).encode()
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return Reply(status, body, {"Content-Type": "application/json"} | named)


RATE_LIMITED = refusal(429, "You have exceeded the rate limit", "rate_limit_exceeded", retry_after="7")
BROKEN = Reply(503, b"<html>Bad gateway</html>")


def multipart(asked: Asked) -> dict[str, bytes]:
    """The fields of a form, by name."""
    boundary = asked.headers["content-type"].split("boundary=")[1].encode()
    fields = {}
    for part in asked.body.split(b"--" + boundary)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]+)"', head)
        assert name is not None
        fields[name[1].decode()] = value[:-2]
    return fields


def _preview(picture: Image.Image) -> Image.Image:
    scale = min(1.0, (PREVIEW_MEGAPIXELS * 1e6 / (picture.width * picture.height)) ** 0.5)
    return picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
