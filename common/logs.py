"""Structured logs: one JSON object a line, static event names, ids as fields, no personal data."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping, Sequence
from functools import lru_cache

import sentry_sdk
import structlog
from django.conf import settings
from structlog.types import Processor

_SHARED: Sequence[Processor] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def without_secrets(
    _logger: object, _name: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Hides what stands behind the paths of `settings.LOG_SECRET_PATHS`: those addresses are keys."""
    request = event.get("request")
    if isinstance(request, str):
        event["request"] = hide_secret_paths(request)
    return event


def report_error(
    _logger: object, name: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Tells Sentry, where there is one, of every error that is logged: one that we answer for is still an error."""
    if name in ("error", "exception", "critical"):
        given = event.get("exc_info") or name == "exception"
        error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
        if error is not None:
            sentry_sdk.capture_exception(error)
        else:
            sentry_sdk.capture_message(str(event.get("event")), level="error")
    return event


def hide_secret_paths(text: str) -> str:
    """The text with `***` for what follows one of `settings.LOG_SECRET_PATHS`."""
    return _secret_paths().sub(r"\1***", text)


@lru_cache(maxsize=1)
def _secret_paths() -> re.Pattern[str]:
    return re.compile(f"({'|'.join(map(re.escape, settings.LOG_SECRET_PATHS))})[^ ?]+")


def configure() -> None:
    """Sends structlog's events through the standard library's handlers, so that all lines look alike."""
    structlog.configure(
        processors=[
            *_SHARED,
            without_secrets,
            report_error,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def json_formatter() -> logging.Formatter:
    """The formatter that `settings.LOGGING` names."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_SHARED, structlog.processors.format_exc_info],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(),
        ],
    )
