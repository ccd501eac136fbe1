"""One error body for the whole API: RFC 9457 problem details plus the `message` that the storefront shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from rest_framework import exceptions

log = structlog.get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"


class DomainError(Exception):
    """A refusal that the caller can act on.

    `code` is stable and machine-readable, `message` is for people, `status` the honest HTTP status, `errors` name
    the fields, and `extra` adds members to the body (the lines of a price difference, the allowed next states).
    `retry_after_s` becomes the header of that name.
    """

    status: int = HTTPStatus.BAD_REQUEST
    code = "bad_request"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        extra: Mapping[str, Any] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status
        self.errors = list(errors)
        self.extra = dict(extra or {})
        self.retry_after_s = retry_after_s


class NotFound(DomainError):
    status = HTTPStatus.NOT_FOUND
    code = "not_found"


class Conflict(DomainError):
    status = HTTPStatus.CONFLICT
    code = "conflict"


class Unprocessable(DomainError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "unprocessable"


class ProviderError(Exception):
    """A vendor did not do what was asked. `retryable` says whether asking again may help.

    `code` names the reasons that callers tell apart, such as `credits_exhausted`; `retry_after_s` is the vendor's wish.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        retryable: bool,
        code: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.retryable = retryable
        self.code = code
        self.retry_after_s = retry_after_s


def problem(
    status: int,
    message: str,
    *,
    code: str,
    errors: Sequence[Mapping[str, Any]] = (),
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The error body: problem details, `message` for the storefront, `success` false for everybody else."""
    return {
        "success": False,
        "type": f"urn:stolentee:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
        "message": message,
        "code": code,
        "errors": list(errors),
        **(extra or {}),
    }


def problem_json(status: int, message: str, *, code: str) -> JsonResponse:
    """The same body for code outside REST framework: middleware and Django's own error pages."""
    return JsonResponse(problem(status, message, code=code), status=status, content_type=PROBLEM_TYPE)


def _field_errors(detail: Any, pointer: str = "") -> list[dict[str, str]]:
    """Flattens REST framework's nested error detail into JSON pointers with one message each."""
    if isinstance(detail, Mapping):
        return [
            error
            for key, value in detail.items()
            for error in _field_errors(value, pointer if key == "non_field_errors" else f"{pointer}/{key}")
        ]
    if isinstance(detail, list):
        if all(isinstance(item, str) for item in detail):
            return [
                {"pointer": pointer, "detail": str(item), "code": getattr(item, "code", "invalid")}
                for item in detail
            ]
        return [
            error for index, item in enumerate(detail) for error in _field_errors(item, f"{pointer}/{index}")
        ]
    return [{"pointer": pointer, "detail": str(detail), "code": getattr(detail, "code", "invalid")}]


def _validation_message(errors: Sequence[Mapping[str, str]]) -> str:
    """The first error as a sentence; generic texts get the field's name in front."""
    first = errors[0]
    name = first["pointer"].lstrip("/").replace("/", ".")
    generic = first["detail"].startswith(
        ("This ", "A valid ", "Not a valid", "Ensure ", "Must be a number", "Expected", "“", '"')
    )
    return f"{name}: {first['detail']}" if name and generic else first["detail"]


def problem_response(error: Exception, context: Mapping[str, Any]) -> JsonResponse | None:
    """REST framework's exception handler. None re-raises what is not a refusal: a bug must look like one."""
    headers: dict[str, str] = {}
    if isinstance(error, DomainError):
        body = problem(error.status, error.message, code=error.code, errors=error.errors, extra=error.extra)
        headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s else {}
    elif isinstance(error, exceptions.ValidationError):
        errors = _field_errors(error.detail)
        body = problem(400, _validation_message(errors), code="invalid", errors=errors)
    elif isinstance(error, exceptions.APIException):
        auth_header = getattr(error, "auth_header", None)  # REST framework sets it on the way here
        headers = {"WWW-Authenticate": auth_header} if auth_header else {}
        codes = error.get_codes()
        body = problem(
            error.status_code, str(error.detail), code=codes if isinstance(codes, str) else "invalid"
        )
    elif isinstance(error, Http404):
        body = problem(404, "Not found", code="not_found")
    elif isinstance(error, PermissionDenied):
        body = problem(403, "You may not do this", code="permission_denied")
    elif isinstance(error, ProviderError):
        log.warning("provider.failed", provider=error.provider, retryable=error.retryable, exc_info=error)
        body = problem(
            503,
            f"{error.provider} is not available at the moment. Please try again.",
            code="provider_unavailable",
        )
    else:
        return None
    # Not REST framework's own response: whatever the client accepts, an error is this JSON.
    return JsonResponse(body, status=body["status"], headers=headers, content_type=PROBLEM_TYPE)
