"""Fifty buyers and ten shirts, on PostgreSQL, each in a thread with a connection of its own."""

from __future__ import annotations

from collections import Counter

import pytest

from demo.storefront import Json, Storefront
from orders import lifecycle
from orders.models import Order, StockLevel
from orders.stock.services import stock_count
from products.models import Variant
from tests.contracts.baskets import CUSTOMER, order_body, tee, variant_id
from tests.orders.racing import at_once

pytestmark = [pytest.mark.production, pytest.mark.django_db(transaction=True)]


def buyer(shop: Storefront, number: int, *items: Json):
    body = order_body(*items, customer=CUSTOMER | {"email": f"buyer{number}@example.com"})

    def buy() -> str:
        shop.json("POST", "/api/orders/create", json=body)
        return "bought"

    return buy


def test_fifty_buyers_of_ten_shirts_buy_exactly_ten(guest: Storefront, art: Json) -> None:
    level = stock_count(Variant.objects.get(sku="TEE-BLK-M"), 10, actor="staff:1")
    outcomes = Counter(at_once([buyer(guest, number, tee(art)) for number in range(50)]))
    assert outcomes == {"bought": 10, "409 out_of_stock": 40}
    level.refresh_from_db()
    assert (level.on_hand, level.reserved, level.available, Order.objects.count()) == (10, 10, 0, 10)


def test_baskets_that_name_the_same_shirts_in_another_order_do_not_deadlock(
    guest: Storefront, art: Json
) -> None:
    skus = ("TEE-BLK-M", "TEE-WHT-M", "TEE-BLK-L")
    for sku in skus:
        stock_count(Variant.objects.get(sku=sku), 100, actor="staff:1")
    items = [tee(art) | {"variant_id": variant_id(sku)} for sku in skus]
    jobs = [buyer(guest, n, *(items if n % 2 else reversed(items))) for n in range(24)]
    assert Counter(at_once(jobs)) == {"bought": 24}
    assert set(StockLevel.objects.values_list("reserved", flat=True)) == {24}


def test_the_last_shirt_is_not_refused_to_the_twin_of_its_buyer(guest: Storefront, art: Json) -> None:
    stock_count(Variant.objects.get(sku="TEE-BLK-M"), 1, actor="staff:1")
    assert Counter(at_once([buyer(guest, 1, tee(art)) for _ in range(20)])) == {"bought": 20}
    assert Order.objects.count() == 1


def test_paying_and_expiring_at_once_end_in_one_of_the_two(guest: Storefront, art: Json) -> None:
    level = stock_count(Variant.objects.get(sku="TEE-BLK-M"), 1, actor="staff:1")
    buyer(guest, 1, tee(art))()
    order = Order.objects.get()
    payment = order.payments.get()

    def paid() -> str:
        lifecycle.order_mark_paid(order, payment, actor="stripe")
        return "paid"

    at_once([paid, lambda: str(lifecycle.order_expire(order.pk))] * 3)
    order.refresh_from_db()
    level.refresh_from_db()
    if order.production_status == "cancelled":
        assert (level.on_hand, level.reserved, order.hold_reason) == (1, 0, "paid_after_cancellation")
    else:
        assert (level.on_hand, level.reserved, order.payment_status) == (0, 0, "paid")
