"""The key in the mail opens the order, is kept as a hash, and can be taken back; the number shows the page alone."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from demo.storefront import Json, Storefront
from orders.access import access_revoke, access_token
from orders.models import Order, OrderEvent
from orders.numbers import new_access_nonce
from tests.contracts.baskets import create, order_body, tee
from tests.contracts.expectations import assert_refused, data_of, nothing_changes

pytestmark = pytest.mark.django_db
PRIVATE = {"id", "customer_name", "customer_email", "customer_phone", "billing_address", "customer_notes"}
NEVER = {"internal_notes", "hold_reason", "payment_intent_id", "access_nonce", "access_hash", "user"}


@pytest.fixture
def created(guest: Storefront, art: Json) -> Json:
    return create(guest, tee(art))


def order_of(created: Json) -> Order:
    return Order.objects.get(pk=created["order"]["id"])


def test_the_key_opens_what_the_number_does_not(guest: Storefront, created: Json) -> None:
    Order.objects.update(internal_notes="He always pays late.")
    by_key = data_of(guest.call("GET", f"/api/orders/{created['access_token']}"))["order"]
    by_number = data_of(guest.call("GET", f"/api/orders/{created['order']['order_number']}"))["order"]
    assert set(by_key) >= PRIVATE and not set(by_number) & PRIVATE
    assert not (set(by_key) | set(by_number)) & NEVER
    assert "pays late" not in str(by_key) + str(by_number)


def test_the_key_has_192_bits_and_is_kept_as_a_hash(created: Json) -> None:
    token = created["access_token"]
    assert token.startswith("ot_") and len(token) == 3 + 32
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM orders_order")
        assert token not in repr(cursor.fetchall())
    assert len({new_access_nonce() for _ in range(1000)}) == 1000


def test_every_retry_and_every_mail_has_the_same_key(guest: Storefront, art: Json) -> None:
    body = order_body(tee(art))
    answers = [data_of(guest.call("POST", "/api/orders/create", json=body), 201) for _ in range(2)]
    assert answers[0] == answers[1]
    with nothing_changes():
        assert access_token(order_of(answers[0])) == answers[0]["access_token"]


def test_a_revoked_key_opens_nothing_and_the_next_mail_has_another(guest: Storefront, created: Json) -> None:
    old = created["access_token"]
    access_revoke(order_of(created), actor="staff:1")
    with nothing_changes():
        assert_refused(guest.call("GET", f"/api/orders/{old}"), 404, "Order not found")
        headers = {"X-Order-Token": old}
        number = created["order"]["order_number"]
        answer = guest.call("POST", f"/api/orders/{number}/cancel", json={}, headers=headers)
        assert answer.status_code == 403
    new = access_token(order_of(created))
    assert new != old
    assert data_of(guest.call("GET", f"/api/orders/{new}"))["order"]["id"] == created["order"]["id"]
    assert OrderEvent.objects.get(kind="order.access_revoked").actor == "staff:1"


def test_a_new_secret_key_keeps_old_links_until_the_next_mail(
    guest: Storefront, created: Json, settings: object
) -> None:
    settings.SECRET_KEY = "another secret key of fifty characters and then some more"  # type: ignore[attr-defined]
    data_of(guest.call("GET", f"/api/orders/{created['access_token']}"))
    assert access_token(order_of(created)) != created["access_token"]
    data_of(guest.call("GET", f"/api/orders/{access_token(order_of(created))}"))


def test_staff_revoke_in_the_admin(client: Client, guest: Storefront, created: Json) -> None:
    client.force_login(User.objects.create_user("boss@example.com", None, name="Boss", role=User.Role.OWNER))
    form = {"action": "revoke_access", "_selected_action": [created["order"]["id"]]}
    assert client.post("/admin/orders/order/", form).status_code == 302
    assert guest.call("GET", f"/api/orders/{created['access_token']}").status_code == 404


def test_the_owner_reads_the_whole_order_by_its_id(
    customer: Storefront, stranger: Storefront, art: Json
) -> None:
    order = create(customer, tee(art))["order"]
    shown = data_of(customer.call("GET", f"/api/orders/{order['id']}"))["order"]
    assert (shown["customer_email"], shown["may_change"], shown["amount_due"]) == (
        "ada@example.com",
        True,
        17.96,
    )
    for browser, reference in ((customer, order["order_number"]), (stranger, order["id"])):
        assert not set(data_of(browser.call("GET", f"/api/orders/{reference}"))["order"]) & PRIVATE


def test_the_key_in_a_header_opens_the_order_by_its_number(guest: Storefront, created: Json) -> None:
    path, headers = (
        f"/api/orders/{created['order']['order_number']}",
        {"X-Order-Token": created["access_token"]},
    )
    assert data_of(guest.call("GET", path, headers=headers))["order"]["id"] == created["order"]["id"]
