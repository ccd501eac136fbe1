"""Money and time on the wire, and the JSON that no database could keep."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.exceptions import ParseError, ValidationError

from common.api import MoneyField, StorableJSONParser, TimestampField, success


@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        (179.95000000000002, "179.95"),
        (116.82000000000001, "116.82"),
        (8.165, "8.17"),
        (0, "0.00"),
        (-1, "-1.00"),
        (9_999_999_999, "9999999999.00"),
    ],
)
def test_javascripts_floats_become_cents(sent: float, amount: str) -> None:
    read = MoneyField().to_internal_value(sent)
    assert (type(read), str(read)) == (Decimal, amount)


@pytest.mark.parametrize(
    "sent", ["12.98", True, None, [], {}, 10**10, 1e300, float("nan"), float("inf"), -float("inf")]
)
def test_what_is_no_amount_is_refused(sent: Any) -> None:
    with pytest.raises(ValidationError):
        MoneyField().to_internal_value(sent)


def test_amounts_leave_as_numbers() -> None:
    shown = MoneyField().to_representation(Decimal("12.98"))
    assert (type(shown), shown) == (float, 12.98)


def test_times_leave_as_javascript_writes_them() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
    there = moment.astimezone(timezone(timedelta(hours=-8)))
    assert TimestampField().to_representation(moment) == "2026-01-02T03:04:05.678Z"
    assert TimestampField().to_representation(there) == "2026-01-02T03:04:05.678Z"


def test_the_envelope_of_a_success() -> None:
    answer = success({"id": 1}, 201)
    assert (answer.status_code, answer.data) == (201, {"success": True, "data": {"id": 1}})


def parse(text: bytes) -> Any:
    return StorableJSONParser().parse(io.BytesIO(text), "application/json", {"encoding": "utf-8"})


def test_ordinary_json_is_read_as_it_is() -> None:
    assert parse('{"a": [1, 2.5, null, true, "é", "😀"]}'.encode()) == {"a": [1, 2.5, None, True, "é", "😀"]}
    assert parse(rb'"\ud83d\ude00"') == "😀"  # both halves of the pair
    deep = parse(b"[" * 60 + b"]" * 60)
    assert isinstance(deep, list)


@pytest.mark.parametrize(
    "text",
    [
        rb'{"a": "\u0000"}',
        rb'{"\u0000": 1}',
        rb'["\ud800"]',
        b'{"a": [1e999]}',
        b"[NaN]",
        b"[-Infinity]",
        b"[" * 80 + b"]" * 80,
        b'{"a":' * 100_000,
        b"",
        b"{",
        b"\xff",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_what_postgresql_would_refuse_is_refused_at_the_door(text: bytes) -> None:
    with pytest.raises(ParseError):
        parse(text)
