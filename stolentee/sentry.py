"""Errors and slow requests go to Sentry, without anything that says who was concerned."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings

from common.logs import hide_secret_paths

_HIDDEN = "[hidden]"
_EMAIL = re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}")
_CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")
_KEY = re.compile(
    r"\b(?:sk|rk|pk|whsec)_[A-Za-z0-9_]{8,}|\bBearer\s+\S+|\bpi_[A-Za-z0-9]+_secret_[A-Za-z0-9]+"
)
_PRIVATE_NAMES = re.compile(
    r"passw|secret|token|authoriz|cookie|api_?key|email|phone|name|address|street|line1|line2|city|postal|zip|card"
    r"|customer|client_secret|dsn|session",
    re.IGNORECASE,
)
# Names that only look private.
_PLAIN_NAMES = {"name", "server_name", "logger_name", "product_name", "filename", "module_name"}


def start() -> None:
    """Does nothing without SENTRY_DSN."""
    if not settings.SENTRY_DSN:
        return
    import sentry_sdk
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        environment=settings.ENVIRONMENT,
        release=f"stolentee@{settings.VERSION}",
        # Our own log tells of errors (common/logs.py); its lines hold fields that are nobody else's business.
        integrations=[
            DjangoIntegration(),
            CeleryIntegration(),
            LoggingIntegration(level=None, event_level=None),
        ],
        auto_enabling_integrations=False,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,  # they hold orders and people
        traces_sample_rate=settings.SENTRY_TRACES_PERCENT / 100,
        before_send=scrubbed,
        before_send_transaction=scrubbed,
        before_breadcrumb=lambda crumb, hint: scrub(crumb),
    )


def scrubbed(event: Any, hint: Any) -> Any:
    """The event without people: no user, no cookies, no query, no address behind which somebody's things lie."""
    event.pop("user", None)
    request = event.get("request")
    if isinstance(request, dict):
        for name in ("cookies", "data", "query_string", "env"):
            request.pop(name, None)
        request["headers"] = {
            name: value
            for name, value in (request.get("headers") or {}).items()
            if name.lower() in ("host", "user-agent", "content-type", "content-length", "x-request-id")
        }
    return scrub(event)


def scrub(value: Any, name: str = "") -> Any:
    """The value with private members and patterns (mail addresses, card numbers, keys) hidden, at any depth."""
    if isinstance(value, dict):
        return {
            key: _HIDDEN if _is_private(str(key)) and isinstance(item, (str, int, float)) else scrub(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [scrub(item) for item in value]
    if isinstance(value, str):
        text = _EMAIL.sub(_HIDDEN, value)
        text = _KEY.sub(_HIDDEN, text)
        text = _CARD.sub(_HIDDEN, text)
        return hide_secret_paths(text)
    return value


def _is_private(name: str) -> bool:
    return name.lower() not in _PLAIN_NAMES and _PRIVATE_NAMES.search(name) is not None
