"""Who somebody is: users with one role each, and the one-time links that make owners."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from accounts import roles
from common.models import Record
from common.work import WorkItem


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None, *, name: str, **fields: Any) -> User:
        """A saved user. `password` None makes an account that only an identity provider can open."""
        user = self.model(email=self.fold_email(email), name=name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=self.fold_email(username or ""))

    @staticmethod
    def fold_email(email: str) -> str:
        """Case only: removing dots or tags would merge two people (CONTRACT 10.22)."""
        return email.strip().lower()


class User(AbstractBaseUser, Record):
    """A customer or a member of staff. The role is read from here at every request, never from a token."""

    class Role(models.TextChoices):
        CUSTOMER = roles.CUSTOMER
        OWNER = roles.OWNER
        OPERATIONS = roles.OPERATIONS
        ART = roles.ART
        SUPPORT = roles.SUPPORT
        PRINTER = roles.PRINTER

    email = models.EmailField(max_length=255, unique=True)
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=12, choices=Role, default=Role.CUSTOMER)
    is_active = models.BooleanField(default=True)
    # Set once the person has shown to read this address: by a link in a mail, or by an identity provider.
    email_confirmed_at = models.DateTimeField(null=True, blank=True)
    supabase_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    # Every token carries this number; raising it revokes all of them.
    token_version = models.PositiveIntegerField(default=1)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=["customer", "owner", "operations", "art", "support", "printer"]),
                name="user_role_known",
            )
        ]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        """As the admin's corner asks for it."""
        return self.name

    @property
    def runs_the_shop(self) -> bool:
        """Owners and operations see all orders; the storefront calls this role `admin`."""
        return self.is_active and self.role in roles.MANAGERS

    @property
    def is_staff(self) -> bool:
        """Whether Django's admin opens; what is in it, `roles` says."""
        return self.is_active and self.role in roles.STAFF

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and roles.permits(self.role, perm)

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and roles.permits_app(self.role, app_label)


class AccountMail(WorkItem):
    """A letter to the holder of an account. Its link is made when it is sent: no row holds a secret."""

    class Kind(models.TextChoices):
        CONFIRM_EMAIL = "confirm_email", "confirm the e-mail address"
        RESET_PASSWORD = "reset_password", "choose a new password"
        PASSWORD_CHANGED = "password_changed", "the password was changed"

    MAX_ATTEMPTS = 6

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mails")
    kind = models.CharField(max_length=20, choices=Kind)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.kind} to {self.user_id}"


class OwnerLink(Record):
    """A link that makes one owner, once. Only the hash of its token is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"owner link until {self.expires_at:%Y-%m-%d %H:%M}"

    @classmethod
    def usable(cls, token: str, now: datetime) -> models.QuerySet[OwnerLink]:
        """The link of this token, as long as it is neither used nor expired."""
        return cls.objects.filter(token_hash=cls.hash_token(token), used_at__isnull=True, expires_at__gt=now)

    @staticmethod
    def hash_token(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()
