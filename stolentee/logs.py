"""Which loggers speak, and through what: everything to standard error, one JSON object a line."""

from __future__ import annotations

from typing import Any


def logging_settings(level: str) -> dict[str, Any]:
    """Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "common.logs.json_formatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": [], "propagate": False},
            "django_structlog.celery": {"level": "WARNING"},  # each step logs its own outcome
            "celery": {"level": "WARNING"},
            "kombu": {"level": "ERROR"},
            "PIL": {"level": "WARNING"},
            "psycopg.pool": {"level": "ERROR"},  # one line for each connection that a restart has cost
        },
    }
