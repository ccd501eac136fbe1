"""CONTRACT 0, 8: every answer can be read by the page, and every error says why in `message`."""

import json
from typing import Any

import pytest

from demo.storefront import Json, Storefront
from products import catalogue
from tests.contracts.baskets import order_body, tee
from tests.contracts.expectations import (
    A_TEXT,
    assert_readable_by_the_page,
    assert_refused,
    nothing_changes,
)

JSON_ENDPOINTS = [
    "/api/price/quote",
    "/api/orders/calculate-tax",
    "/api/orders/create",
    "/api/uploads/signed-url",
    "/api/jobs/start",
    "/api/auth/register",
    "/api/auth/login",
    "/api/auth/oauth/sync",
]
BROKEN = [b"{", b"nonsense", b'{"a": 1,}', b"\xff\xfe\x00", b"{'a': 1}", b'{"a": NaN}', b'{"a": 1} {}']


def post_raw(browser: Storefront, path: str, body: bytes, content_type: str = "application/json") -> Any:
    return browser.call("POST", path, data=body, headers={"Content-Type": content_type})


@pytest.mark.parametrize("path", JSON_ENDPOINTS)
@pytest.mark.parametrize("body", BROKEN)
def test_broken_json_is_400(guest: Storefront, path: str, body: bytes) -> None:
    with nothing_changes():
        answer = post_raw(guest, path, body)

    assert_refused(answer, 400, answer.json()["message"])
    assert answer.json()["message"] == A_TEXT


@pytest.mark.parametrize("path", JSON_ENDPOINTS)
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"text"', b"1", b"true"])
def test_json_of_another_kind_is_400(guest: Storefront, path: str, body: bytes) -> None:
    with nothing_changes():
        answer = post_raw(guest, path, body)

    assert_refused(answer, 400, answer.json()["message"])


@pytest.mark.parametrize("path", JSON_ENDPOINTS)
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"]
)
def test_another_content_type_is_415(guest: Storefront, path: str, content_type: str) -> None:
    with nothing_changes():
        answer = post_raw(guest, path, b"a=1", content_type)

    assert_refused(answer, 415, f'Unsupported media type "{content_type}" in request.')


@pytest.mark.parametrize("path", ["/api/uploads/file", "/api/uploads/shirt-photo"])
@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data; boundary=x", 400),
    ],
)
def test_an_upload_that_is_no_form(guest: Storefront, path: str, content_type: str, status: int) -> None:
    with nothing_changes():
        answer = post_raw(guest, path, b'{"file": "x"}', content_type)

    assert_refused(answer, status, answer.json()["message"])


UNSTORABLE = {
    "nul": b"\\u0000",
    "half a pair": b"\\ud83d",
    "nul inside": b"a\\u0000b",
}


@pytest.mark.parametrize("text", UNSTORABLE.values(), ids=UNSTORABLE.keys())
@pytest.mark.parametrize("place", ["customer", "address", "customization", "key"])
def test_text_that_no_database_keeps_is_400(guest: Storefront, art: Json, place: str, text: bytes) -> None:
    """PostgreSQL keeps no NUL, and nobody keeps half of a surrogate pair."""
    body = order_body(tee(art))
    if place == "customer":
        body["customer"] = body["customer"] | {"name": "MARK"}
    elif place == "address":
        body["shipping_address"] = body["shipping_address"] | {"city": "MARK"}
    elif place == "customization":
        body["items"][0]["customization"]["note"] = "MARK"
    else:
        body["items"][0]["customization"]["MARK"] = 1

    with nothing_changes():
        answer = post_raw(guest, "/api/orders/create", json.dumps(body).encode().replace(b"MARK", text))

    assert_refused(answer, 400, answer.json()["message"])


def test_a_number_beyond_every_number_is_400(guest: Storefront, art: Json) -> None:
    """1e999 is infinity to a parser and no JSON to a database."""
    body = order_body(tee(art))
    body["items"][0]["customization"]["zoom"] = "MARK"

    with nothing_changes():
        answer = post_raw(guest, "/api/orders/create", json.dumps(body).encode().replace(b'"MARK"', b"1e999"))

    assert_refused(answer, 400, answer.json()["message"])


def test_json_that_is_nested_too_deeply_is_400(guest: Storefront) -> None:
    for depth in (200, 100_000):
        with nothing_changes():
            answer = post_raw(guest, "/api/orders/create", b"[" * depth + b"]" * depth)
        assert_refused(answer, 400, answer.json()["message"])


def test_unknown_emoji_are_text_like_any_other(guest: Storefront, art: Json) -> None:
    body = order_body(tee(art))
    body["customer"] = body["customer"] | {"name": "Ada 🦊 Lovelace"}

    assert guest.call("POST", "/api/orders/create", json=body).status_code == 201


@pytest.mark.parametrize("path", ["/api/unknown", "/api/orders", "/api/unknown?a=1&b=%20", "/nothing/here"])
def test_an_unknown_route_is_404_and_named(guest: Storefront, path: str) -> None:
    answer = guest.call("GET", path)

    assert (answer.status_code, answer.json()["message"]) == (404, f"Route {path} not found")
    assert answer.headers["Content-Type"] == "application/problem+json"
    if path.startswith("/api"):
        assert_readable_by_the_page(answer)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path", ["/api/products/", "/api/orders/create/", "/api/designs/", "/api/auth/login/"]
)
def test_a_slash_at_the_end_is_never_redirected(guest: Storefront, method: str, path: str) -> None:
    """A redirect would lose the body of a POST."""
    answer = guest.call(method, path, json={} if method == "POST" else None)

    assert_refused(answer, 404, f"Route {path} not found")


@pytest.mark.parametrize("path", ["/api/products", "/api/designs", "/api/orders/create", "/api/auth/me"])
def test_addresses_without_a_slash_are_never_redirected(customer: Storefront, path: str) -> None:
    assert not customer.call("GET", path).is_redirect


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/products"),
        ("GET", "/api/orders/abc/capture-payment"),
        ("GET", "/api/auth/login"),
        ("PUT", "/api/orders/create"),
        ("GET", "/api/webhooks/stripe"),
        ("POST", "/api/jobs/abc"),
    ],
)
def test_a_method_that_is_not_offered_is_405(guest: Storefront, method: str, path: str) -> None:
    answer = guest.call(method, path)

    assert_refused(answer, 405, answer.json()["message"])
    assert answer.json()["message"] == A_TEXT
    assert method not in answer.headers["Allow"].replace(" ", "").split(",")


def test_a_body_that_is_too_large_is_413(guest: Storefront) -> None:
    with nothing_changes():
        answer = post_raw(guest, "/api/orders/create", b'{"a": "' + b"x" * (10 * 1024 * 1024) + b'"}')

    assert_refused(answer, 413, "The request body is too large.")


def test_a_bug_is_500_without_its_inside(guest: Storefront, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash() -> None:
        raise RuntimeError("the password of the database is hunter2")

    monkeypatch.setattr(catalogue, "current", crash)

    answer = guest.call("GET", "/api/products")

    assert_refused(
        answer,
        500,
        "Something went wrong on our side. Please try again.",
        code="internal_error",
    )
    assert "hunter2" not in answer.text and "Traceback" not in answer.text


def test_addresses_with_a_nul_are_404(staff: Storefront) -> None:
    """PostgreSQL refuses the character, and no address of ours has it."""
    for path in (
        "/api/products/%00",
        "/api/orders/RB-%00",
        "/api/designs/%00",
        "/api/admin/orders?payment_status=%00",
    ):
        answer = staff.call("GET", path)
        assert (answer.status_code, answer.json()["message"]) == (404, A_TEXT), path


@pytest.mark.parametrize("name", ["X-Request-ID", "X-Correlation-ID"])
def test_the_id_of_a_request_comes_back(guest: Storefront, name: str) -> None:
    given = guest.call("GET", "/api/products", headers={name: "checkout-4711"})
    made_up = guest.call("GET", "/api/products", headers={name: "bad id\twith <tags>"})

    assert given.headers["X-Request-ID"] == given.headers["X-Correlation-ID"] == "checkout-4711"
    assert "<" not in made_up.headers["X-Request-ID"] and made_up.headers["X-Request-ID"]


def test_the_log_of_a_failed_request_is_found_by_its_id(guest: Storefront) -> None:
    assert guest.call("GET", "/api/unknown").headers["X-Request-ID"] == A_TEXT
