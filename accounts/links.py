"""The links in letters: they prove that somebody reads the address, once, for a while, and are stored nowhere.

A token is Django's own: an HMAC over the user's state, so that using it makes it worthless.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts.models import User


class _ResetTokens(PasswordResetTokenGenerator):
    key_salt = "accounts.reset_password"

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        # The token version makes every log-out and every other change end the link, too.
        return f"{super()._make_hash_value(user, timestamp)}{user.token_version}"


class _ConfirmTokens(PasswordResetTokenGenerator):
    """As long as the address is the same and unconfirmed; a new password does not matter."""

    key_salt = "accounts.confirm_email"

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{user.pk}{user.email}{user.email_confirmed_at}{timestamp}"


RESET = _ResetTokens()
CONFIRM = _ConfirmTokens()


def page_of(kind: str, user: User, tokens: PasswordResetTokenGenerator) -> str:
    """The address of this shop's own page `kind` (`reset-password`, `confirm-email`) for the user."""
    reference = urlsafe_base64_encode(force_bytes(str(user.pk)))
    return f"{settings.PUBLIC_URL}/account/{kind}/{reference}/{tokens.make_token(user)}"


def user_of(reference: str, token: str, tokens: PasswordResetTokenGenerator) -> User | None:
    """The active user whom this link was made for, as long as it is good."""
    try:
        pk = UUID(urlsafe_base64_decode(reference).decode())
    except (ValueError, UnicodeDecodeError):
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    return user if user and tokens.check_token(user, token) else None
