"""Every refusal has one body; what is no refusal stays a bug."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, serializers

from common.errors import (
    Conflict,
    DomainError,
    NotFound,
    ProviderError,
    Unprocessable,
    problem_json,
    problem_response,
)


def body_of(error: Exception) -> dict[str, Any]:
    answer = problem_response(error, {})
    assert answer is not None
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert body["status"] == answer.status_code
    assert body["message"] == body["detail"]
    assert body["type"] == f"urn:stolentee:problem:{body['code']}"
    assert body["success"] is False
    return body


@pytest.mark.parametrize(
    ("error", "status", "code", "title", "message"),
    [
        (DomainError("No"), 400, "bad_request", "Bad Request", "No"),
        (NotFound("Gone", code="order_not_found"), 404, "order_not_found", "Not Found", "Gone"),
        (Conflict("Taken"), 409, "conflict", "Conflict", "Taken"),
        (Unprocessable("Odd"), 422, "unprocessable", None, "Odd"),
        (DomainError("Closed", code="closed", status=403), 403, "closed", "Forbidden", "Closed"),
        (Http404("inside"), 404, "not_found", "Not Found", "Not found"),
        (PermissionDenied("inside"), 403, "permission_denied", "Forbidden", "You may not do this"),
        (exceptions.NotAuthenticated("Who?"), 401, "not_authenticated", "Unauthorized", "Who?"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed", None, 'Method "PUT" not allowed.'),
        (exceptions.ParseError("JSON?"), 400, "parse_error", "Bad Request", "JSON?"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_a_refusal_has_its_status_code_and_words(
    error: Exception, status: int, code: str, title: str | None, message: str
) -> None:
    body = body_of(error)
    assert (body["status"], body["code"], body["message"]) == (status, code, message)
    assert title is None or body["title"] == title
    assert body["errors"] == []


def test_a_refusal_can_carry_more() -> None:
    errors = [{"pointer": "/items/0", "code": "x", "detail": "y"}]
    body = body_of(
        Conflict("Changed", code="price_changed", errors=errors, extra={"diff": {"total": "1.00"}})
    )
    assert (body["errors"], body["diff"]) == (errors, {"total": "1.00"})


class _Item(serializers.Serializer):
    quantity = serializers.IntegerField(min_value=1)


class _Basket(serializers.Serializer):
    email = serializers.EmailField()
    items = _Item(many=True)
    words = serializers.ListField(child=serializers.CharField(max_length=2), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        raise serializers.ValidationError("Both are needed")


def refusal_of(data: Any) -> dict[str, Any]:
    basket = _Basket(data=data)
    with pytest.raises(serializers.ValidationError) as refusal:
        basket.is_valid(raise_exception=True)
    return body_of(refusal.value)


@pytest.mark.parametrize(
    ("data", "pointers", "message"),
    [
        ({"items": []}, ["/email"], "email: This field is required."),
        (
            {"email": "a@b.co", "items": [{"quantity": 1}, {"quantity": 0}]},
            ["/items/1/quantity"],
            "items.1.quantity: Ensure this value is greater than or equal to 1.",
        ),
        ({"email": "a@b.co", "items": {}}, ["/items"], 'Expected a list of items but got type "dict".'),
        (
            {"email": "x", "items": [{}], "words": ["ab", "abc"]},
            ["/email", "/items/0/quantity", "/words/1"],
            "Enter a valid email address.",
        ),
        ({"email": "a@b.co", "items": []}, [""], "Both are needed"),
        ([], [""], "Invalid data. Expected a dictionary, but got list."),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_fields_are_named_by_json_pointer_and_the_first_error_is_a_sentence(
    data: Any, pointers: list[str], message: str
) -> None:
    body = refusal_of(data)
    assert (body["status"], body["code"]) == (400, "invalid")
    assert [error["pointer"] for error in body["errors"]] == pointers
    assert body["message"].endswith(message)
    assert all(error["detail"] and error["code"] for error in body["errors"])


def test_a_vendors_failure_is_503_and_keeps_its_text_to_itself() -> None:
    body = body_of(ProviderError("401 for key sk_live_secret", provider="Stripe", retryable=False))
    assert (body["status"], body["code"]) == (503, "provider_unavailable")
    assert body["message"] == "Stripe is not available at the moment. Please try again."
    assert "secret" not in json.dumps(body)


def test_a_bug_is_no_refusal() -> None:
    assert problem_response(ZeroDivisionError("x"), {}) is None


def test_401_names_the_scheme_and_nothing_else_does() -> None:
    error = exceptions.NotAuthenticated()
    error.auth_header = 'Bearer realm="x"'  # type: ignore[attr-defined]  # REST framework does so
    answer, other = problem_response(error, {}), problem_response(NotFound("x"), {})
    assert answer is not None and other is not None
    assert answer["WWW-Authenticate"] == 'Bearer realm="x"'
    assert "WWW-Authenticate" not in other


def test_middleware_has_the_same_body() -> None:
    by_middleware = json.loads(problem_json(404, "Gone", code="not_found").content)
    assert by_middleware == body_of(NotFound("Gone"))
