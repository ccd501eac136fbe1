"""What each role holds, as a table."""

from __future__ import annotations

import pytest

from accounts import roles
from accounts.models import User
from accounts.roles import permits, permits_app

TABLE = {
    # permission: owner, operations, art, support, printer, customer
    "orders.view_order": "yes yes yes yes no no",
    "orders.change_order": "yes yes no yes no no",
    "orders.refund": "yes yes no no no no",
    "orders.change_productionpack": "yes yes yes no no no",
    "orders.view_productionpack": "yes yes yes yes yes no",
    "orders.view_payment": "yes yes no yes no no",
    "uploads.change_asset": "yes yes yes no no no",
    "products.change_product": "yes yes no no no no",
    "pricing.change_pricebook": "yes yes no no no no",
    "pricing.view_pricebook": "yes yes no yes no no",
    "accounts.view_user": "yes yes no yes no no",
    "accounts.change_user": "yes no no no no no",
    "common.change_featureswitch": "yes no no no no no",
}
ROLES = (roles.OWNER, roles.OPERATIONS, roles.ART, roles.SUPPORT, roles.PRINTER, roles.CUSTOMER)


@pytest.mark.parametrize("permission", list(TABLE))
def test_the_table(permission: str) -> None:
    assert {role: permits(role, permission) for role in ROLES} == {
        role: answer == "yes" for role, answer in zip(ROLES, TABLE[permission].split(), strict=True)
    }


def test_an_unknown_role_holds_nothing() -> None:
    assert not permits("admin", "orders.view_order")
    assert not permits_app("admin", "orders")


def test_apps_of_roles() -> None:
    assert permits_app(roles.OWNER, "auditlog")
    assert permits_app(roles.ART, "uploads") and not permits_app(roles.ART, "pricing")
    assert not any(permits_app(roles.CUSTOMER, app) for app in ("orders", "products", "accounts"))


@pytest.mark.parametrize("role", ROLES)
def test_a_closed_account_holds_nothing(role: str) -> None:
    user = User(role=role, is_active=False)
    assert not (user.is_staff or user.runs_the_shop or user.has_perm("orders.view_order"))
    assert not user.has_module_perms("orders")


def test_staff_and_managers() -> None:
    assert {role for role in ROLES if User(role=role).is_staff} == set(ROLES) - {roles.CUSTOMER}
    assert {role for role in ROLES if User(role=role).runs_the_shop} == {roles.OWNER, roles.OPERATIONS}


def test_the_roles_of_the_table_are_those_of_the_model() -> None:
    assert set(ROLES) == set(User.Role.values)
