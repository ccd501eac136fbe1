"""Which bucket a request counts in, and what happens when nobody can count."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from stolentee.middleware.rate_limit import (
    ADMIN_LOGIN,
    GENERAL,
    LOGIN,
    ORDER_MISS,
    PHOTO,
    POLL,
    UPLOAD,
    Bucket,
    bucket_of,
)

WRONG = {"email": "ada@example.com", "password": "Wrong-password-1"}


@pytest.mark.parametrize(
    ("method", "path", "bucket"),
    [
        ("POST", "/api/auth/login", LOGIN),
        ("POST", "/api/auth/register", LOGIN),
        ("POST", "/api/auth/signup", LOGIN),
        ("POST", "/api/auth/oauth/sync", LOGIN),
        ("POST", "/api/auth/forgot-password", LOGIN),
        ("GET", "/api/auth/me", POLL),
        ("POST", "/api/auth/logout", GENERAL),
        ("POST", "/api/uploads/shirt-photo", PHOTO),
        ("POST", "/api/uploads/file", UPLOAD),
        ("PUT", "/api/uploads/direct/token", UPLOAD),
        ("POST", "/api/uploads/complete", UPLOAD),
        ("POST", "/api/uploads/complete/shirt-photo", PHOTO),
        ("GET", "/api/jobs/x", POLL),
        ("GET", "/api/products", POLL),
        ("GET", "/api/products/classic-tee", POLL),
        ("POST", "/api/orders/calculate-tax", POLL),
        ("POST", "/api/orders/create", GENERAL),
        ("GET", "/api/orders/RB-ABC", ORDER_MISS),
        ("GET", "/api/orders/6f1f0c3e-6a44-4a49-9a0c-5f3f5f0a5a11", GENERAL),
        ("GET", "/api/admin/orders", GENERAL),
        ("GET", "/api/unknown", GENERAL),
        ("POST", "/admin/login/", ADMIN_LOGIN),
        ("GET", "/admin/login/", None),
        ("OPTIONS", "/api/auth/login", None),
        ("POST", "/api/webhooks/stripe", None),
        ("POST", "/api/webhooks/production-update", None),
        ("GET", "/uploads/x.png", None),
        ("GET", "/assets/black-front.png", None),
        ("GET", "/health", None),
    ],
)
def test_buckets(method: str, path: str, bucket: Bucket | None) -> None:
    assert bucket_of(RequestFactory().generic(method, path)) == bucket


@pytest.mark.django_db
def test_guessing_the_admins_password_ends() -> None:
    """Its failures are pages with status 200, so every attempt counts."""
    client = Client()
    form = {"username": "owner@example.com", "password": "guess"}
    answers = [client.post("/admin/login/", form).status_code for _ in range(ADMIN_LOGIN.limit + 1)]
    assert answers == [200] * ADMIN_LOGIN.limit + [429]
    assert client.get("/admin/login/").status_code == 200


def login(address: str) -> int:
    answer = Client(REMOTE_ADDR=address).post("/api/auth/login", WRONG, content_type="application/json")
    return answer.status_code


@pytest.mark.django_db
def test_clients_are_counted_apart() -> None:
    assert [login("192.0.2.1") for _ in range(6)] == [401] * 5 + [429]
    assert login("192.0.2.2") == 401
    assert login("2001:db8::1") == 401


@pytest.mark.django_db
def test_behind_a_proxy_the_clients_address_counts_and_not_the_proxys(settings: Any) -> None:
    settings.TRUSTED_PROXY_COUNT = 1

    def behind(client_address: str, claimed: str = "") -> int:
        hops = ", ".join(filter(None, [claimed, client_address]))
        answer = Client(REMOTE_ADDR="10.0.0.1").post(
            "/api/auth/login", WRONG, content_type="application/json", headers={"x-forwarded-for": hops}
        )
        return answer.status_code

    assert [behind("192.0.2.1", claimed=f"198.51.100.{n}") for n in range(6)] == [401] * 5 + [429]
    assert behind("192.0.2.2") == 401


@pytest.mark.django_db
def test_limits_can_be_switched_off(settings: Any) -> None:
    settings.RATELIMIT_ENABLE = False
    answer = Client().get("/api/jobs/x")
    assert "RateLimit-Limit" not in answer
    assert [login("192.0.2.1") for _ in range(8)] == [401] * 8


@pytest.mark.django_db
def test_without_redis_the_shop_stays_open_and_says_nothing_of_limits(settings: Any) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
            "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1},
        }
    }
    answers = [login("192.0.2.1") for _ in range(8)]
    assert answers == [401] * 8
    answer = Client().get("/api/products")
    assert answer.status_code == 200 and "RateLimit-Limit" not in answer


@pytest.mark.production
@pytest.mark.django_db
def test_the_counters_of_all_processes_are_one(settings: Any) -> None:
    """They are in Redis: a restart forgets nothing, and a second instance doubles no limit."""
    from django.core.cache import caches

    assert [login("192.0.2.1") for _ in range(5)] == [401] * 5
    del caches["default"]  # as a fresh process has none
    assert login("192.0.2.1") == 429
