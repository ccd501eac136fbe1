"""Sending one letter of an outbox: retried while that may help, given up when the server has said no for good.

Whichever backend sends it: SMTP, or a provider's API through anymail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any, TypeVar

import structlog
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
)
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string

from common.work import WorkItem

log = structlog.get_logger(__name__)

Letter = TypeVar("Letter", bound=WorkItem)

MAIL_ERRORS = (SMTPException, OSError, AnymailError, AnymailConfigurationError)
_TOO_MANY, _TIMED_OUT = 429, 408


def letter(template: str, context: Mapping[str, Any], *, subject: str, to: str) -> EmailMultiAlternatives:
    """A message as text and HTML, by `<template>.txt` and `<template>.html`, which escape whatever people typed."""
    text, html = (render_to_string(f"{template}.{kind}", {**context}) for kind in ("txt", "html"))
    message = EmailMultiAlternatives(subject=subject, body=text, to=[to])
    message.attach_alternative(html, "text/html")
    return message


def deliver(
    model: type[Letter],
    mail_id: str,
    compose: Callable[[Letter], EmailMessage],
    ring_again: Callable[..., None],
) -> None:
    """Claims the row, sends what `compose` makes of it, and records how that ended.

    `ring_again(mail_id, countdown_s=...)` is called where another attempt is due.
    """
    mail = model.claim(mail_id)
    if mail is None:
        return
    message = compose(mail)
    # A second sending is seen as the same letter.
    message.extra_headers["Message-ID"] = f"<{mail.pk}@stolentee>"
    try:
        message.send()
    except MAIL_ERRORS as error:
        delay = mail.fail("mail_refused", type(error).__name__, retryable=not is_permanent(error))
        if delay is not None:
            ring_again(mail_id, countdown_s=delay.total_seconds())
        log.warning("mail.failed", mail_id=mail_id, model=model.__name__, error=type(error).__name__)
        return
    mail.finish()
    log.info("mail.sent", mail_id=mail_id, model=model.__name__)


def is_permanent(error: Exception) -> bool:
    """Whether the answer is no for good: 5xx of SMTP, 4xx of an API, to the message or to every recipient."""
    if isinstance(error, (AnymailRecipientsRefused, AnymailInvalidAddress, AnymailConfigurationError)):
        return True
    if isinstance(error, AnymailAPIError):
        status = error.status_code or 0
        return 400 <= status < 500 and status not in (_TOO_MANY, _TIMED_OUT)
    codes = [error.smtp_code] if isinstance(error, SMTPResponseException) else []
    if isinstance(error, SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    return bool(codes) and all(500 <= code < 600 for code in codes)
