"""Who somebody is: users with one role each, and the one-time links that make owners."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from common.models import Record


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
        CUSTOMER = "customer"
        OWNER = "owner"
        OPERATIONS = "operations"
        ART = "art"
        SUPPORT = "support"
        PRINTER = "printer"

    email = models.EmailField(max_length=255, unique=True)
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=12, choices=Role, default=Role.CUSTOMER)
    is_active = models.BooleanField(default=True)
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

    @property
    def runs_the_shop(self) -> bool:
        """Owners and operations see all orders; the storefront calls this role `admin`."""
        return self.is_active and self.role in {self.Role.OWNER, self.Role.OPERATIONS}

    @property
    def is_staff(self) -> bool:
        """Django's admin asks this."""
        return self.runs_the_shop

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.runs_the_shop

    def has_perms(self, perm_list: object, obj: object = None) -> bool:
        return self.runs_the_shop

    def has_module_perms(self, app_label: str) -> bool:
        return self.runs_the_shop


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
