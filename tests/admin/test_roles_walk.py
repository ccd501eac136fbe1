"""Every address of the admin, asked for by everybody: who gets in, and that nobody changes anything by asking."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import roles
from accounts.models import User
from tests.contracts.expectations import nothing_changes
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
ROLES = (roles.OWNER, roles.OPERATIONS, roles.ART, roles.SUPPORT, roles.PRINTER)

# Which lists each role opens; owners open all of them. A new model must be given to somebody here.
LISTS: dict[str, set[str]] = {
    roles.OPERATIONS: {
        "accounts.user", "auditlog.logentry", "common.dailyallowance", "common.featureswitch", "common.ledgerentry",
        "common.textrequest", "designs.design", "orders.dispute", "orders.gangsheet", "orders.order",
        "orders.outboxmail", "orders.payment", "orders.paymentstop", "orders.printer", "orders.printerevent",
        "orders.productionpack", "orders.refund", "orders.reprint", "orders.shipment", "orders.shippingzone",
        "orders.staffalert", "orders.stocklevel", "orders.stripeevent", "orders.taxrecord", "pricing.discountcode",
        "pricing.giftcard", "pricing.pricebook", "pricing.quote", "products.colour", "products.decorationmethod",
        "products.placementconflict", "products.product", "products.productcopy", "products.size",
        "products.stageview", "products.variant", "uploads.artreview", "uploads.asset", "uploads.cutouttrial",
        "uploads.intermediate", "uploads.job", "uploads.photodisclosure",
    },
    roles.ART: {
        "designs.design", "orders.order", "orders.productionpack", "products.colour", "products.decorationmethod",
        "products.placementconflict", "products.product", "products.productcopy", "products.size",
        "products.stageview", "products.variant", "uploads.artreview", "uploads.asset", "uploads.cutouttrial",
        "uploads.intermediate", "uploads.job", "uploads.photodisclosure",
    },
    roles.SUPPORT: {
        "accounts.user", "designs.design", "orders.dispute", "orders.gangsheet", "orders.order", "orders.outboxmail",
        "orders.payment", "orders.paymentstop", "orders.printer", "orders.printerevent", "orders.productionpack",
        "orders.refund", "orders.reprint", "orders.shipment", "orders.shippingzone", "orders.staffalert",
        "orders.stocklevel", "orders.stripeevent", "orders.taxrecord", "pricing.discountcode", "pricing.giftcard",
        "pricing.pricebook", "pricing.quote", "products.colour", "products.decorationmethod",
        "products.placementconflict", "products.product", "products.productcopy", "products.size",
        "products.stageview", "products.variant", "uploads.artreview", "uploads.asset", "uploads.cutouttrial",
        "uploads.intermediate", "uploads.job", "uploads.photodisclosure",
    },
    roles.PRINTER: {"orders.productionpack"},
}  # fmt: skip
# Which forms for new rows each role opens.
ADDS: dict[str, set[str]] = {
    roles.OPERATIONS: {
        "orders.printer", "orders.shippingzone", "orders.stocklevel", "pricing.discountcode", "pricing.giftcard",
        "pricing.pricebook", "products.colour", "products.decorationmethod", "products.placementconflict",
        "products.product", "products.size", "products.stageview", "products.variant",
    },
    roles.ART: set(),
    roles.SUPPORT: set(),
    roles.PRINTER: set(),
}  # fmt: skip
# Pages of our own that a plain GET opens.
PAGES: dict[str, set[str]] = {
    "orders_productionpack_worklist": set(ROLES),
    "uploads_artreview_queue": {roles.OWNER, roles.OPERATIONS, roles.ART},
    "ops_costs": {roles.OWNER, roles.OPERATIONS},
    "uploads_cutouttrial_comparison": {roles.OWNER, roles.OPERATIONS, roles.ART, roles.SUPPORT},
    "uploads_cutouttrial_export": {roles.OWNER, roles.OPERATIONS, roles.ART, roles.SUPPORT},
    "products_variant_import": {roles.OWNER, roles.OPERATIONS},
    "products_variant_export": {roles.OWNER, roles.OPERATIONS, roles.ART, roles.SUPPORT},
}


def registered() -> dict[str, type[Model]]:
    return {model._meta.label_lower: model for model in admin.site._registry}


def signed_in(role: str | None) -> Client:
    client = Client(raise_request_exception=False)
    if role:
        client.force_login(UserFactory(role=role))
    return client


def admin_addresses(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[str]:
    """Every address below /admin/, with ids that nothing has."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern).lstrip("^")
        if isinstance(entry, URLResolver) and "/admin/".startswith(prefix) or isinstance(entry, URLResolver):
            yield from admin_addresses(entry, path)
        elif isinstance(entry, URLPattern) and path.startswith("/admin/") and "(" not in path:
            path = re.sub(r"<uuid:\w+>", str(uuid.uuid4()), path)
            path = re.sub(r"<path:\w+>", str(uuid.uuid4()), path)
            path = re.sub(r"<int:\w+>", "1", path)
            yield re.sub(r"<(slug|str):\w+>|<\w+>", "nothing-here", path)


_OPEN_TO_ALL = ("/admin/login/", "/admin/logout/", "/admin/jsi18n/")


@pytest.mark.parametrize("role", [None, roles.CUSTOMER])
def test_strangers_and_customers_get_nowhere(role: str | None) -> None:
    client = signed_in(role)
    addresses = [path for path in admin_addresses() if path not in _OPEN_TO_ALL]
    assert len(addresses) > 200
    with nothing_changes():
        for path in addresses:
            for method in ("get", "post", "put", "delete"):
                answer = getattr(client, method)(path)
                assert answer.status_code in (302, 405), (method, path, answer.status_code)
                if answer.status_code == 302:
                    assert answer["Location"].startswith("/admin/login/"), path


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_its_lists_and_no_others(role: str) -> None:
    client = signed_in(role)
    may = LISTS.get(role, set(registered()))
    seen = set()
    for label, model in registered().items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        status = client.get(reverse(name)).status_code
        assert status in (200, 403), (label, status)
        if status == 200:
            seen.add(label)
    assert seen == may


@pytest.mark.parametrize("role", ROLES)
def test_each_role_adds_what_it_may_and_nothing_else(role: str) -> None:
    client = signed_in(role)
    may = ADDS[role] if role in ADDS else ADDS[roles.OPERATIONS] | {"accounts.user", "common.featureswitch"}
    seen = set()
    for label, model in registered().items():
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        status = client.get(address).status_code
        assert status in (200, 403), (label, status)
        if status == 200:
            seen.add(label)
        else:
            with nothing_changes():
                assert client.post(address, {"name": "mine", "role": "owner"}).status_code == 403, label
    assert seen == may


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("page", sorted(PAGES))
def test_each_role_opens_its_pages(role: str, page: str, catalogue: None) -> None:
    expected = 200 if role in PAGES[page] else 403
    answer = signed_in(role).get(reverse(f"admin:{page}"))
    assert answer.status_code == expected
    answer.close()


@pytest.mark.parametrize("role", [roles.ART, roles.SUPPORT, roles.PRINTER])
def test_no_other_role_makes_anybody_an_owner(role: str) -> None:
    me, victim = UserFactory(role=role), UserFactory()
    client = Client()
    client.force_login(me)
    for person in (me, victim):
        before = User.objects.values().get(pk=person.pk)
        answer = client.post(
            reverse("admin:accounts_user_change", args=[person.pk]),
            {"email": person.email, "name": person.name, "role": "owner", "is_active": "on"},
        )
        assert answer.status_code == 403
        after = User.objects.values().get(pk=person.pk)
        assert {k: v for k, v in after.items() if k != "last_login"} == {
            k: v for k, v in before.items() if k != "last_login"
        }


def test_operations_see_accounts_and_change_none() -> None:
    me, victim = UserFactory(role=roles.OPERATIONS), UserFactory(owner=True)
    client = Client()
    client.force_login(me)
    address = reverse("admin:accounts_user_change", args=[victim.pk])
    assert client.get(address).status_code == 200
    for person in (me, victim):
        address = reverse("admin:accounts_user_change", args=[person.pk])
        assert (
            client.post(address, {"email": "x@example.com", "name": "x", "role": "owner"}).status_code == 403
        )
    for action in ("end_sessions", "reset_second_factor", "delete_selected"):
        client.post(
            reverse("admin:accounts_user_changelist"),
            {"action": action, "_selected_action": [str(victim.pk)]},
        )
    me.refresh_from_db()
    victim.refresh_from_db()
    assert (me.role, victim.role, victim.token_version) == (roles.OPERATIONS, roles.OWNER, 1)
    for name in ("export", "erase"):
        assert client.post(reverse(f"admin:accounts_user_{name}", args=[victim.pk])).status_code == 403


def test_a_demotion_holds_from_the_next_request_on() -> None:
    boss, helper = UserFactory(owner=True), UserFactory(role=roles.OPERATIONS)
    client, staff = Client(), Client()
    client.force_login(boss)
    staff.force_login(helper)
    assert staff.get("/admin/orders/order/").status_code == 200
    answer = client.post(
        reverse("admin:accounts_user_change", args=[helper.pk]),
        {"email": helper.email, "name": helper.name, "role": "customer", "is_active": "on"},
    )
    assert answer.status_code == 302
    helper.refresh_from_db()
    assert (helper.role, helper.token_version) == ("customer", 2)
    assert staff.get("/admin/orders/order/").status_code == 302


def test_the_shop_keeps_an_owner() -> None:
    boss = UserFactory(owner=True)
    client = Client()
    client.force_login(boss)
    address = reverse("admin:accounts_user_change", args=[boss.pk])
    for change in ({"role": "customer", "is_active": "on"}, {"role": "owner"}):
        answer = client.post(address, {"email": boss.email, "name": boss.name, **change})
        assert "the only owner" in answer.content.decode()
    boss.refresh_from_db()
    assert boss.runs_the_shop


API = {
    "/api/admin/orders": "get",
    "/api/admin/production/worklist": "get",
}


@pytest.mark.parametrize("role", [None, roles.CUSTOMER, *ROLES])
@pytest.mark.parametrize("path", sorted(API))
def test_the_storefronts_admin_is_for_those_who_run_the_shop(
    role: str | None, path: str, sign_in: Any, guest: Any
) -> None:
    browser = sign_in(UserFactory(role=role)) if role else guest
    expected = 401 if role is None else 200 if role in roles.MANAGERS else 403
    assert browser.call("GET", path).status_code == expected


def test_every_model_of_ours_that_staff_see_is_in_the_table() -> None:
    ours = {model._meta.label_lower for model in apps.get_models()}
    assert LISTS[roles.OPERATIONS] == set(registered()) & ours
