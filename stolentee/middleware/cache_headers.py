"""How long browsers and the CDN may keep an answer: the operations document's times, for good answers only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

_GOOD = (200, 206, 304)


@dataclass(frozen=True)
class Rule:
    browser: str
    cdn: str = ""
    is_for_any_origin: bool = False


ASSETS = Rule("public, max-age=604800, immutable", "public, max-age=604800", is_for_any_origin=True)
UPLOADS = Rule(
    "public, max-age=86400, stale-while-revalidate=604800", "public, max-age=86400", is_for_any_origin=True
)
PRICE = Rule("public, max-age=300, stale-while-revalidate=600")
UNKEPT = Rule("no-store")


def products_rule() -> Rule:
    """As the document says; with CATALOGUE_MAX_AGE_S=0 browsers ask each time, and an edit shows at once."""
    seconds = settings.CATALOGUE_MAX_AGE_S
    if not seconds:
        return Rule("public, no-cache")
    return Rule(f"public, max-age={seconds}, stale-while-revalidate={2 * seconds}")


def rule_for(request: HttpRequest, response: HttpResponse) -> Rule | None:
    """The rule of this answer, or None where the answer's own word stands."""
    path = request.path
    if response.status_code >= 400:
        return UNKEPT
    if request.method not in ("GET", "HEAD"):
        return UNKEPT if path.startswith("/api/") else None
    if response.status_code not in _GOOD:
        return None
    if path.startswith("/assets/"):
        return ASSETS
    if path.startswith("/uploads/"):
        return None if "immutable" in response.get("Cache-Control", "") else UPLOADS
    if path == "/api/products" or path.startswith("/api/products/"):
        return products_rule()
    if path.startswith("/api/price/"):
        return PRICE
    if path.startswith("/api/") and "Cache-Control" not in response:
        return UNKEPT  # somebody's order, design or job
    return None


class CacheHeadersMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        rule = rule_for(request, response)
        if rule is None:
            return response
        response["Cache-Control"] = rule.browser
        if rule.cdn:
            response["CDN-Cache-Control"] = rule.cdn
        elif "CDN-Cache-Control" in response:
            del response["CDN-Cache-Control"]
        if rule.is_for_any_origin:
            patch_vary_headers(response, ["Accept-Encoding"])
            response["Access-Control-Allow-Origin"] = "*"
            response["Access-Control-Allow-Methods"] = "GET, OPTIONS"
        return response
