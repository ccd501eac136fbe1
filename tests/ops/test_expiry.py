"""Orders that stay unpaid end, and what they held comes free."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from demo.storefront import Json, Storefront
from ops.sweepers import expire_unpaid_orders
from orders.models import Order
from pricing.services.gift_cards import gift_card_balance, gift_card_issue
from tests.contracts.baskets import order_body, tee

pytestmark = pytest.mark.django_db


def age(hours: float) -> None:
    Order.objects.update(created_at=timezone.now() - timedelta(hours=hours))


def test_an_abandoned_order_gives_its_gift_card_back(guest: Storefront, art: Json) -> None:
    _, code = gift_card_issue(Decimal("10.00"))
    body = order_body(tee(art), gift_card=10, gift_card_code=code, total=7.96)
    guest.json("POST", "/api/orders/create", json=body)
    age(23.9)
    assert expire_unpaid_orders() == 0
    age(24.1)
    assert expire_unpaid_orders() == 1
    assert expire_unpaid_orders() == 0
    order = Order.objects.get()
    assert (order.production_status, order.open_basket_key) == ("cancelled", None)
    assert order.events.get(kind="order.cancelled").actor == "system"
    assert gift_card_balance(code) == Decimal("10.00")


def test_a_paid_order_stays(guest: Storefront, art: Json) -> None:
    _, code = gift_card_issue(Decimal("50.00"))
    body = order_body(tee(art), gift_card=17.96, gift_card_code=code, total=0)
    guest.json("POST", "/api/orders/create", json=body)
    age(1000)
    assert expire_unpaid_orders() == 0
    assert Order.objects.get().production_status == "pending"


def test_an_order_that_is_paid_in_this_very_moment_stays(
    guest: Storefront,
    art: Json,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, code = gift_card_issue(Decimal("50.00"))
    body = order_body(tee(art), gift_card=17.96, gift_card_code=code, total=0)
    guest.json("POST", "/api/orders/create", json=body)
    order = Order.objects.get()
    monkeypatch.setattr("ops.sweepers.orders_unpaid_since", lambda moment: [order.pk])
    assert expire_unpaid_orders() == 0
    order.refresh_from_db()
    assert (order.payment_status, order.production_status) == ("paid", "pending")
