"""The printer's signed reports: `X-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Sequence

TOLERANCE_S = 300
_TIMESTAMP = re.compile(r"[0-9]{1,15}")


def sign(body: bytes, secret: str, timestamp_s: int) -> str:
    """The header of a body, as a printer makes it."""
    digest = hmac.new(secret.encode(), f"{timestamp_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp_s},v1={digest}"


def is_signed(body: bytes, header: str, secrets: Sequence[str], *, now_s: float | None = None) -> bool:
    """Whether one of `secrets` signed this body within the last five minutes. No secret at all: never."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    if not header.isascii() or not _TIMESTAMP.fullmatch(parts.get("t", "")):
        return False
    timestamp_s = int(parts["t"])
    if abs((time.time() if now_s is None else now_s) - timestamp_s) > TOLERANCE_S:
        return False
    return any(hmac.compare_digest(sign(body, secret, timestamp_s), header) for secret in secrets)
