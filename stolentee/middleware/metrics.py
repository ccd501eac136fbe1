"""Counts and times every request by its route, and keeps this process's own figures fresh."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from common.metrics import REQUEST_SECONDS, REQUESTS, REQUESTS_UNDER_WAY
from stolentee.metrics import note_process

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class MetricsMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        with REQUESTS_UNDER_WAY.track_inprogress():
            response = self.get_response(request)
        method = request.method if request.method in _METHODS else "OTHER"
        route = _route(request)
        REQUESTS.labels(method, route, str(response.status_code)).inc()
        REQUEST_SECONDS.labels(method, route).observe(time.perf_counter() - started)
        note_process()
        return response


def _route(request: HttpRequest) -> str:
    """The pattern, never the address: addresses hold ids, and each would be a series of its own."""
    match = getattr(request, "resolver_match", None)
    if match is not None:
        return "unknown" if match.url_name is None and match.route.startswith("^") else f"/{match.route}"
    for prefix in ("/assets/", "/static/"):
        if request.path.startswith(prefix):
            return prefix
    return "none"
