"""How often one client may call, counted by django-ratelimit; the only module that knows the limits.

Health, webhooks, files and preflights are exempt. Job polls, `/auth/me` and tax have generous buckets of their own:
the storefront polls every two seconds and logs its user out when `/auth/me` fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_ratelimit.core import get_usage

from common.errors import problem_json
from common.http import client_ip

log = structlog.get_logger(__name__)

_QUARTER_HOUR_S = 900


@dataclass(frozen=True)
class Bucket:
    """`limit` requests in `window_s` seconds per client; `failures_only` counts answers of 400 and above alone."""

    name: str
    limit: int
    window_s: int
    failures_only: bool = False

    @property
    def rate(self) -> str:
        return f"{self.limit}/{self.window_s}s"


GENERAL = Bucket("general", 100, _QUARTER_HOUR_S)
LOGIN = Bucket("login", 5, _QUARTER_HOUR_S, failures_only=True)
ADMIN_LOGIN = Bucket("admin-login", 20, _QUARTER_HOUR_S)  # its failures are pages with status 200
LETTERS = Bucket("letters", 5, _QUARTER_HOUR_S)  # each success sends somebody a mail
PHOTO = Bucket("photo", 10, 3600)
UPLOAD = Bucket("upload", 60, 3600)
POLL = Bucket("poll", 1200, _QUARTER_HOUR_S)
ORDER_MISS = Bucket("order-miss", 20, _QUARTER_HOUR_S, failures_only=True)

_EXACT = {
    "/api/auth/login": LOGIN,
    "/api/auth/register": LOGIN,
    "/api/auth/signup": LOGIN,
    "/api/auth/forgot-password": LOGIN,
    "/api/auth/confirm-email/request": LETTERS,
    "/api/auth/reset-password": LOGIN,
    "/api/auth/change-password": LOGIN,
    "/api/auth/confirm-email": LOGIN,
    "/api/auth/oauth/sync": LOGIN,
    "/api/uploads/shirt-photo": PHOTO,
    "/api/uploads/file": UPLOAD,
    "/api/designs/text": UPLOAD,
    "/api/uploads/complete": UPLOAD,
    "/api/uploads/complete/shirt-photo": PHOTO,
    "/api/auth/me": POLL,
    "/api/orders/calculate-tax": POLL,
    "/api/orders/quote": POLL,
    "/api/price/quote": POLL,
    "/api/price/compare": POLL,
}
_PREFIXES = (
    ("/api/uploads/direct/", UPLOAD),
    ("/api/jobs/", POLL),
    ("/api/products", POLL),
    ("/api/orders/RB-", ORDER_MISS),
)


def bucket_of(request: HttpRequest) -> Bucket | None:
    """The bucket that a request counts in, or None for what is never limited."""
    path = request.path
    if path == "/admin/login/" and request.method == "POST":
        return ADMIN_LOGIN
    if path == "/account/forgot-password" and request.method == "POST":
        return LETTERS
    if request.method == "OPTIONS" or not path.startswith("/api/") or path.startswith("/api/webhooks/"):
        return None
    if path in _EXACT:
        return _EXACT[path]
    return next((bucket for prefix, bucket in _PREFIXES if path.startswith(prefix)), GENERAL)


class RateLimitMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        bucket = bucket_of(request) if settings.RATELIMIT_ENABLE else None
        if bucket is None:
            return self.get_response(request)
        usage = _usage(request, bucket, count=not bucket.failures_only)
        if usage and (usage["should_limit"] or (bucket.failures_only and usage["count"] >= bucket.limit)):
            return _refusal(bucket, usage)
        response = self.get_response(request)
        if bucket.failures_only and response.status_code >= 400:
            usage = _usage(request, bucket, count=True)
        if usage:
            _add_headers(response, bucket, usage)
        return response


def _usage(request: HttpRequest, bucket: Bucket, *, count: bool) -> dict[str, int] | None:
    """None where counting is not possible (no cache): the shop stays open."""
    usage: dict[str, int] | None = get_usage(
        request,
        group=bucket.name,
        key=lambda _group, call: client_ip(call),
        rate=bucket.rate,
        increment=count,
    )
    return usage


def _add_headers(response: HttpResponse, bucket: Bucket, usage: dict[str, int]) -> None:
    response["RateLimit-Policy"] = f"{bucket.limit};w={bucket.window_s}"
    response["RateLimit-Limit"] = str(bucket.limit)
    response["RateLimit-Remaining"] = str(max(0, bucket.limit - usage["count"]))
    response["RateLimit-Reset"] = str(max(0, usage["time_left"]))


def _refusal(bucket: Bucket, usage: dict[str, int]) -> HttpResponse:
    wait_s = max(1, usage["time_left"])
    minutes = -(-wait_s // 60)
    response = problem_json(
        429,
        f"Too many requests. Please try again in {minutes} minute{'s' if minutes > 1 else ''}.",
        code="rate_limited",
    )
    _add_headers(response, bucket, usage)
    response["Retry-After"] = str(wait_s)
    log.info("request.limited", bucket=bucket.name)
    return response
