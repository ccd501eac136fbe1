"""The staff's second factor: six digits from an authenticator app, or one of ten recovery codes.

Devices, drift and throttling are django-otp's. A session is *verified* once it has shown a code; log-out ends that.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import django_otp
import segno
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from common.errors import DomainError

RECOVERY_CODES = 10


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator app needs: the secret as text (base 32) and the same as an SVG of a QR code."""

    secret: str
    qr_svg: str


def has_second_factor(user: User) -> bool:
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def is_verified(request: HttpRequest) -> bool:
    """Whether this session has shown a second factor."""
    check = getattr(request.user, "is_verified", None)  # django-otp's middleware adds it
    return bool(check and check())


def demanded(user: User) -> bool:
    """Whether the admin opens to this user only with a second factor."""
    return settings.STAFF_SECOND_FACTOR == "always" or has_second_factor(user)


@transaction.atomic
def enrolment_begin(user: User) -> Enrolment:
    """The secret to scan. The same one until it is confirmed, so that a reload of the page spoils nothing."""
    device, _ = TOTPDevice.objects.get_or_create(
        user=user, confirmed=False, defaults={"name": "authenticator"}
    )
    secret = base64.b32encode(device.bin_key).decode().rstrip("=")
    code = segno.make(device.config_url, error="m", micro=False)
    return Enrolment(secret, code.svg_inline(scale=5, border=2))


@transaction.atomic
def enrolment_confirm(request: HttpRequest, user: User, code: str) -> list[str]:
    """Turns the second factor on and returns the recovery codes, which are shown once. Raises DomainError 400."""
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
    if device is None or not device.verify_token(code.strip()):
        raise DomainError("This code is not right. Please try the next one.", code="second_factor_wrong")
    TOTPDevice.objects.filter(user=user, confirmed=True).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    codes = _new_recovery_codes(user)
    django_otp.login(request, device)
    return codes


def _new_recovery_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery codes")
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def verify(request: HttpRequest, user: User, code: str) -> None:
    """Makes this session a verified one. Raises DomainError 400 for a wrong, used or throttled code."""
    device = django_otp.match_token(user, code.strip().replace(" ", "").lower())
    if device is None:
        raise DomainError("This code is not right. Please try the next one.", code="second_factor_wrong")
    django_otp.login(request, device)
