"""Making and changing accounts."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts import links
from accounts.mail.tasks import ring_letter
from accounts.models import AccountMail, OwnerLink, User
from accounts.signals import email_proven
from accounts.supabase import SupabaseIdentity
from common.errors import Conflict, DomainError

_LETTER_PAUSE = timedelta(minutes=2)
_LINK_INVALID = DomainError("This link is used up or expired. Please ask for a new one.", code="link_invalid")


def user_register(*, email: str, password: str, name: str, role: str = User.Role.CUSTOMER) -> User:
    """A new account, and a letter that asks to confirm its address.

    Raises DomainError 400 `user_exists` for a known address: the contract's words and status.
    """
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, name=name, role=role)
            _letter(user, AccountMail.Kind.CONFIRM_EMAIL)
            return user
    except IntegrityError as error:
        raise DomainError("User already exists", code="user_exists") from error


def _letter(user: User, kind: AccountMail.Kind) -> None:
    """Asks for a letter; one with a link not again within two minutes, for whoever asks may not be who gets it."""
    just_now = timezone.now() - _LETTER_PAUSE
    has_link = kind != AccountMail.Kind.PASSWORD_CHANGED
    if has_link and AccountMail.objects.filter(user=user, kind=kind, created_at__gt=just_now).exists():
        return
    mail = AccountMail.objects.create(user=user, kind=kind)
    ring_letter(str(mail.pk))


def user_check_credentials(*, email: str, password: str) -> User | None:
    """The active user whom these credentials belong to, in the same time whether the address is known or not."""
    user = User.objects.filter(email=User.objects.fold_email(email)).first()
    if not check_password(password, user.password if user else _nobodys_hash()):
        return None
    if user is None or not user.is_active:
        return None
    if user.email_confirmed_at:
        email_proven.send(User, user=user)
    return user


@cache
def _nobodys_hash() -> str:
    """Made once, so that a login for an unknown address costs as much as one for a known address."""
    return make_password(secrets.token_hex(16))


def user_revoke_tokens(user: User) -> None:
    """Makes every token that was issued to the user worthless."""
    User.objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)


def user_request_confirmation(user: User) -> None:
    """Sends the letter again that asks to confirm the address. Nothing where it is confirmed."""
    if user.email_confirmed_at is None:
        _letter(user, AccountMail.Kind.CONFIRM_EMAIL)


@transaction.atomic
def user_confirm_email(reference: str, token: str) -> User:
    """The user of this link, whose address is proven from now on. Raises DomainError 400 for a bad link."""
    user = links.user_of(reference, token, links.CONFIRM)
    if user is None:
        raise _LINK_INVALID
    _confirm(user)
    return user


def _confirm(user: User) -> None:
    """Records once that the user reads the address, and lets the other apps know."""
    now = timezone.now()
    if User.objects.filter(pk=user.pk, email_confirmed_at__isnull=True).update(email_confirmed_at=now):
        user.email_confirmed_at = now
    email_proven.send(User, user=user)


def password_request_reset(email: str) -> None:
    """Sends the letter with the link, if there is such an account. The caller cannot tell."""
    user = User.objects.filter(email=User.objects.fold_email(email), is_active=True).first()
    if user is not None:
        _letter(user, AccountMail.Kind.RESET_PASSWORD)


@transaction.atomic
def password_reset(reference: str, token: str, password: str) -> User:
    """Sets the password of the link's user, who has shown to read the address. Raises DomainError 400."""
    user = links.user_of(reference, token, links.RESET)
    if user is None:
        raise _LINK_INVALID
    _set_password(user, password)
    _confirm(user)
    return user


@transaction.atomic
def password_change(user: User, *, current: str, password: str) -> User:
    """The user with the new password; every token and session is revoked. Raises DomainError 400."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.check_password(current):
        raise DomainError("The current password is not right.", code="password_wrong")
    _set_password(user, password)
    return user


def _set_password(user: User, password: str) -> None:
    user.set_password(password)
    user.token_version += 1
    user.save(update_fields=["password", "token_version", "updated_at"])
    _letter(user, AccountMail.Kind.PASSWORD_CHANGED)


@transaction.atomic
def user_sync_identity(identity: SupabaseIdentity, *, name: str) -> User:
    """The account of a proven identity: found by its Supabase id, else by the proven address, else made."""
    user = User.objects.filter(supabase_id=identity.supabase_id).first()
    if user is None:
        email = User.objects.fold_email(identity.email)
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email, None, name=name, supabase_id=identity.supabase_id)
        elif user.supabase_id:
            raise Conflict("This address belongs to another sign-in.", code="identity_conflict")
        else:
            _join_identity(user, identity.supabase_id)
    if not user.is_active:
        raise DomainError("This account is closed.", code="account_closed", status=403)
    if User.objects.fold_email(identity.email) == user.email:
        _confirm(user)
    return user


def _join_identity(user: User, supabase_id: str) -> None:
    """Ties the account to the identity that has proven its address.

    Whoever registered with somebody else's address, without ever confirming it, must not stay inside: the password
    and all tokens of that time become worthless.
    """
    user.supabase_id = supabase_id
    if user.email_confirmed_at is None:
        user.set_unusable_password()
        user.token_version += 1
    user.save(update_fields=["supabase_id", "password", "token_version", "updated_at"])


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
