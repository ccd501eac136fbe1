"""CONTRACT 0, 8: cross-origin rules. Without them axios sees no answer and sends the request again."""

from typing import Any

import pytest

from demo.storefront import Storefront
from products import catalogue
from tests.contracts.expectations import A_TEXT, assert_readable_by_the_page

ORIGINS = [
    "http://localhost:5173",
    "http://localhost:3000",
    "http://localhost:3003",
    "https://stolentee.com",
    "https://www.stolentee.com",
]
FOREIGN = ["https://evil.example", "http://stolentee.com", "https://stolentee.com.evil.example", "null"]


def preflight(browser: Storefront, path: str, origin: str, method: str, headers: str) -> Any:
    return browser.call(
        "OPTIONS",
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": headers,
        },
    )


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/products"),
        ("POST", "/api/orders/create"),
        ("POST", "/api/uploads/shirt-photo"),
        ("PUT", "/api/designs/abc"),
        ("DELETE", "/api/designs/abc"),
        ("PATCH", "/api/admin/orders/abc/status"),
        ("GET", "/api/unknown"),
    ],
)
def test_a_preflight_is_answered_for_hours(guest: Storefront, origin: str, method: str, path: str) -> None:
    """Jobs are polled every two seconds, and the browser would ask before each poll."""
    answer = preflight(guest, path, origin, method, "authorization,content-type")

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert method in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in allowed and "content-type" in allowed
    assert int(answer.headers["Access-Control-Max-Age"]) >= 600


@pytest.mark.parametrize("origin", FOREIGN)
def test_another_origin_gets_an_ordinary_answer_that_it_cannot_read(guest: Storefront, origin: str) -> None:
    answer = guest.call("GET", "/api/products", headers={"Origin": origin})

    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
    asked = preflight(guest, "/api/orders/create", origin, "POST", "content-type")
    assert "Access-Control-Allow-Origin" not in asked.headers


def test_no_origin_is_fine(guest: Storefront) -> None:
    answer = guest.call("GET", "/api/products", headers={"Origin": None})

    assert answer.status_code == 200


def test_every_status_can_be_read_by_the_page(
    guest: Storefront, customer: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash() -> None:
        raise RuntimeError

    answers = {
        200: guest.call("GET", "/api/products"),
        400: guest.call("POST", "/api/auth/login", json={}),
        401: guest.call("GET", "/api/auth/me"),
        403: customer.call("GET", "/api/admin/orders"),
        404: guest.call("GET", "/api/orders/unknown"),
        405: guest.call("DELETE", "/api/products"),
        413: guest.call("POST", "/api/orders/create", data=b"x" * (10 * 1024 * 1024 + 1)),
        415: guest.call("POST", "/api/orders/create", data=b"x", headers={"Content-Type": "text/plain"}),
    }
    monkeypatch.setattr(catalogue, "current", crash)
    answers[500] = guest.call("GET", "/api/products")

    assert {status: answer.status_code for status, answer in answers.items()} == {
        status: status for status in answers
    }
    for answer in answers.values():
        assert_readable_by_the_page(answer)
        assert answer.status_code == 200 or answer.json()["message"] == A_TEXT


def test_the_page_may_read_the_limits(guest: Storefront) -> None:
    exposed = guest.call("GET", "/api/products").headers["Access-Control-Expose-Headers"].lower()

    for name in ("retry-after", "ratelimit-remaining", "ratelimit-reset", "x-request-id"):
        assert name in exposed


def test_the_ordinary_security_headers_are_there(guest: Storefront) -> None:
    headers = guest.call("GET", "/api/products").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "X-Powered-By" not in headers and "Set-Cookie" not in headers
