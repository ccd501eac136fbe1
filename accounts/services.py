"""Making and changing accounts."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import OwnerLink, User
from accounts.supabase import SupabaseIdentity
from common.errors import Conflict, DomainError

# Hashed once, so that a login for an unknown address costs as much as one for a known address.
_DUMMY_HASH = make_password(secrets.token_hex(16))


def user_register(*, email: str, password: str, name: str, role: str = User.Role.CUSTOMER) -> User:
    """A new account. Raises DomainError 400 `user_exists` for a known address: the contract's words and status."""
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, name=name, role=role)
    except IntegrityError as error:
        raise DomainError("User already exists", code="user_exists") from error


def user_check_credentials(*, email: str, password: str) -> User | None:
    """The active user whom these credentials belong to, in the same time whether the address is known or not."""
    user = User.objects.filter(email=User.objects.fold_email(email)).first()
    if not check_password(password, user.password if user else _DUMMY_HASH):
        return None
    return user if user and user.is_active else None


def user_revoke_tokens(user: User) -> None:
    """Makes every token that was issued to the user worthless."""
    User.objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)


@transaction.atomic
def user_sync_identity(identity: SupabaseIdentity, *, name: str) -> User:
    """The account of a proven identity: found by its Supabase id, else by the proven address, else made."""
    user = User.objects.filter(supabase_id=identity.supabase_id).first()
    if user is None:
        email = User.objects.fold_email(identity.email)
        user = User.objects.filter(email=email).first()
        if user is None:
            return User.objects.create_user(email, None, name=name, supabase_id=identity.supabase_id)
        if user.supabase_id:
            raise Conflict("This address belongs to another sign-in.", code="identity_conflict")
        user.supabase_id = identity.supabase_id
        user.save(update_fields=["supabase_id", "updated_at"])
    if not user.is_active:
        raise DomainError("This account is closed.", code="account_closed", status=403)
    return user


def owner_link_create(*, now: datetime | None = None) -> str:
    """The token of a fresh one-time link; only its hash is stored."""
    token = secrets.token_urlsafe(32)
    expires_at = (now or timezone.now()) + settings.OWNER_LINK_LIFETIME
    OwnerLink.objects.create(token_hash=OwnerLink.hash_token(token), expires_at=expires_at)
    return token


@transaction.atomic
def owner_link_redeem(token: str, *, email: str, password: str, name: str) -> User:
    """Uses the link up and makes the owner. Raises DomainError 404 for a used, expired or unknown link."""
    now = timezone.now()
    if not OwnerLink.usable(token, now).update(used_at=now):
        raise DomainError("This link is used up or expired.", code="owner_link_invalid", status=404)
    return user_register(email=email, password=password, name=name, role=User.Role.OWNER)
