"""Turns what never reaches a REST view into the shop's error body: bad hosts, unreadable bodies, bugs."""

from collections.abc import Callable

import structlog
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError

from common.errors import problem_json

log = structlog.get_logger(__name__)

# What people open in a browser answers with pages of its own.
_PAGES = ("/admin", "/setup/", "/account/", "/printer/")


class JsonErrorMiddleware:
    """Outside the pages, every error is a JSON problem with a `message`, whichever layer raised it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            # PostgreSQL refuses the character, and no address of ours has it.
            return problem_json(404, f"Route {request.get_full_path()} not found", code="route_not_found")
        response = self.get_response(request)
        if response.status_code >= 400 and not request.path.startswith(_PAGES):
            return _as_problem(request, response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if request.path.startswith(_PAGES):
            return None
        if isinstance(error, Http404):
            return problem_json(404, str(error) or "Not found", code="not_found")
        if isinstance(error, RequestDataTooBig):
            return problem_json(413, "The request body is too large.", code="body_too_large")
        if isinstance(error, (BadRequest, SuspiciousOperation, TooManyFieldsSent, MultiPartParserError)):
            return problem_json(400, "The request cannot be read.", code="bad_request")
        log.error("request.crashed", path=request.path, exc_info=error)
        return problem_json(500, "Something went wrong on our side. Please try again.", code="internal_error")


def _as_problem(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if "json" in response.get("Content-Type", "") or response.get("Content-Type", "").startswith(
        "text/plain"
    ):
        return response
    messages = {
        404: (f"Route {request.get_full_path()} not found", "route_not_found"),
        405: ("This method is not allowed here.", "method_not_allowed"),
        413: ("The request body is too large.", "body_too_large"),
        500: ("Something went wrong on our side. Please try again.", "internal_error"),
    }
    message, code = messages.get(response.status_code, ("The request was refused.", "refused"))
    replaced = problem_json(response.status_code, message, code=code)
    for name, value in response.items():
        if name not in {"Content-Type", "Content-Length"}:
            replaced[name] = value
    return replaced
