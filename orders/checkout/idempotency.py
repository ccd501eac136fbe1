"""The `Idempotency-Key` header: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/

The storefront sends none; for other clients it says what a retry is better than the likeness of two baskets can.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from common.errors import DomainError

# The draft has a quoted string; most clients send the bare text.
_KEY = re.compile(r'"?([!#-~]{1,255})"?')


@dataclass(frozen=True)
class IdempotencyKey:
    """Which request this is (`key_hash`: the client and its key), and what it asked for (`fingerprint`)."""

    key_hash: str
    fingerprint: str


def idempotency_key(header: str | None, body: Any, client: str) -> IdempotencyKey | None:
    """The key of a request, or None without the header. Raises DomainError 400 for a key that is none.

    A key belongs to the client that made it up: whoever guesses it must not get somebody else's order.
    """
    if header is None:
        return None
    match = _KEY.fullmatch(header.strip())
    if match is None:
        raise DomainError(
            "Idempotency-Key must be 1 to 255 printable characters.", code="idempotency_key_invalid"
        )
    facts = json.dumps(body, sort_keys=True).encode()
    return IdempotencyKey(
        key_hash=hashlib.sha256(f"{client}\n{match[1]}".encode()).hexdigest(),
        fingerprint=hashlib.sha256(facts).hexdigest(),
    )
