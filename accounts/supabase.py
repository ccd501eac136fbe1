"""Proof of identity from Supabase: an access token verified against the project's signing keys."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import jwt
from django.conf import settings

from common.errors import ProviderError


class ProofInvalid(Exception):
    """The access token proves nothing: not signed by the project, expired, or its e-mail is not confirmed."""


@dataclass(frozen=True)
class SupabaseIdentity:
    supabase_id: str
    email: str


@lru_cache(maxsize=4)
def _keys(url: str) -> jwt.PyJWKClient:
    # https://supabase.com/docs/guides/auth/signing-keys
    return jwt.PyJWKClient(f"{url}/auth/v1/.well-known/jwks.json", cache_keys=True, lifespan=600, timeout=3)


def verify_access_token(token: str) -> SupabaseIdentity:
    """Who the token proves. Raises ProofInvalid, or ProviderError where the keys cannot be fetched."""
    if not settings.SUPABASE_URL:
        raise ProofInvalid("Supabase sign-in is not configured")
    keys = _keys(settings.SUPABASE_URL)
    try:
        key = keys.get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token,
            key.key,
            algorithms=["ES256", "RS256"],
            audience="authenticated",
            issuer=f"{settings.SUPABASE_URL}/auth/v1",
            options={"require": ["sub", "exp", "aud", "iss", "email"]},
        )
    except jwt.PyJWKClientConnectionError as error:
        raise ProviderError("signing keys unreachable", provider="Supabase", retryable=True) from error
    except (jwt.InvalidTokenError, jwt.PyJWKClientError) as error:
        raise ProofInvalid(str(error)) from error
    metadata = claims.get("user_metadata") or {}
    if metadata.get("email_verified") is not True and not claims.get("email_confirmed_at"):
        raise ProofInvalid("the e-mail address is not confirmed")
    return SupabaseIdentity(supabase_id=str(claims["sub"]), email=str(claims["email"]))
