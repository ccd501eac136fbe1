"""The seeded shop of the contract tests, and orders that wait for their money."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from demo.storefront import Json, Storefront
from orders.models import Order, Payment, TestIntent
from tests.contracts.baskets import order_body, tee
from tests.contracts.conftest import (  # noqa: F401  (fixtures)
    art,
    art_png,
    catalogue,
    customer,
    customer_user,
    guest,
    sign_in,
    staff,
    stranger,
)


@dataclass
class Waiting:
    """An unpaid order, its payment, and the test gateway's intent."""

    order: Order
    payment: Payment
    intent: TestIntent

    def refresh(self) -> None:
        for row in (self.order, self.payment, self.intent):
            row.refresh_from_db()

    def succeed(self) -> None:
        """The money arrives at the gateway; the shop does not know yet."""
        self.intent.status, self.intent.amount_received_cents = "succeeded", self.intent.amount_cents
        self.intent.save()


@pytest.fixture
def make_order(guest: Storefront, art: Json) -> Callable[..., Waiting]:  # noqa: F811
    def make(**changes: object) -> Waiting:
        body = order_body(tee(art), **changes)
        data = guest.json("POST", "/api/orders/create", json=body)["data"]
        order = Order.objects.get(pk=data["order"]["id"])
        payment = order.payments.get()
        return Waiting(order, payment, TestIntent.objects.get(pk=payment.intent_id))

    return make


@pytest.fixture
def waiting(make_order: Callable[..., Waiting]) -> Waiting:
    return make_order()
