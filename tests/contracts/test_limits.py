"""CONTRACT 8: how often one client may call, and how it is told."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django_ratelimit import core

from demo.storefront import Storefront
from tests.contracts.expectations import A_TEXT, assert_readable_by_the_page, assert_refused
from tests.contracts.in_process import storefront

LOGIN, REGISTER = "/api/auth/login", "/api/auth/register"
WRONG = {"email": "ada@example.com", "password": "Wrong-password-1"}
RIGHT = {"email": "grace@example.com", "password": "Correct-horse-7"}


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counters start anew at fixed times of the day; no test may run across one."""
    monkeypatch.setattr(core, "time", SimpleNamespace(time=lambda: 1_790_000_000.0))


def call(browser: Storefront, method: str, path: str) -> Any:
    return browser.call(method, path, json={} if method == "POST" else None)


def assert_limited(answer: Any, limit: int, window_s: int) -> None:
    minutes = -(-int(answer.headers["Retry-After"]) // 60)
    unit = "minute" if minutes == 1 else "minutes"
    assert_refused(
        answer, 429, f"Too many requests. Please try again in {minutes} {unit}.", code="rate_limited"
    )
    assert 0 < int(answer.headers["Retry-After"]) <= window_s
    assert answer.headers["RateLimit-Policy"] == f"{limit};w={window_s}"
    assert (answer.headers["RateLimit-Limit"], answer.headers["RateLimit-Remaining"]) == (str(limit), "0")
    assert answer.headers["RateLimit-Reset"] == answer.headers["Retry-After"]


def test_answers_say_how_much_is_left(guest: Storefront) -> None:
    left = [int(call(guest, "POST", "/api/orders/create").headers["RateLimit-Remaining"]) for _ in range(3)]

    assert left == [99, 98, 97]


def test_the_general_limit(guest: Storefront) -> None:
    for _ in range(100):
        assert call(guest, "POST", "/api/orders/create").status_code == 400

    assert_limited(call(guest, "POST", "/api/orders/create"), 100, 900)
    assert_limited(call(guest, "POST", "/api/price/discount"), 100, 900)


def test_the_general_limit_leaves_the_rest_of_the_shop_open(guest: Storefront) -> None:
    for _ in range(101):
        last = call(guest, "POST", "/api/orders/create")

    assert last.status_code == 429
    for method, path in (
        ("GET", "/api/products"),
        ("GET", "/api/jobs/abc"),
        ("GET", "/api/auth/me"),
        ("POST", "/api/orders/calculate-tax"),
        ("GET", "/health"),
        ("GET", "/health/live"),
        ("POST", "/api/webhooks/stripe"),
        ("OPTIONS", "/api/orders/create"),
    ):
        assert call(guest, method, path).status_code != 429


def test_a_job_can_be_polled_for_a_quarter_of_an_hour(guest: Storefront) -> None:
    """Every two seconds: 450 polls, and a second page of the same visitor."""
    for _ in range(900):
        answer = guest.call("GET", "/api/jobs/abc")

    assert answer.status_code == 404
    assert int(answer.headers["RateLimit-Remaining"]) == 300


def test_shirt_photos_are_limited_and_failures_count(guest: Storefront) -> None:
    for _ in range(10):
        assert guest.call("POST", "/api/uploads/shirt-photo", files={"x": b""}).status_code == 400

    assert_limited(guest.call("POST", "/api/uploads/shirt-photo", files={"x": b""}), 10, 3600)


def test_failed_logins_share_one_counter_on_all_their_paths(guest: Storefront) -> None:
    guest.json("POST", REGISTER, json=RIGHT | {"name": "Grace"})

    for method, path, body in (
        ("POST", LOGIN, WRONG),
        ("POST", REGISTER, {}),
        ("POST", "/api/auth/signup", {}),
        ("POST", "/api/auth/forgot-password", {}),
        ("POST", "/api/auth/oauth/sync", {}),
    ):
        assert 400 <= guest.call(method, path, json=body).status_code < 429

    for path in (LOGIN, REGISTER, "/api/auth/signup", "/api/auth/forgot-password", "/api/auth/oauth/sync"):
        assert_limited(guest.call("POST", path, json=RIGHT), 5, 900)


def test_successful_logins_are_not_counted(guest: Storefront) -> None:
    guest.json("POST", REGISTER, json=RIGHT | {"name": "Grace"})

    for _ in range(8):
        assert guest.call("POST", LOGIN, json=RIGHT).status_code == 200
    assert guest.call("POST", LOGIN, json=RIGHT).headers["RateLimit-Remaining"] == "5"


def test_me_is_not_limited_like_a_login(customer: Storefront) -> None:
    """Any failure of it logs the visitor out without a word."""
    for _ in range(120):
        assert customer.call("GET", "/api/auth/me").status_code == 200


def test_tax_can_be_asked_at_every_keystroke(guest: Storefront) -> None:
    for _ in range(120):
        assert call(guest, "POST", "/api/orders/calculate-tax").status_code == 400


def test_order_numbers_cannot_be_tried_out(guest: Storefront) -> None:
    for _ in range(20):
        assert guest.call("GET", "/api/orders/RB-GUESS").status_code == 404

    assert_limited(guest.call("GET", "/api/orders/RB-GUESS"), 20, 900)


def test_preflights_are_not_counted(guest: Storefront) -> None:
    headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    for _ in range(120):
        answer = guest.call("OPTIONS", "/api/orders/create", headers=headers)

    assert answer.status_code == 200
    assert call(guest, "POST", "/api/orders/create").headers["RateLimit-Remaining"] == "99"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_a_client_cannot_name_another_address_for_itself(guest: Storefront, header: str) -> None:
    for number in range(5):
        guest.call("POST", LOGIN, json=WRONG, headers={header: f"198.51.100.{number}"})

    answer = guest.call("POST", LOGIN, json=WRONG, headers={header: "198.51.100.99"})

    assert answer.status_code == 429


def test_another_browser_of_the_same_client_has_no_limit_of_its_own(guest: Storefront) -> None:
    for _ in range(5):
        guest.call("POST", LOGIN, json=WRONG)

    assert storefront().call("POST", LOGIN, json=WRONG).status_code == 429


def test_a_refusal_can_be_read_by_the_page(guest: Storefront) -> None:
    for _ in range(6):
        answer = guest.call("POST", LOGIN, json=WRONG)

    assert_readable_by_the_page(answer)
    assert answer.json()["message"] == A_TEXT
    assert re.fullmatch(r"Too many requests\. Please try again in \d+ minutes?\.", answer.json()["message"])
