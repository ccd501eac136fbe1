"""Security headers, cache times and maintenance: what every answer carries, whoever makes it."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from stolentee.middleware.cache_headers import CacheHeadersMiddleware
from stolentee.middleware.security_headers import SecurityHeadersMiddleware

pytestmark = pytest.mark.django_db
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Origin-Agent-Cluster": "?1",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=(), payment=(self)",
    "X-DNS-Prefetch-Control": "off",
    "X-Download-Options": "noopen",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-XSS-Protection": "0",
}
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; script-src-attr 'none'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: https://*.supabase.co; connect-src 'self' https://*.supabase.co; font-src 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/health", 200),
        ("get", "/api/products", 200),
        ("get", "/api/auth/me", 401),
        ("get", "/nowhere", 404),
        ("delete", "/api/products", 405),
        ("get", "/api/x%00y", 404),
        ("get", "/assets/black-front.png", 200),
        ("get", "/admin/login/", 200),
        ("get", "/uploads/none.png", 404),
        ("options", "/api/orders/create", 200),
    ],
)
def test_every_answer_has_the_security_headers(method: str, path: str, status: int) -> None:
    answer = Client().generic(
        method.upper(),
        path,
        headers={"origin": "http://localhost:5173", "access-control-request-method": "POST"},
    )
    assert answer.status_code == status
    # Pages with forms tell their own origin, and no other, where a form comes from: else browsers send `Origin: null`.
    expected = HEADERS | ({"Referrer-Policy": "same-origin"} if path.startswith("/admin/") else {})
    assert {name: answer.get(name) for name in HEADERS} == expected
    assert "X-Powered-By" not in answer
    if path.startswith("/admin/"):
        scripts = "script-src 'self' 'unsafe-eval'"
        assert answer["Content-Security-Policy"] == POLICY.replace(
            "script-src 'self' 'unsafe-inline'", scripts
        )
    elif path != "/uploads/none.png":
        assert answer["Content-Security-Policy"] == POLICY
    answer.close()


def test_what_a_view_says_for_itself_stands() -> None:
    answer = Client().get("/uploads/none.png")
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_the_file_stores_origin_may_be_shown(settings: Any) -> None:
    settings.S3_ENDPOINT_URL = "https://account.r2.cloudflarestorage.com"
    settings.PRODUCTION = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    answer = SecurityHeadersMiddleware(lambda request: HttpResponse())(RequestFactory().get("/"))
    policy = answer["Content-Security-Policy"]
    assert "img-src 'self' data: https://account.r2.cloudflarestorage.com;" in policy
    assert policy.endswith("upgrade-insecure-requests")
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


def kept(path: str, status: int = 200, method: str = "GET", **headers: str) -> tuple[str | None, str | None]:
    """What the middleware makes of an answer: Cache-Control and CDN-Cache-Control."""

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=status, headers=headers)

    answer = CacheHeadersMiddleware(view)(RequestFactory().generic(method, path))
    return answer.get("Cache-Control"), answer.get("CDN-Cache-Control")


PRODUCTS = "public, max-age=3600, stale-while-revalidate=7200"
PRICE = "public, max-age=300, stale-while-revalidate=600"
UPLOADS = "public, max-age=86400, stale-while-revalidate=604800", "public, max-age=86400"
ASSETS = "public, max-age=604800, immutable", "public, max-age=604800"


@pytest.mark.parametrize(
    ("path", "status", "method", "expected"),
    [
        ("/api/products", 200, "GET", (PRODUCTS, None)),
        ("/api/products", 200, "HEAD", (PRODUCTS, None)),
        ("/api/products", 304, "GET", (PRODUCTS, None)),
        ("/api/products/classic-tee", 200, "GET", (PRODUCTS, None)),
        ("/api/productsx", 200, "GET", ("no-store", None)),
        ("/api/price/quote/x", 200, "GET", (PRICE, None)),
        ("/uploads/x.png", 200, "GET", UPLOADS),
        ("/assets/x.png", 200, "GET", ASSETS),
        ("/assets/x.png", 206, "GET", ASSETS),
        ("/api/products/none", 404, "GET", ("no-store", None)),
        ("/api/price/quote/x", 404, "GET", ("no-store", None)),
        ("/uploads/x.png", 404, "GET", ("no-store", None)),
        ("/assets/x.png", 404, "GET", ("no-store", None)),
        ("/api/products", 429, "GET", ("no-store", None)),
        ("/api/products", 500, "GET", ("no-store", None)),
        ("/api/price/quote", 200, "POST", ("no-store", None)),
        ("/api/orders/RB-X", 200, "GET", ("no-store", None)),
        ("/api/designs", 200, "GET", ("no-store", None)),
        ("/api/auth/me", 200, "GET", ("no-store", None)),
        ("/", 302, "GET", (None, None)),
        ("/admin/", 200, "GET", (None, None)),
    ],
)
def test_how_long_an_answer_is_kept(
    path: str, status: int, method: str, expected: tuple[str | None, str | None]
) -> None:
    assert kept(path, status, method) == expected


def test_an_error_is_not_kept_even_where_its_view_says_so() -> None:
    said = {"Cache-Control": "public, max-age=86400", "CDN-Cache-Control": "public, max-age=86400"}
    assert kept("/uploads/x.png", 404, "GET", **said) == ("no-store", None)


def test_the_operator_may_have_edits_show_at_once(settings: Any) -> None:
    settings.CATALOGUE_MAX_AGE_S = 0
    assert kept("/api/products") == ("public, no-cache", None)


def test_files_are_for_canvases_of_any_origin() -> None:
    answer = Client().get("/assets/black-front.png", headers={"origin": "https://anywhere.example"})
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Access-Control-Allow-Methods"] == "GET, OPTIONS"
    assert "Accept-Encoding" in answer["Vary"]
    answer.close()


def test_the_catalogue_is_revalidated_by_its_etag() -> None:
    first = Client().get("/api/products")
    again = Client().get("/api/products", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Cache-Control"] == PRODUCTS


@pytest.fixture
def maintenance(settings: Any) -> None:
    settings.MAINTENANCE_MODE = True
    settings.MAINTENANCE_MESSAGE = "Back at four."
    settings.MAINTENANCE_ETA = "2026-12-06T04:00:00Z"
    settings.MAINTENANCE_RETRY_S = 600


@pytest.mark.usefixtures("maintenance")
@pytest.mark.parametrize("path", ["/", "/api/products", "/api/orders/RB-X", "/uploads/x.png", "/api/docs"])
def test_maintenance_says_until_when(path: str) -> None:
    answer = Client().get(path, headers={"origin": "http://localhost:5173"})
    assert answer.status_code == 503
    assert answer.json() == {
        "success": False,
        "error": "maintenance",
        "message": "Back at four.",
        "eta": "2026-12-06T04:00:00Z",
    }
    assert (answer["Retry-After"], answer["Cache-Control"]) == ("600", "no-store")
    assert answer["X-Request-ID"] and answer["X-Frame-Options"] == "DENY"
    if path.startswith("/api"):
        assert answer["Access-Control-Allow-Origin"] == "http://localhost:5173"


@pytest.mark.usefixtures("maintenance")
def test_maintenance_loses_no_event_and_hides_no_health() -> None:
    assert Client().post("/api/webhooks/stripe", b"{}", content_type="application/json").status_code == 400
    for path in ("/health", "/health/live", "/health/ready", "/metrics", "/admin/login/"):
        assert Client().get(path).status_code == 200, path
    assert Client().get("/health").json()["maintenance"] is True


def test_nothing_is_closed_without_maintenance() -> None:
    assert Client().get("/health").json()["maintenance"] is False
    assert Client().get("/api/products").status_code == 200
