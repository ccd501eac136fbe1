"""What may go wrong when a mail is sent, whichever backend sends it: SMTP, or a provider's API through anymail."""

from __future__ import annotations

from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
)

MAIL_ERRORS = (SMTPException, OSError, AnymailError, AnymailConfigurationError)
_TOO_MANY, _TIMED_OUT = 429, 408


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
