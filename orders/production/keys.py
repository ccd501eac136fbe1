"""Printers' keys: making, rotating, revoking, and finding whose key signed a report."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from orders.models import Printer, PrinterKey
from orders.production.webhook import is_signed

OVERLAP = timedelta(days=7)
"""How long the old key still counts after a rotation: time to put the new one in place."""

_SALT = "orders.production.printer-key"
_SETTINGS = "settings"


def key_secret(key: PrinterKey, server_secret: str | bytes | None = None) -> str:
    """The secret of a key. It can be derived again, so it is shown to staff only when the key is made."""
    derived = salted_hmac(_SALT, f"{key.pk}:{key.key_id}", secret=server_secret, algorithm="sha256")
    return f"psk_{derived.hexdigest()}"


def key_create(printer: Printer) -> PrinterKey:
    """A new key beside those that the printer has."""
    return PrinterKey.objects.create(printer=printer, key_id=f"pk_{secrets.token_hex(8)}")


@transaction.atomic
def key_rotate(printer: Printer, overlap: timedelta = OVERLAP) -> PrinterKey:
    """A new key; all others of the printer end after the overlap, or when they would have ended anyway."""
    Printer.objects.select_for_update().get(pk=printer.pk)
    end = timezone.now() + overlap
    for key in printer.keys.all():
        if key.expires_at is None or key.expires_at > end:
            PrinterKey.objects.filter(pk=key.pk).update(expires_at=end)
    return key_create(printer)


def key_revoke(key: PrinterKey) -> None:
    """Ends a key now, as when it has leaked."""
    PrinterKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())


def signer(raw: bytes, header: str, key_id: str) -> tuple[str, Printer | None] | None:
    """Who signed these bytes, as (source, printer), or None for nobody we know.

    With a key id it is that key's printer; without one the secrets of .env are tried, whose printer has no row.
    """
    if not key_id:
        known = is_signed(raw, header, settings.PRINTER_WEBHOOK_SECRETS)
        return (_SETTINGS, None) if known else None
    key = PrinterKey.objects.select_related("printer").filter(key_id=key_id).first()
    now = timezone.now()
    if key is None or not key.is_valid(now) or not is_signed(raw, header, _secrets(key)):
        return None
    PrinterKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return str(key.printer_id), key.printer


def _secrets(key: PrinterKey) -> Sequence[str]:
    """A rotated SECRET_KEY keeps printers working for as long as it stands among the fallbacks."""
    return [key_secret(key), *(key_secret(key, secret) for secret in settings.SECRET_KEY_FALLBACKS)]
