"""Sends the request id back in `X-Request-ID` and `X-Correlation-ID`; a sane incoming one is kept."""

import re
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

_PLAIN = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdHeaderMiddleware:
    """Runs inside django-structlog's middleware, which has bound `request_id` by then."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "") or request.headers.get("X-Correlation-ID", "")
        request_id = (
            given
            if _PLAIN.fullmatch(given)
            else structlog.contextvars.get_contextvars().get("request_id", "")
        )
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = response["X-Correlation-ID"] = request_id
        return response
