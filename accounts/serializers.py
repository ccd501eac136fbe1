"""Bodies of the account endpoints, with the storefront's own messages."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import validate_email
from rest_framework import serializers

from accounts.models import User
from common.api import ModelSerializer, TimestampField

# Persian and Indic spellings, and emoji, join letters with these; both count as control characters.
_JOINERS = {"\u200c", "\u200d"}
PASSWORD_LENGTH = "Password must be between 8 and 128 characters"
PASSWORD_CLASSES = "Password must contain at least one uppercase letter, one lowercase letter, and one number"


class UserSerializer(ModelSerializer):
    """A user as the storefront knows one: staff who run the shop are `admin`."""

    role = serializers.SerializerMethodField()
    created_at = TimestampField()
    updated_at = TimestampField()

    class Meta:
        model = User
        fields = ["id", "email", "name", "role", "created_at", "updated_at"]

    def get_role(self, user: User) -> str:
        return "admin" if user.runs_the_shop else user.role


def clean_email(value: str) -> str:
    if len(value) > 255:
        raise serializers.ValidationError("Email must not exceed 255 characters")
    try:
        validate_email(value)
    except DjangoValidationError as error:
        raise serializers.ValidationError("Must be a valid email address") from error
    return User.objects.fold_email(value)


def clean_password(value: str) -> str:
    if not 8 <= len(value) <= 128:
        raise serializers.ValidationError(PASSWORD_LENGTH)
    if not (re.search(r"[a-z]", value) and re.search(r"[A-Z]", value) and re.search(r"[0-9]", value)):
        raise serializers.ValidationError(PASSWORD_CLASSES)
    return value


def clean_name(value: str) -> str:
    """Names in any script; no control characters, which have no business in a name or a mail header."""
    if not 1 <= len(value) <= 100:
        raise serializers.ValidationError("Name must be between 1 and 100 characters")
    if any(map(_breaks_lines_or_hides, value)):
        raise serializers.ValidationError("Name can only contain letters, digits, spaces and punctuation")
    return value


def _breaks_lines_or_hides(character: str) -> bool:
    category = unicodedata.category(character)
    return category in {"Zl", "Zp"} or (category.startswith("C") and character not in _JOINERS)


class _PlainText(serializers.CharField):
    """Text whose own errors never hide the storefront's messages."""

    def __init__(self, message: str, **kwargs: object) -> None:
        texts = dict.fromkeys(("required", "null", "blank", "invalid"), message)
        super().__init__(error_messages=texts, **kwargs)  # type: ignore[arg-type]


class RegisterSerializer(serializers.Serializer):
    email = _PlainText("Must be a valid email address", validators=[])
    password = _PlainText(PASSWORD_LENGTH, trim_whitespace=False)
    name = _PlainText("Name must be between 1 and 100 characters")

    def validate_email(self, value: str) -> str:
        return clean_email(value)

    def validate_password(self, value: str) -> str:
        return clean_password(value)

    def validate_name(self, value: str) -> str:
        return clean_name(value)


class LoginSerializer(serializers.Serializer):
    email = _PlainText("Email and password are required", max_length=255)
    password = _PlainText("Email and password are required", trim_whitespace=False, max_length=128)


class EmailSerializer(serializers.Serializer):
    email = _PlainText("Must be a valid email address", validators=[])

    def validate_email(self, value: str) -> str:
        return clean_email(value)


class _LinkSerializer(serializers.Serializer):
    """The two parts of a letter's link."""

    uid = serializers.CharField(max_length=100)
    token = serializers.CharField(max_length=200)


class ConfirmEmailSerializer(_LinkSerializer):
    pass


class ResetPasswordSerializer(_LinkSerializer):
    password = _PlainText(PASSWORD_LENGTH, trim_whitespace=False)

    def validate_password(self, value: str) -> str:
        return clean_password(value)


class ChangePasswordSerializer(serializers.Serializer):
    current_password = _PlainText("The current password is required", trim_whitespace=False, max_length=128)
    password = _PlainText(PASSWORD_LENGTH, trim_whitespace=False)

    def validate_password(self, value: str) -> str:
        return clean_password(value)


class OAuthSyncSerializer(serializers.Serializer):
    email = _PlainText("Must be a valid email address")
    name = _PlainText("Name must be between 1 and 100 characters")
    supabaseId = _PlainText("supabaseId is required", max_length=255)
    access_token = serializers.CharField(required=False, max_length=8192)

    def validate_email(self, value: str) -> str:
        return clean_email(value)

    def validate_name(self, value: str) -> str:
        return clean_name(value)
