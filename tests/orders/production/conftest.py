"""Paid orders of several lines, built or waiting to be."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from demo.storefront import Json, Storefront, cart_item, customization
from orders.models import Order, ProductionPack, TestIntent
from orders.production import builder
from tests.contracts.baskets import order_body, variant_id
from tests.factories.accounts import UserFactory
from tests.orders.conftest import Waiting


@pytest.fixture
def desk_browser() -> Client:
    """The admin, signed in as the owner."""
    browser = Client()
    browser.force_login(UserFactory(owner=True), backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def big_art(guest: Storefront) -> Json:
    """1200 px of red disc: 228 DPI at 5.25 in."""
    rows, columns = np.mgrid[-1:1:1200j, -1:1:1200j]
    rgba = np.zeros((1200, 1200, 4), np.uint8)
    rgba[rows**2 + columns**2 < 0.98] = (200, 30, 40, 255)
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG")
    return guest.upload_file("disc.png", file.getvalue(), "image/png")


@pytest.fixture
def paid_order(guest: Storefront) -> Callable[..., Order]:
    """A paid order of blank tees, one line for each quantity; its packs are asked for and not yet built."""

    def make(*quantities: int, **sides: Any) -> Order:
        items: list[Json] = [
            cart_item(
                {"id": variant_id(sku)}, quantity, 12.98, customization(**sides if sku.endswith("M") else {})
            )
            for sku, quantity in zip(("TEE-BLK-M", "TEE-BLK-L", "TEE-WHT-M"), quantities, strict=False)
        ]
        data = guest.json("POST", "/api/orders/create", json=order_body(*items))["data"]
        order = Order.objects.get(pk=data["order"]["id"])
        payment = order.payments.get()
        waiting = Waiting(order, payment, TestIntent.objects.get(pk=payment.intent_id))
        waiting.succeed()
        guest.capture_payment(str(order.pk), waiting.intent.pk)
        order.refresh_from_db()
        return order

    return make


@pytest.fixture
def built() -> Callable[[Order], list[ProductionPack]]:
    """Builds what waits, and returns the order's packs by line."""

    def build(order: Order) -> list[ProductionPack]:
        packs = ProductionPack.objects.filter(line__order=order).select_related("line__order")
        for pack in packs:
            builder.build(str(pack.pk))
        return list(packs.order_by("line__number").all())

    return build
