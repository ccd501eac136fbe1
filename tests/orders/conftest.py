"""The shop with a Stripe key, and orders that wait for their money."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from demo.storefront import Json, Storefront
from orders.checkout import tax
from orders.models import Order, Payment, TestIntent
from orders.payments import gateway
from tests.contracts.baskets import order_body, tee
from tests.fakes.stripe import FakeStripe
from tests.orders.payments.work import DOUBLE_SECRET


@pytest.fixture
def stripe_double(settings: Any) -> Iterator[FakeStripe]:
    """The shop as it is with a Stripe key, which talks to the double."""
    settings.PAYMENT_GATEWAY = "orders.payments.backends.stripe.StripeGateway"
    settings.TAX_CALCULATOR = "orders.checkout.tax.StripeTaxCalculator"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRETS = "sk_test_1", [DOUBLE_SECRET]
    with FakeStripe() as double:
        settings.STRIPE_API_URL = double.url
        gateway._gateway.cache_clear()  # it keeps its client, and with it the address of an earlier double
        tax._calculator.cache_clear()
        yield double
    gateway._gateway.cache_clear()
    tax._calculator.cache_clear()


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
def make_order(guest: Storefront, art: Json) -> Callable[..., Waiting]:
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
