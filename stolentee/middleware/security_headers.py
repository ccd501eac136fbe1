"""The security headers of every response, whoever made it: a view, a refusal, a preflight, a file."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "cross-origin",  # the storefront lives on another origin
    "Origin-Agent-Cluster": "?1",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=(), payment=(self)",
    "X-DNS-Prefetch-Control": "off",
    "X-Download-Options": "noopen",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-XSS-Protection": "0",
}
# Pages with forms of our own: without a referrer, browsers send `Origin: null` with a form, which no check can pass.
_PAGES = ("/admin/", "/setup/", "/account/", "/printer/", "/test-gateway/")


def content_security_policy(*, scripts: str = "'self' 'unsafe-inline'") -> str:
    """What pages of this origin (the admin, the docs) may load: their own files, and pictures of the file store."""
    store = "https://*.supabase.co"
    if settings.S3_ENDPOINT_URL:
        parts = urlsplit(settings.S3_ENDPOINT_URL)
        store = f"{parts.scheme}://{parts.netloc}"
    rules = [
        "default-src 'self'",
        f"script-src {scripts}",
        "script-src-attr 'none'",
        "style-src 'self' 'unsafe-inline'",
        f"img-src 'self' data: {store}",
        f"connect-src 'self' {store}",
        "font-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
    return "; ".join([*rules, *(["upgrade-insecure-requests"] if settings.PRODUCTION else [])])


class SecurityHeadersMiddleware:
    """Outermost, so that nothing leaves without them. What a view has set for itself stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.headers = {**_HEADERS, "Content-Security-Policy": content_security_policy()}
        # The admin's theme evaluates the expressions of its templates (Alpine); in return no script stands in a page.
        self.admin_policy = content_security_policy(scripts="'self' 'unsafe-eval'")
        if settings.SECURE_HSTS_SECONDS:
            self.headers["Strict-Transport-Security"] = (
                f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
            )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            response.setdefault("Content-Security-Policy", self.admin_policy)
        for name, value in self.headers.items():
            response.setdefault(name, value)
        if request.path.startswith(_PAGES):
            response["Referrer-Policy"] = "same-origin"
        return response
