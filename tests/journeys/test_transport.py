"""What only a real web server can show: large and endless bodies, sockets, files, and a closed network."""

import socket
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from demo.storefront import Storefront
from tests.server import Shop

ORIGIN = "http://localhost:5173"
MEBIBYTE = 2**20


def assert_readable(answer: Any, status: int) -> str:
    """An error that the page can read; returns its message."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Content-Type"] == "application/problem+json"
    message: str = answer.json()["message"]
    return message


def test_a_body_that_is_too_large_is_refused_before_it_is_read(browser: Storefront) -> None:
    body = b'{"a": "' + b"x" * (11 * MEBIBYTE) + b'"}'

    answer = browser.call(
        "POST", "/api/orders/create", data=body, headers={"Content-Type": "application/json"}
    )

    assert assert_readable(answer, 413) == "The request body is too large."


def test_a_photo_that_is_too_large_is_refused_in_the_pages_words(browser: Storefront) -> None:
    photo = b"\xff\xd8\xff" + bytes(26 * MEBIBYTE)

    answer = browser.call(
        "POST", "/api/uploads/shirt-photo", files={"file": ("shirt.jpg", photo, "image/jpeg")}
    )

    assert assert_readable(answer, 400) == "File too large. Maximum size is 25MB"


def test_a_body_without_a_length_does_not_get_around_the_limit(browser: Storefront) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(12):
            yield b" " * MEBIBYTE

    answer = browser.call(
        "POST", "/api/orders/create", data=endless(), headers={"Content-Type": "application/json"}
    )

    assert 400 <= answer.status_code < 500
    assert assert_readable(answer, answer.status_code)


def test_the_connection_survives_an_error(browser: Storefront) -> None:
    """A connection that is reset looks like no answer at all, and axios sends the POST again."""
    for _ in range(3):
        assert assert_readable(
            browser.call(
                "POST", "/api/orders/create", data=b"{", headers={"Content-Type": "application/json"}
            ),
            400,
        )
        assert browser.call("GET", "/api/products").status_code == 200


@pytest.mark.parametrize("path", ["/api/products/", "/api/unknown", "/api/products/%00"])
def test_unknown_addresses_are_never_redirected(browser: Storefront, path: str) -> None:
    answer = browser.call("GET", path, allow_redirects=False)

    assert assert_readable(answer, 404).startswith("Route /api/")


def test_a_preflight(browser: Storefront) -> None:
    headers = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }

    answer = browser.call("OPTIONS", "/api/orders/create", headers=headers)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Max-Age"] == "7200"


@pytest.mark.parametrize("origin", [ORIGIN, "https://anywhere.example", None])
def test_garments_come_from_the_shop_itself(browser: Storefront, origin: str | None) -> None:
    answer = browser.call("GET", "/assets/black-front.png", headers={"Origin": origin})

    assert (answer.status_code, answer.content[:4]) == (200, b"\x89PNG")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert int(answer.headers["Content-Length"]) == len(answer.content)


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /uploads/../secret-key HTTP/1.1",
        b"GET /assets/../../settings.py HTTP/1.1",
        b"GET //etc/passwd HTTP/1.1",
    ],
)
def test_nobody_climbs_out_of_the_folder(shop: Shop, request_line: bytes) -> None:
    """By a socket, because every client tidies such an address up before it sends it."""
    with socket.create_connection(("127.0.0.1", shop.port), timeout=5) as connection:
        connection.sendall(request_line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 404")
    assert (shop.var_dir / "secret-key").read_bytes() not in answer


def test_another_host_name_is_not_answered(browser: Storefront) -> None:
    answer = browser.call("GET", "/api/products", headers={"Host": "evil.example"})

    assert assert_readable(answer, 400)


def test_the_shop_of_a_test_cannot_leave_the_machine(browser: Storefront, shop: Shop) -> None:
    """It would have to fetch the signing keys of this token from a Supabase project far away."""
    token = jwt.encode({"sub": "x"}, "k" * 32, algorithm="HS256", headers={"kid": "far-away"})
    body = {"email": "a@example.com", "name": "A", "supabaseId": "x", "access_token": token}

    answer = browser.call("POST", "/api/auth/oauth/sync", json=body)

    assert assert_readable(answer, 503) == "Supabase is not available at the moment. Please try again."
    assert "refused, only loopback is allowed here: ('192.0.2.1', 443)" in shop.log_text()
