"""A stranger knocks at every door. A new route without a row here fails the test."""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from openapi_spec_validator import OpenAPIV31SpecValidator

METHODS = ("get", "post", "put", "patch", "delete")
# The statuses that a stranger may get; methods that are not named must answer 405 (or 404 where nothing is there).
STRANGER: dict[str, dict[str, set[int]]] = {
    "": {"get": {302}, "post": {302}, "put": {302}, "patch": {302}, "delete": {302}},
    "metrics": {"get": {200}},
    "health": {"get": {200}},
    "health/live": {"get": {200}},
    "health/ready": {"get": {200}},
    "health/detailed": {"get": {200}},
    "api/schema": {"get": {200}},
    "api/docs": dict.fromkeys(METHODS, {406}),  # a page: HTML or nothing
    "api/auth/register": {"post": {400}},
    "api/auth/signup": {"post": {400}},
    "api/auth/login": {"post": {400}},
    "api/auth/oauth/sync": {"post": {400}},
    "api/auth/me": {"get": {401}},
    "api/auth/logout": {"post": {401}},
    "api/auth/forgot-password": {"post": {400}},
    "api/auth/reset-password": {"post": {400}},
    "api/auth/change-password": {"post": {401}},
    "api/auth/confirm-email": {"post": {400}},
    "api/auth/confirm-email/request": {"post": {401}},
    "api/products": {"get": {200}},
    "api/products/<str:slug>": {"get": {404}},
    "api/admin/products": {"post": {401}},
    "api/admin/products/<uuid:product_id>": {"put": {401}, "delete": {401}},
    "api/price/quote": {"post": {400}},
    "api/price/quote/<str:quote_id>": {"get": {404}},
    "api/price/compare": {"post": {400}},
    "api/price/discount": {"post": {400}},
    "api/price/gift-card": {"post": {400}},
    "api/uploads/file": {"post": {400, 415}},
    "api/uploads/shirt-photo": {"post": {400, 415}},
    "api/uploads/signed-url": {"post": {400}},
    "api/uploads/direct/<str:token>": {"put": {404}},
    "api/uploads/complete": {"post": {400}},
    "api/uploads/complete/shirt-photo": {"post": {400}},
    "api/uploads/originals/<str:token>": {"get": {404}},
    "api/uploads/<str:asset_id>": {"get": {404}},
    "api/uploads/<str:asset_id>/original": {"get": {404}},
    "api/jobs": {"get": {401}},
    "api/jobs/start": {"post": {400}},
    "api/jobs/<str:job_id>": {"get": {404}},
    "api/jobs/<str:job_id>/cancel": {"post": {404}},
    "api/jobs/<str:job_id>/events": {"get": {404}},
    "api/designs": {"get": {401}, "post": {401}},
    "api/designs/<str:design_id>": {"get": {401}, "put": {401}, "delete": {401}},
    "api/designs/fonts": {"get": {200}},
    "api/designs/text": {"post": {400}},
    "api/designs/shared/<str:token>": {"get": {404}},
    "api/designs/<str:design_id>/versions": {"get": {401}},
    "api/designs/<str:design_id>/versions/<str:number>/restore": {"post": {401}},
    "api/designs/<str:design_id>/mockups": {"get": {401}},
    "api/designs/<str:design_id>/share": {"post": {401}, "delete": {401}},
    "api/designs/<str:design_id>/alt-text": {"post": {401}},
    "api/text/slogans": {"post": {400}},
    "api/text/slogans/<str:request_id>": {"get": {404}},
    "api/orders/calculate-tax": {"post": {400}},
    "api/orders/create": {"post": {400}},
    "api/orders/quote": {"post": {400}},
    "api/orders/<str:order_id>/capture-payment": {"post": {400}},
    "api/orders/<str:order_id>/checkout-session": {"post": {404}},
    "api/orders/<str:reference>": {"get": {404}, "patch": {404}},
    "api/orders/<str:reference>/cancel": {"post": {404}},
    "api/webhooks/stripe": {"post": {400}},
    "api/webhooks/production-update": {"post": {403}},
    "api/production/packs/<str:token>": {"get": {404}},
    "api/production/spec-schema": {"get": {200}},
    "api/admin/production/worklist": {"get": {401}},
    "api/admin/production/gang-sheets": {"post": {401}},
    "api/admin/production/gang-sheets/<uuid:gang_id>": {"get": {401}},
    "api/admin/production/gang-sheets/<uuid:gang_id>/file": {"get": {401}},
    "api/admin/production/packs/<uuid:pack_id>": {"post": {401}},
    "api/admin/production/reprints": {"post": {401}},
    "api/admin/production/orders/<uuid:order_id>/release": {"post": {401}},
    "printer/<str:token>": {"get": {404}, "post": {404}},
    "api/admin/orders": {"get": {401}},
    "api/admin/costs": {"get": {401}},
    "api/admin/orders/<str:order_id>": {"get": {401}},
    "api/admin/orders/<str:order_id>/status": {"patch": {401}},
    "api/admin/orders/<str:order_id>/lines/<str:number>/status": {"patch": {401}},
    "uploads/<str:name>": {"get": {404}},
    "setup/<str:token>": {"get": {404}, "post": {400, 404}},
    "admin/two-factor": dict.fromkeys(METHODS, {302}),  # to the log-in
    "account/forgot-password": {"get": {200}, "post": {400}},
    "account/reset-password/<str:uid>/<str:token>": {"get": {404}, "post": {400}},
    "account/confirm-email/<str:uid>/<str:token>": {"get": {404}, "post": {400}},
    "test-gateway/payment_intents/<str:intent_id>/confirm": {"post": {400}},
    "test-gateway/checkout/<str:session_id>": {"get": {404}, "post": {404}},
    "test-printer/orders/<str:number>": {"get": {404}},
}


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if path != "admin/":
                yield from routes(entry, path)
        elif isinstance(entry, URLPattern) and not path.startswith("^"):
            yield path


def _address(route: str) -> str:
    for name in (
        "slug",
        "asset_id",
        "job_id",
        "design_id",
        "request_id",
        "order_id",
        "reference",
        "token",
        "uid",
        "name",
        "intent_id",
        "session_id",
        "number",
    ):
        route = route.replace(f"<str:{name}>", "nothing-here")
    return "/" + re.sub(r"<uuid:\w+>", str(uuid.uuid4()), route)


def test_every_route_has_a_row() -> None:
    assert sorted(set(routes(get_resolver()))) == sorted(STRANGER)


@pytest.mark.django_db
@pytest.mark.parametrize("route", sorted(STRANGER))
def test_a_stranger_gets_what_strangers_get(route: str, settings: Any) -> None:
    settings.RATELIMIT_ENABLE = False
    client = Client(raise_request_exception=False, headers={"accept": "application/json"})
    for method in METHODS:
        answer = client.generic(method.upper(), _address(route), data="{}", content_type="application/json")
        allowed = STRANGER[route].get(method, {401, 403, 404, 405})
        assert answer.status_code in allowed, (method, route, answer.status_code, answer.content[:300])
        if answer.status_code >= 400 and not route.startswith(("setup/", "account/", "printer/")):
            body = answer.json()
            assert isinstance(body["message"], str) and body["message"], (method, route)
            assert body["status"] == answer.status_code


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/", "/admin/orders/order/", "/admin/accounts/user/add/"])
def test_the_admin_sends_strangers_to_its_login(path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/admin/login/")


def test_the_openapi_document_is_valid_and_lists_every_endpoint() -> None:
    out = io.StringIO()
    call_command("spectacular", "--format", "openapi-json", "--fail-on-warn", stdout=out)
    document = json.loads(out.getvalue())
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    listed = {path.lstrip("/") for path in document["paths"]}
    expected = {
        route.replace("<str:", "{").replace("<uuid:", "{").replace(">", "}")
        for route in STRANGER
        if route.startswith("api/") and route not in ("api/schema", "api/docs", "api/webhooks/stripe")
    }
    assert expected <= listed
