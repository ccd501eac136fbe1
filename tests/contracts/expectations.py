"""What the storefront can rely on, as assertions; each says in its name what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from django.apps import apps
from django.db import connection

from demo.storefront import Json

ORIGIN = "http://localhost:5173"
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# An id as the shop makes them, that it has not made.
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
_OUR_APPS = ("accounts", "products", "uploads", "designs", "pricing", "orders")


# What was measured of a picture is kept, whatever becomes of the request that asked first.
_CACHES = {"designs_artworkfacts"}


class Matching:
    """Equal to every text that matches the pattern in full."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self._pattern.fullmatch(other) is not None

    def __hash__(self) -> int:
        return hash(self._pattern)

    def __repr__(self) -> str:
        return f"<text like {self._pattern.pattern}>"


class Exactly:
    """Equal to every value of one of these types, and of no subtype: True is no number here, 1 is no text."""

    def __init__(self, *types: type) -> None:
        self._types = types

    def __eq__(self, other: object) -> bool:
        return type(other) in self._types

    def __hash__(self) -> int:
        return hash(self._types)

    def __repr__(self) -> str:
        return f"<{' or '.join(t.__name__ for t in self._types)}>"


AN_ID = Matching(UUID)
A_RANDOM_ID = Matching(UUID4)
A_TIME = Matching(TIMESTAMP)
A_TEXT = Exactly(str)
A_NUMBER = Exactly(int, float)
A_COUNT = Exactly(int)
A_LIST = Exactly(list)
AN_OBJECT = Exactly(dict)
TEXT_OR_NULL = Exactly(str, type(None))


def assert_has(value: Mapping[str, Any], **expected: Any) -> None:
    """The object has at least these members with these values; more are welcome."""
    assert {name: value.get(name, "<missing>") for name in expected} == expected


def data_of(answer: requests.Response, status: int = 200) -> Json:
    """The data of a success: envelope, status, JSON and CORS are asserted on the way."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    assert_readable_by_the_page(answer)
    body: Json = answer.json()
    assert body["success"] is True
    data: Json = body["data"]
    return data


def assert_readable_by_the_page(answer: requests.Response) -> None:
    """Without these headers the browser hides the answer, and axios sends the request a second time."""
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "origin" in answer.headers["Vary"].lower()


def assert_refused(answer: requests.Response, status: int, message: str, *, code: str = "") -> Json:
    """An error with the one text that the pages show; problem details for everybody else."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert_readable_by_the_page(answer)
    body: Json = answer.json()
    assert body["message"] == message
    assert_has(body, success=False, status=status, detail=message, title=A_TEXT, errors=A_LIST)
    assert body["type"] == f"urn:stolentee:problem:{body['code']}"
    assert not code or body["code"] == code
    return body


def table_contents() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of ours, read without the models: it happens twice in most tests."""
    contents = {}
    with connection.cursor() as cursor:
        for app in _OUR_APPS:
            for model in apps.get_app_config(app).get_models():
                table = model._meta.db_table
                if table in _CACHES:
                    continue
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  Our own name.
                contents[table] = sorted(cursor.fetchall(), key=repr)
    return contents


@contextmanager
def nothing_changes() -> Iterator[None]:
    """Whatever is refused inside leaves every row of the database as it was."""
    before = table_contents()
    yield
    assert table_contents() == before
