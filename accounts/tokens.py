"""The shop's own session tokens: HS256, seven days, revocable through the user's token version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import jwt
from django.conf import settings
from django.utils import timezone

_ALGORITHM = "HS256"
_AUDIENCE = "stolentee"


class TokenInvalid(Exception):
    """The token is not ours, altered or expired."""


@dataclass(frozen=True)
class TokenClaims:
    user_id: UUID
    token_version: int


def issue_token(user_id: UUID, token_version: int, *, now: datetime | None = None) -> str:
    """A token for the user, valid for `settings.AUTH_TOKEN_LIFETIME`."""
    issued_at = now or timezone.now()
    claims = {
        "sub": str(user_id),
        "ver": token_version,
        "aud": _AUDIENCE,
        "iat": issued_at,
        "exp": issued_at + settings.AUTH_TOKEN_LIFETIME,
    }
    return jwt.encode(claims, settings.SECRET_KEY, algorithm=_ALGORITHM)


def read_token(token: str) -> TokenClaims:
    """The verified claims. Raises TokenInvalid."""
    try:
        claims = jwt.decode(
            token,
            settings.SECRET_KEY,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            options={"require": ["sub", "exp", "ver", "aud"]},
        )
        return TokenClaims(UUID(claims["sub"]), int(claims["ver"]))
    except (jwt.InvalidTokenError, ValueError, TypeError) as error:
        raise TokenInvalid(str(error)) from error
