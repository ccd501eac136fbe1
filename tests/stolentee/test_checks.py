"""Each check fires for its mistake and is silent where all is well; test_boot proves that they are asked."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from stolentee import checks
from stolentee.environment import Problem

# A deployment that lacks nothing.
GOOD: dict[str, Any] = {
    "ENVIRONMENT_PROBLEMS": [],
    "PRODUCTION": True,
    "SECRET_KEY": "k" * 50,
    "ALLOWED_HOSTS": ["api.stolentee.com"],
    "S3_BUCKET": "b",
    "S3_ACCESS_KEY_ID": "i",
    "S3_SECRET_ACCESS_KEY": "s",
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRETS": ["whsec_x"],
    "STRIPE_API_URL": "",
    "REDIS_URL": "rediss://redis.example/0",
    "EMAIL_HOST": "mail.example",
    "METRICS_KEY": "key",
    "DATABASE_CONNECTION_LIMIT": 60,
    "DATABASE_CONNECTIONS_RESERVED": 10,
    "DATABASE_POOL_MAX": 5,
    "INSTANCES": 5,
    "WEB_CONCURRENCY": 2,
}
POSTGRESQL = "django.db.backends.postgresql"
NO_STORE = {"S3_BUCKET": "", "S3_ACCESS_KEY_ID": "", "S3_SECRET_ACCESS_KEY": ""}
DEVELOPMENT = {
    "PRODUCTION": False,
    "ALLOWED_HOSTS": [],
    "STRIPE_SECRET_KEY": "",
    "STRIPE_WEBHOOK_SECRETS": [],
    "REDIS_URL": "",
    "EMAIL_HOST": "",
    **NO_STORE,
}


def found(settings: Any, engine: str = POSTGRESQL, **changes: Any) -> list[str]:
    """The numbers of what the checks say about these settings."""
    changes = {"GEMINI_API_KEY": "", "GEMINI_SDK": "google-genai"} | changes
    for name, value in (GOOD | changes).items():
        setattr(settings, name, value)
    settings.DATABASES["default"]["ENGINE"], before = engine, settings.DATABASES["default"]["ENGINE"]
    try:
        messages = [
            message
            for check in (
                checks.check_environment,
                checks.check_secrets,
                checks.check_vendors,
                checks.check_gemini,
                checks.check_services,
                checks.check_connections,
            )
            for message in check(None)
        ]
    finally:
        settings.DATABASES["default"]["ENGINE"] = before
    assert all(message.hint for message in messages)
    return [str(message.id).removeprefix("stolentee.") for message in messages]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        NO_STORE,
        DEVELOPMENT,
        {"STRIPE_SECRET_KEY": "sk_test_x", "STRIPE_API_URL": "http://127.0.0.1:1"},
        {"DATABASE_CONNECTION_LIMIT": 0, "DATABASE_POOL_MAX": 500},
        {"SECRET_KEY": "k" * 51, "STRIPE_WEBHOOK_SECRETS": ["old", "new"]},
        {"GEMINI_API_KEY": "k", "GEMINI_SDK": "google-genai"},
        {"GEMINI_API_KEY": "", "GEMINI_SDK": "google-generativeai"},
    ],
    ids=[
        "complete",
        "files",
        "development",
        "a double of Stripe",
        "an unknown limit",
        "rotation",
        "Gemini",
        "no Gemini",
    ],  # fmt: skip
)
def test_good_settings_are_silent(changes: dict[str, Any], settings: Any) -> None:
    assert found(settings, **changes) == []


def test_development_may_run_on_sqlite(settings: Any) -> None:
    assert found(settings, "django.db.backends.sqlite3", **DEVELOPMENT) == []
    assert found(settings, "django.db.backends.sqlite3") == ["E008"]


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({"ENVIRONMENT_PROBLEMS": [Problem("PORT", "must"), Problem("HOST", "must")]}, ["E001", "E001"]),
        ({"SECRET_KEY": ""}, ["E002"]),
        ({"SECRET_KEY": "k" * 49}, ["E002"]),
        ({"PRODUCTION": False, "SECRET_KEY": "k" * 49}, ["E002"]),
        ({"ALLOWED_HOSTS": []}, ["E003"]),
        ({"S3_BUCKET": ""}, ["E004"]),
        ({"S3_ACCESS_KEY_ID": ""}, ["E004"]),
        ({"S3_SECRET_ACCESS_KEY": ""}, ["E004"]),
        (NO_STORE | {"S3_BUCKET": "b"}, ["E004"]),
        ({"STRIPE_WEBHOOK_SECRETS": []}, ["E005"]),
        ({"PRODUCTION": False, "STRIPE_WEBHOOK_SECRETS": []}, ["E005"]),
        ({"STRIPE_API_URL": "http://127.0.0.1:1"}, ["E006"]),
        (DEVELOPMENT | {"STRIPE_API_URL": "http://127.0.0.1:1"}, ["E006"]),
        ({"STRIPE_SECRET_KEY": "", "STRIPE_WEBHOOK_SECRETS": []}, ["E007"]),
        ({"REDIS_URL": ""}, ["E009"]),
        ({"GEMINI_API_KEY": "k", "GEMINI_SDK": "google-generativeai"}, ["E020"]),
        ({"EMAIL_HOST": ""}, ["W001"]),
        ({"DATABASE_POOL_MAX": 6}, ["E012"]),
        ({"INSTANCES": 6}, ["E012"]),
        ({"DATABASE_CONNECTION_LIMIT": 59}, ["E012"]),
        ({"METRICS_KEY": ""}, ["I001"]),
    ],
    ids=str,
)
def test_each_mistake_has_its_number(changes: dict[str, Any], numbers: list[str], settings: Any) -> None:
    assert found(settings, **changes) == numbers


def test_no_message_repeats_a_secret(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL = "sk_live_the-secret", "http://127.0.0.1:1"
    settings.STRIPE_WEBHOOK_SECRETS = []
    settings.SECRET_KEY = "the-secret"
    messages = [*checks.check_secrets(None), *checks.check_vendors(None)]
    assert len(messages) == 3
    assert all("the-secret" not in f"{message.msg} {message.hint}" for message in messages)


def test_the_boot_is_refused_with_all_that_is_wrong(settings: Any) -> None:
    settings.SECRET_KEY = "short"
    settings.ENVIRONMENT_PROBLEMS = [Problem("PORT", "must be a number")]
    with pytest.raises(ImproperlyConfigured) as refusal:
        checks.refuse_bad_settings()
    assert "stolentee.E001" in str(refusal.value) and "stolentee.E002" in str(refusal.value)
    settings.SECRET_KEY, settings.ENVIRONMENT_PROBLEMS = "k" * 64, []
    assert checks.refuse_bad_settings() is None
