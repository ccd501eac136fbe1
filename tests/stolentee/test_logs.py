"""Logs: one JSON object a line, no address that is a key, no personal data."""

import json
import logging
from typing import Any

import pytest
import structlog
from django.test import Client

from common.logs import json_formatter, without_secrets


@pytest.mark.parametrize(
    ("request_line", "logged"),
    [
        ("GET /setup/abc123", "GET /setup/***"),
        ("GET /api/production/packs/tok:en?x=1", "GET /api/production/packs/***?x=1"),
        ("GET /api/products", "GET /api/products"),
    ],
)
def test_addresses_that_are_keys_are_hidden(request_line: str, logged: str) -> None:
    assert without_secrets(None, "info", {"request": request_line})["request"] == logged


@pytest.mark.django_db
def test_a_request_is_logged_as_json_with_its_id_and_without_who_asked(capsys: Any) -> None:
    handler = logging.StreamHandler()
    lines: list[str] = []
    handler.emit = lambda record: lines.append(json_formatter().format(record))  # type: ignore[method-assign]
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        body = {"email": "ada@example.com", "password": "Secret-Password-1"}
        answer = Client().post(
            "/api/auth/login", body, content_type="application/json", headers={"x-request-id": "abc-12345678"}
        )
    finally:
        root.removeHandler(handler)
    events = [json.loads(line) for line in lines]
    assert answer["X-Request-ID"] == "abc-12345678"
    assert {"request_started", "request_finished"} <= {event["message"] for event in events}
    assert "abc-12345678" in {event.get("request_id") for event in events}
    assert "ada@example.com" not in "".join(lines) and "Secret-Password" not in "".join(lines)
    structlog.contextvars.clear_contextvars()
