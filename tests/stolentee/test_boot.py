"""Bad settings stop the boot with numbers and hints; production never runs on test parts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "a-long-and-random-value-of-more-than-fifty-characters-0123456789",
    "ALLOWED_HOSTS": "api.stolentee.com",
    "DATABASE_URL": "postgres://u:p@127.0.0.1:1/d",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "STRIPE_SECRET_KEY": "sk_live_not_a_key",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "SMTP_HOST": "127.0.0.1",
    "PUBLIC_URL": "https://api.stolentee.com",
}


def run(*command: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Runs a Python of its own with GOOD settings and these changes; None removes one."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")
    }
    environment |= GOOD
    for name, value in changes.items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def manage(*arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    return run("manage.py", *arguments, **changes)


def numbers(text: str) -> set[str]:
    return set(re.findall(r"stolentee\.([EW]\d+)", text))


# Every mistake that can be made together, and what it is called.
MISTAKES: dict[str, str | None] = {
    "PORT": "--5",  # E001
    "SECRET_KEY": "short",  # E002
    "ALLOWED_HOSTS": None,  # E003
    "S3_BUCKET": "only-the-bucket",  # E004
    "STRIPE_API_URL": "http://127.0.0.1:9",  # E006
    "STRIPE_SECRET_KEY": None,  # E007
    "DATABASE_URL": None,  # E008
    "REDIS_URL": "http://[",  # E001 and E009
}
THEIR_NUMBERS = {"E001", "E002", "E003", "E004", "E006", "E007", "E008", "E009"}


def test_good_production_settings_pass_every_check() -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (MISTAKES, THEIR_NUMBERS),
        ({"STRIPE_WEBHOOK_SECRET": None}, {"E005"}),
        ({"SECRET_KEY": None}, {"E002"}),
    ],
    ids=["many", "no webhook secret", "no secret key"],
)
def test_mistakes_are_named_by_number_all_at_once(changes: dict[str, str | None], found: set[str]) -> None:
    checked = manage("check", "--deploy", **changes)
    assert checked.returncode == 1 and "HINT" in checked.stderr
    assert numbers(checked.stderr) == found, checked.stderr


@pytest.mark.parametrize(
    "process",
    [
        ["manage.py", "shell", "-v", "0", "-c", "import stolentee.wsgi"],
        ["-m", "celery", "-A", "stolentee", "worker", "--pool", "solo"],
    ],
    ids=["web", "worker"],
)
def test_mistakes_stop_the_boot(process: list[str]) -> None:
    booted = run(*process, **MISTAKES)
    assert booted.returncode not in (0, None)
    assert numbers(booted.stderr) == THEIR_NUMBERS, booted.stderr
    assert "PORT must be a whole number" in booted.stderr and "REDIS_URL must be a URL" in booted.stderr


def test_production_has_neither_test_gateway_nor_test_printer() -> None:
    code = (
        "from django.urls import resolve; from stolentee.urls import route_not_found as lost;"
        "paths = '/test-gateway/payment_intents/x/confirm', '/test-printer/orders/x';"
        "print([resolve(path).func is lost for path in paths])"
    )
    assert manage("shell", "-v", "0", "-c", code).stdout.strip() == "[True, True]"
    refused = manage("shell", "-c", "from orders.payments.backends.testing import TestGateway; TestGateway()")
    assert "must not take orders in production" in refused.stderr
