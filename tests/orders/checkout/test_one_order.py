"""One basket, one order, one intent: whatever the client retries and whatever breaks in between."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from common.errors import ProviderError
from demo.storefront import Json, Refused, Storefront
from orders import lifecycle, models
from orders.models import Order, OrderEvent, OutboxMail, Payment
from orders.payments.backends import testing
from orders.payments.gateway import Intent
from pricing.models import DiscountCode
from pricing.services.gift_cards import gift_card_balance, gift_card_issue
from tests.contracts.baskets import CUSTOMER, NEVADA, order_body, tee
from tests.contracts.expectations import nothing_changes

pytestmark = pytest.mark.django_db


def create(shop: Storefront, body: Json, key: str = "") -> Json:
    headers = {"Idempotency-Key": key} if key else {}
    data: Json = shop.json("POST", "/api/orders/create", json=body, headers=headers)["data"]
    return data


def create_at_once(shop: Storefront, body: Json, count: int, key: str = "") -> list[Json]:
    """What `count` identical requests get, sent in the same moment."""
    barrier, answers = threading.Barrier(count), []

    def buy() -> None:
        barrier.wait()
        answers.append(create(shop, body, key))
        connection.close()

    threads = [threading.Thread(target=buy) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == count, "every request was answered with an order"
    return answers


def test_a_crash_between_order_and_intent_heals_with_the_same_key(
    guest: Storefront, art: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, keys = order_body(tee(art)), []
    real = testing.TestGateway.create_intent

    def down(self: testing.TestGateway, **kwargs: Any) -> Intent:
        keys.append(kwargs["idempotency_key"])
        raise ProviderError("down", provider="Stripe", retryable=True)

    monkeypatch.setattr(testing.TestGateway, "create_intent", down)
    with pytest.raises(Refused) as refusal:
        create(guest, body)
    assert (refusal.value.status, refusal.value.body["code"]) == (503, "provider_unavailable")
    assert Payment.objects.get().status == "creating"

    def up(self: testing.TestGateway, **kwargs: Any) -> Intent:
        keys.append(kwargs["idempotency_key"])
        return real(self, **kwargs)

    monkeypatch.setattr(testing.TestGateway, "create_intent", up)
    data = create(guest, body)
    assert keys[0] == keys[1] == f"order:{data['order']['id']}:pi:v1"
    assert (Order.objects.count(), Payment.objects.count(), models.TestIntent.objects.count()) == (1, 1, 1)
    assert Payment.objects.get().status == "open"


def test_a_cancelled_intent_gets_a_successor_with_a_key_of_its_own(guest: Storefront, art: Json) -> None:
    body = order_body(tee(art))
    first = create(guest, body)
    Payment.objects.update(status="canceled")
    second = create(guest, body)
    assert second["order"]["id"] == first["order"]["id"]
    assert second["client_secret"] != first["client_secret"]
    assert list(Payment.objects.values_list("attempt", "status")) == [(1, "canceled"), (2, "open")]


def test_a_key_does_not_bring_a_cancelled_order_back(guest: Storefront, art: Json) -> None:
    """Whoever retries after the order has expired must not be charged for it."""
    body = order_body(tee(art))
    first = create(guest, body, "click-1")
    lifecycle.order_expire(Order.objects.get().pk)
    with nothing_changes(), pytest.raises(Refused) as refusal:
        create(guest, body, "click-1")
    assert (refusal.value.status, refusal.value.body["code"]) == (409, "order_cancelled")
    assert create(guest, body, "click-2")["order"]["id"] != first["order"]["id"]


def test_a_cancelled_basket_is_a_new_order(guest: Storefront, art: Json) -> None:
    body = order_body(tee(art))
    first = create(guest, body)
    lifecycle.order_change_production(Order.objects.get().pk, "cancelled", actor="staff:1")
    second = create(guest, body)
    assert second["order"]["id"] != first["order"]["id"]
    assert second["client_secret"] != first["client_secret"]


@pytest.mark.parametrize(
    "change",
    [
        {"customer": CUSTOMER | {"email": "grace@example.com"}},
        {"shipping_address": NEVADA | {"line1": "2 Another Street"}},
        {"customer_notes": "Leave it with the neighbour."},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_differs_is_another_order(guest: Storefront, art: Json, change: Json) -> None:
    body = order_body(tee(art))
    assert create(guest, body)["order"]["id"] != create(guest, body | change)["order"]["id"]
    assert (Order.objects.count(), Payment.objects.count()) == (2, 2)


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["", "click-1"], ids=["no key", "key"])
def test_twenty_identical_orders_at_once_are_one(guest: Storefront, art: Json, key: str) -> None:
    answers = create_at_once(guest, order_body(tee(art)), 20, key)
    assert len({(a["order"]["id"], a["client_secret"]) for a in answers}) == 1
    assert (Order.objects.count(), Payment.objects.count(), models.TestIntent.objects.count()) == (1, 1, 1)
    assert OrderEvent.objects.filter(kind="order.created").count() == 1


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_a_cancelled_intent_has_one_successor_however_many_ask(guest: Storefront, art: Json) -> None:
    body = order_body(tee(art))
    create(guest, body)
    Payment.objects.update(status="canceled")
    answers = create_at_once(guest, body, 10)
    assert len({(a["order"]["id"], a["client_secret"]) for a in answers}) == 1
    assert list(Payment.objects.values_list("attempt", "status")) == [(1, "canceled"), (2, "open")]


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_a_gift_card_is_spent_once_by_twenty_requests(guest: Storefront, art: Json) -> None:
    _, secret = gift_card_issue(Decimal("50.00"))
    body = order_body(tee(art), gift_card=17.96, gift_card_code=secret, total=0)
    answers = create_at_once(guest, body, 20, "click-1")
    assert len({answer["order"]["id"] for answer in answers}) == 1
    assert gift_card_balance(secret) == Decimal("32.04")
    assert (Order.objects.count(), OutboxMail.objects.count()) == (1, 1)


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["", "click-1"], ids=["no key", "key"])
def test_a_code_that_works_once_works_for_all_twins_of_its_order(
    guest: Storefront, art: Json, key: str
) -> None:
    """Whoever waits for the winner finds the code used up by the very order that the request asks for."""
    DiscountCode.objects.create(code="ONCE", kind="fixed", value=Decimal(5), per_customer_cap=1)
    body = order_body(tee(art), discount=5, discount_code="once", total=12.96)
    answers = create_at_once(guest, body, 20, key)
    assert len({answer["order"]["id"] for answer in answers}) == 1
    assert (Order.objects.count(), DiscountCode.objects.get().given_away) == (1, Decimal("5.00"))
