"""The earlier backend's ways to become somebody else, tried on this one: a test for each point of CONTRACT 10, 18-25,
46-48 and 52, over the real API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.tokens import issue_token
from demo.storefront import Json, Storefront
from designs import services
from designs.models import Design
from products.models import Product, Variant
from stolentee.checks import check_secrets
from tests.contracts.expectations import assert_readable_by_the_page, data_of, nothing_changes
from tests.contracts.in_process import storefront
from tests.contracts.test_designs import design_body
from tests.factories import OrderFactory, UserFactory
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db
ADMIN = "/api/admin/orders"


def register(browser: Storefront, email: str, **changes: str) -> Any:
    body = {"email": email, "password": PASSWORD, "name": "Ada"} | changes
    return browser.call("POST", "/api/auth/register", json=body)


def log_in(browser: Storefront, email: str, password: str = PASSWORD) -> Any:
    return browser.call("POST", "/api/auth/login", json={"email": email, "password": password})


def test_18_a_name_and_an_address_open_no_account(guest: Storefront) -> None:
    boss = UserFactory(owner=True, supabase_id="sb-1")
    with nothing_changes():
        for supabase_id in ("x", "sb-1"):
            body = {"email": boss.email, "name": boss.name, "supabaseId": supabase_id}
            answer = guest.call("POST", "/api/auth/oauth/sync", json=body)
            assert answer.status_code == 403 and "token" not in answer.json().get("data", {})


@pytest.mark.parametrize(
    "ends",
    [
        lambda user, browser: User.objects.filter(pk=user.pk).update(role="customer"),
        lambda user, browser: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user, browser: User.objects.filter(pk=user.pk).delete(),
        lambda user, browser: browser.call("POST", "/api/auth/logout"),
        lambda user, browser: browser.call(
            "POST", "/api/auth/change-password", json={"current_password": PASSWORD, "password": "Another-1x"}
        ),
    ],
    ids=["demoted", "closed", "deleted", "logged out", "password changed"],
)
def test_19_a_token_ends_with_what_it_stood_for(
    sign_in: Callable[[User], Storefront],
    ends: Callable[[User, Storefront], Any],
) -> None:
    boss = UserFactory(owner=True)
    browser = sign_in(boss)
    assert browser.call("GET", ADMIN).status_code == 200
    ends(boss, browser)
    assert browser.call("GET", ADMIN).status_code in (401, 403)


def test_20_a_fresh_shop_has_no_account_and_nobody_is_born_staff(guest: Storefront) -> None:
    assert not User.objects.exists()  # the catalogue and the prices are seeded
    answer = register(guest, "ada@example.com", role="owner", is_staff="true")
    assert answer.status_code == 201
    assert User.objects.get().role == User().role == "customer"
    guest.token = data_of(log_in(guest, "ada@example.com"))["token"]
    with nothing_changes():
        assert guest.call("GET", ADMIN).status_code == 403


def test_21_nobody_learns_who_has_an_account(guest: Storefront) -> None:
    UserFactory(email="ada@example.com")
    for ask in (
        lambda email: log_in(guest, email, "Wrong-password-1"),
        lambda email: guest.call("POST", "/api/auth/forgot-password", json={"email": email}),
    ):
        known, unknown = ask("ada@example.com"), ask("nobody@example.com")
        told = [{**answer.json(), "request_id": ""} for answer in (known, unknown)]
        assert known.status_code == unknown.status_code and told[0] == told[1]


def test_22_two_addresses_are_two_people_in_any_script(guest: Storefront) -> None:
    names = {"ada.l@gmail.com": "José O'Brien", "adal@gmail.com": "李小龍", "adal+tees@gmail.com": "Zoë"}
    for email, name in names.items():
        assert register(guest, email, name=name).status_code == 201
    assert dict(User.objects.values_list("email", "name")) == names
    assert register(guest, "ADA.L@Gmail.com").status_code == 400


def test_23_every_character_of_a_password_counts(guest: Storefront) -> None:
    long = "Aa1" + "x" * 100
    assert register(guest, "ada@example.com", password=long + "1").status_code == 201
    assert log_in(guest, "ada@example.com", long + "2").status_code == 401
    assert log_in(guest, "ada@example.com", long + "1").status_code == 200
    assert User.objects.get().password.startswith("argon2")


def test_24_old_and_forged_tokens_are_refused_and_short_secrets_too(
    guest: Storefront,
    settings: Any,
) -> None:
    boss = UserFactory(owner=True)
    old = issue_token(boss.pk, 1, now=timezone.now() - settings.AUTH_TOKEN_LIFETIME - timedelta(minutes=1))
    secret, settings.SECRET_KEY = settings.SECRET_KEY, "b" * 60
    forged = issue_token(boss.pk, 1)
    settings.SECRET_KEY = "short"
    assert "stolentee.E002" in [problem.id for problem in check_secrets(None)]
    settings.SECRET_KEY = secret
    for token in (old, forged):
        answer = storefront(token).call("GET", ADMIN)
        assert (answer.status_code, answer.json()["message"]) == (401, "Invalid token")


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/oauth/sync"])
def test_25_guessing_ends_soon_and_the_page_can_say_why(
    guest: Storefront,
    settings: Any,
    path: str,
) -> None:
    settings.RATELIMIT_ENABLE = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    body = {"email": "ada@example.com", "password": "Guess-1234", "name": "A", "supabaseId": "x"}
    for _ in range(60):
        answer = guest.call("POST", path, json=body)
        if answer.status_code == 429:
            break
    assert answer.status_code == 429 and answer.json()["message"]
    assert_readable_by_the_page(answer)
    assert int(answer.headers["Retry-After"]) > 0


def test_46_columns_of_a_product_are_no_names_from_a_body(staff: Storefront) -> None:
    product = Product.objects.get(slug="classic-tee")
    body = {
        "title": "Tee",
        "status = 'archived', title": "x",
        "id": "1",
        "created_at": "2020-01-01",
        "slug; --": 1,
    }
    answer = staff.call("PUT", f"/api/admin/products/{product.pk}", json=body)
    after = Product.objects.get(pk=product.pk)
    assert answer.status_code in (200, 400)
    assert (after.status, after.slug, after.created_at) == (product.status, product.slug, product.created_at)


def test_47_what_a_blank_costs_is_told_to_nobody_outside(
    guest: Storefront,
    customer: Storefront,
) -> None:
    Variant.objects.update(base_cost="4.3791")
    variant = Variant.objects.select_related("product").first()
    assert variant is not None
    quote = {"variant_id": str(variant.pk), "method": "dtg", "quantity": 1, "placements": []}
    for browser in (guest, customer):
        for answer in (
            browser.call("GET", "/api/products"),
            browser.call("GET", f"/api/products/{variant.product.slug}"),
            browser.call("POST", "/api/price/quote", json=quote),
        ):
            assert answer.status_code == 200
            assert "4.37" not in answer.text and "4.38" not in answer.text
            assert '"base_cost"' not in answer.text and '"margin"' not in answer.text


def test_48_the_whole_list_takes_the_same_few_queries_and_loses_nothing(staff: Storefront) -> None:
    counts = []
    for wanted in (10, 120):
        OrderFactory.create_batch(wanted, paid=True)
        with CaptureQueriesContext(connection) as queries:
            orders = data_of(staff.call("GET", ADMIN))["orders"]
        counts.append((len(queries), len(orders)))
    assert [found for _, found in counts] == [10, 130]
    assert counts[0][0] == counts[1][0] <= 10


def test_52_saved_designs_have_limits(
    customer: Storefront,
    art: Json,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    huge = design_body(art)
    huge["designData"] = huge["designData"] | {"notes": "x" * 300_000}
    many = design_body(art)
    many["designData"] = many["designData"] | {"front": [None] * 50}
    with nothing_changes():
        for body in (design_body(art, name="x" * 256), huge, many, design_body(art, thumbnailUrl="x" * 600)):
            assert 400 <= customer.call("POST", "/api/designs", json=body).status_code < 500
    monkeypatch.setattr(services, "MAX_DESIGNS_PER_USER", 1)
    assert customer.call("POST", "/api/designs", json=design_body(art)).status_code == 201
    assert 400 <= customer.call("POST", "/api/designs", json=design_body(art)).status_code < 500
    assert Design.objects.count() == 1
