"""Bearer authentication that never refuses by itself.

The storefront sends its token with every call, also to public endpoints, and treats any 401 as "log out". So a bad
token makes a stranger of the caller, and only a view that needs a user answers 401.
"""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.models import User
from accounts.tokens import TokenInvalid, read_token


class BearerAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, str] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        try:
            claims = read_token(token.strip())
        except TokenInvalid:
            return None
        user = User.objects.filter(
            pk=claims.user_id, is_active=True, token_version=claims.token_version
        ).first()
        return (user, token) if user else None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="stolentee"'


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
