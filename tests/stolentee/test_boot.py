"""Bad settings stop the boot with numbers and hints; production never runs on test parts."""

from __future__ import annotations

import os
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


def manage(*arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")
    }
    environment |= GOOD
    for name, value in changes.items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_good_production_settings_pass_every_check() -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        ("E001", {"PORT": "seventy"}),
        ("E002", {"SECRET_KEY": "short"}),
        ("E003", {"ALLOWED_HOSTS": None}),
        ("E004", {"S3_BUCKET": "only-the-bucket"}),
        ("E005", {"STRIPE_WEBHOOK_SECRET": None}),
        ("E006", {"STRIPE_API_URL": "http://127.0.0.1:9"}),
        ("E007", {"STRIPE_SECRET_KEY": None}),
        ("E008", {"DATABASE_URL": None}),
        ("E009", {"REDIS_URL": None}),
    ],
)
def test_each_mistake_has_its_number_and_stops_the_boot(number: str, changes: dict[str, str | None]) -> None:
    checked = manage("check", "--deploy", **changes)
    assert checked.returncode == 1 and f"stolentee.{number}" in checked.stderr and "HINT" in checked.stderr
    booted = manage("shell", "-c", "import stolentee.wsgi", **changes)
    assert booted.returncode != 0 and f"stolentee.{number}" in booted.stderr


def test_production_has_neither_test_gateway_nor_test_printer() -> None:
    code = (
        "from django.urls import resolve; from stolentee.urls import route_not_found as lost;"
        "paths = '/test-gateway/payment_intents/x/confirm', '/test-printer/orders/x';"
        "print([resolve(path).func is lost for path in paths])"
    )
    assert manage("shell", "-v", "0", "-c", code).stdout.strip() == "[True, True]"
    refused = manage("shell", "-c", "from orders.payments.backends.testing import TestGateway; TestGateway()")
    assert "must not take orders in production" in refused.stderr
