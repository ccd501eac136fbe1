"""What reaches Sentry: the error and where it was, and nothing of who it concerned."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stolentee.sentry import scrub, scrubbed
from tests.fakes.collector import Collector

ROOT = Path(__file__).resolve().parents[2]
# Mail address, card, key, client secret, token, name: each of these is in the request, the log or the error.
PRIVATE = (
    "ada@example.com",
    "4242424242424242",
    "sk_live_abcdefghijk",
    "pi_123_secret_456",
    "the-bearer-token",
    "Ada Lovelace",
    "pack-token-1",
)
CRASH = """
import logging
from stolentee.wsgi import application
from django.test import RequestFactory
from orders import views
from stolentee import urls
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

@csrf_exempt
def crash(request, token):
    customer_name = "Ada Lovelace"
    logging.getLogger("shop").warning("mail to ada@example.com")
    raise RuntimeError("card 4242424242424242 of ada@example.com refused with sk_live_abcdefghijk pi_123_secret_456")

urls.urlpatterns.insert(0, path("api/production/packs/<str:token>", crash))
def call(request):
    statuses = []
    list(application(request.environ, lambda status, headers: statuses.append(int(status[:3]))))
    return statuses[0]

status = call(RequestFactory().post(
    "/api/production/packs/pack-token-1?email=ada@example.com", {"customer_name": "Ada Lovelace"},
    content_type="application/json",
    headers={"authorization": "Bearer the-bearer-token", "cookie": "a=the-bearer-token"},
))
assert status == 500, status
status = call(RequestFactory().get("/api/auth/me"))
assert status == 401, status
import sentry_sdk
sentry_sdk.flush(5)
"""


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Collector:
    with Collector() as collector:
        environment = {
            name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")
        }
        environment |= {
            "SENTRY_DSN": collector.sentry_dsn,
            "SENTRY_TRACES_PERCENT": "100",
            "VAR_DIR": str(tmp_path_factory.mktemp("sentry")),
            "DJANGO_SETTINGS_MODULE": "stolentee.settings",
        }
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True
        )
        done = subprocess.run(
            [sys.executable, "-c", CRASH],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return collector


def test_a_crash_arrives_with_its_place_and_without_people(collected: Collector) -> None:
    errors = [event for event in collected.sentry_items("event") if event.get("exception")]
    assert len(errors) == 1, "a refusal (401) is no error, and a crash is one"
    (event,) = errors
    (crash,) = (value for value in event["exception"]["values"] if value["type"] == "RuntimeError")
    assert crash["value"].startswith("card [hidden] of [hidden] refused with [hidden]")
    assert any(frame["function"] == "crash" for frame in crash["stacktrace"]["frames"])
    assert not any("vars" in frame for frame in crash["stacktrace"]["frames"])
    assert (event["environment"], event["release"]) == ("development", "stolentee@1.0.0")
    assert set(event["request"]) <= {"url", "method", "headers"}
    assert "user" not in event


def test_requests_are_timed(collected: Collector) -> None:
    names = {event["transaction"] for event in collected.sentry_items("transaction")}
    assert any("packs" in name for name in names), names


def test_nothing_private_leaves_in_any_envelope(collected: Collector) -> None:
    sent = b"\n".join(body for _, body in collected.bodies).decode()
    assert len(sent) > 1000
    # The program that crashes is the test's own, so its source lines, which Sentry quotes, hold what it sends.
    without_source = json.dumps(
        [
            _without_source(event)
            for kind in ("event", "transaction")
            for event in collected.sentry_items(kind)
        ]
    )
    assert [word for word in PRIVATE if word in without_source] == []


def _without_source(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_source(item)
            for key, item in value.items()
            if key not in ("context_line", "pre_context", "post_context")
        }
    return [_without_source(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"email": "a@b.co", "order_id": "7"}, {"email": "[hidden]", "order_id": "7"}),
        ({"data": {"client_secret": "x", "n": 1}}, {"data": {"client_secret": "[hidden]", "n": 1}}),
        (["write to a@b.co now"], ["write to [hidden] now"]),
        ("paid with 4242 4242 4242 4242.", "paid with [hidden]."),
        ("Bearer abc.def", "[hidden]"),
        ("whsec_abcdefgh1 and sk_test_12345678", "[hidden] and [hidden]"),
        ("/setup/abc123", "/setup/***"),
        ({"filename": "views.py", "lineno": 12}, {"filename": "views.py", "lineno": 12}),
        (None, None),
        ("order RB-MFAPGR-CKRQ9S-PCB53B", "order RB-MFAPGR-CKRQ9S-PCB53B"),
    ],
)
def test_what_is_hidden(given: Any, kept: Any) -> None:
    assert scrub(given) == kept


def test_of_a_request_only_what_is_nobodys_stays() -> None:
    event = {
        "user": {"id": 1},
        "request": {
            "url": "https://api/x",
            "cookies": {"a": "b"},
            "data": {"name": "Ada"},
            "query_string": "email=a@b.co",
            "headers": {"Authorization": "Bearer x", "Host": "api", "X-Request-ID": "abc"},
        },
    }
    assert scrubbed(event, {}) == {
        "request": {"url": "https://api/x", "headers": {"Host": "api", "X-Request-ID": "abc"}}
    }
