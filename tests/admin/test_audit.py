"""Every write of staff leaves a row: who, what, before, after. What people do to their own accounts leaves none."""

from __future__ import annotations

import pytest
from auditlog.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.services import user_register
from demo.storefront import Storefront
from products.models import Product
from tests.factories import ProductFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> User:
    return UserFactory(owner=True)


@pytest.fixture
def browser(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client


def test_an_edit_in_the_admin(browser: Client, boss: User) -> None:
    browser.post(
        reverse("admin:common_featureswitch_add"),
        {"name": "self_hosted_rollout", "percent": "10", "note": ""},
    )
    created = LogEntry.objects.get()
    assert (created.actor, created.action, created.changes["percent"]) == (boss, 0, ["None", "10"])
    browser.post(
        reverse("admin:common_featureswitch_change", args=[created.object_pk]),
        {"name": "self_hosted_rollout", "percent": "50", "note": "half"},
    )
    edited = LogEntry.objects.filter(action=1).get()
    assert edited.changes["percent"] == ["10", "50"] and edited.actor == boss
    page = browser.get(reverse("admin:auditlog_logentry_change", args=[edited.pk])).content.decode()
    assert boss.email in page and "half" in page
    assert browser.post(reverse("admin:auditlog_logentry_delete", args=[edited.pk])).status_code == 403


def test_a_write_through_the_storefronts_api(staff: Storefront) -> None:
    product = ProductFactory()
    LogEntry.objects.all().delete()
    answer = staff.call("PUT", f"/api/admin/products/{product.pk}", json={"title": "New title"})
    assert answer.status_code == 200
    entry = LogEntry.objects.get_for_object(product).get()
    assert entry.changes["title"] == [product.title, "New title"]
    assert entry.actor is not None and entry.actor.email == "owner@example.com"
    assert Product.objects.get(pk=product.pk).title == "New title"


def test_a_change_of_role(browser: Client, boss: User) -> None:
    helper = UserFactory(role=User.Role.SUPPORT)
    browser.post(
        reverse("admin:accounts_user_change", args=[helper.pk]),
        {"email": helper.email, "name": helper.name, "role": "art", "is_active": "on"},
    )
    entry = LogEntry.objects.get_for_object(helper).get()
    assert (entry.changes, entry.actor, entry.object_repr) == (
        {"role": ["support", "art"]},
        boss,
        str(helper.pk),
    )


def test_people_who_register_leave_no_copy_of_their_names() -> None:
    user_register(email="ada@example.com", password="Correct-Horse-1", name="Ada")
    assert LogEntry.objects.count() == 0
