"""One basket, one order, one intent: whatever the client retries and whatever breaks in between."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from common.errors import ProviderError
from demo.storefront import Json, Refused, Storefront
from orders import models
from orders.models import Order, Payment
from orders.payments.backends import testing
from orders.payments.gateway import Intent
from tests.contracts.baskets import order_body, tee

pytestmark = pytest.mark.django_db


def create(shop: Storefront, body: Json) -> Json:
    data: Json = shop.json("POST", "/api/orders/create", json=body)["data"]
    return data


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


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_twenty_identical_orders_at_once_are_one(guest: Storefront, art: Json) -> None:
    body = order_body(tee(art))
    barrier, answers = threading.Barrier(20), []

    def buy() -> None:
        barrier.wait()
        answers.append(create(guest, body))
        connection.close()

    threads = [threading.Thread(target=buy) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20
    assert len({(a["order"]["id"], a["client_secret"]) for a in answers}) == 1
    assert (Order.objects.count(), Payment.objects.count(), models.TestIntent.objects.count()) == (1, 1, 1)
