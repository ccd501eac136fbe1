"""A payment that races its order's customer, and a refund that races its own events, on PostgreSQL.

Whoever wins, the money is where the order says it is. More races: `test_apply.py` (webhooks and browsers),
`test_refunds.py` (staff and dashboard), `checkout/test_one_order.py` (twins), `stock/test_race.py` (the last shirts).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from demo.storefront import Json, Storefront
from orders.models import Order, OrderEvent, OutboxMail, Payment, Refund, StaffAlert, StockLevel, StripeEvent
from orders.payments import handlers, refunds
from orders.payments.backends import bank
from orders.payments.backends.testing import TestGateway as Gateway
from orders.payments.handlers import handle
from orders.payments.refunds import refund_request
from orders.stock.services import stock_count
from products.models import Variant
from tests.contracts.baskets import NEVADA, create, tee
from tests.orders.payments.work import make_due, receive_all, state, work_off
from tests.orders.racing import at_once

pytestmark = [pytest.mark.production, pytest.mark.django_db(transaction=True)]
CALIFORNIA = NEVADA | {"city": "Mountain View", "state": "CA", "postal_code": "94041"}  # 0.94 of tax more
ROUNDS = 8
_LATER_S = 0.01


class Buyer:
    """A guest whose card has been charged, which the shop does not know yet."""

    def __init__(self, shop: Storefront, art: Json, number: int) -> None:
        created = create(shop, tee(art), customer_notes=f"buyer {number}")
        self.shop, self.token = shop, created["access_token"]
        self.order = Order.objects.get(pk=created["order"]["id"])
        self.intent_id = str(self.order.payments.get().intent_id)
        bank.confirm_intent(
            self.intent_id, client_secret=created["client_secret"], payment_method="pm_card_visa"
        )
        receive_all()
        events = StripeEvent.objects.filter(payload__data__object__id=self.intent_id)
        self.event = str(events.get().pk)

    def capture(self) -> str:
        return str(self.shop.capture_payment(str(self.order.pk), self.intent_id)["payment_status"])

    def cancel(self) -> str:
        path = f"/api/orders/{self.token}/cancel"
        return str(self.shop.json("POST", path, json={})["data"]["order"]["production_status"])

    def edit(self) -> float:
        body = {"shipping_address": CALIFORNIA, "total": 18.90}
        data = self.shop.json("PATCH", f"/api/orders/{self.token}", json=body)["data"]
        return float(data["order"]["total"])

    def payers(self, number: int) -> list[Callable[[], Any]]:
        """The webhook's worker and the browser, in every round a little later."""

        def event() -> None:
            time.sleep(number * _LATER_S)
            handle(self.event)

        def capture() -> str:
            time.sleep(number * _LATER_S)
            return self.capture()

        return [event, capture]

    def settle(self) -> dict[str, Any]:
        """What it has come to when everybody has done their work."""
        for _ in range(2):
            make_due()
            work_off()
        return state(self.order)

    def mails(self) -> list[str]:
        return sorted(OutboxMail.objects.filter(order=self.order).values_list("kind", flat=True))

    def count(self, kind: str) -> int:
        return OrderEvent.objects.filter(order=self.order, kind=kind).count()


def test_cancelling_races_the_payment(guest: Storefront, art: Json) -> None:
    """Paid first: refunded. Cancelled first: held for staff. Never produced, never kept, and the shirt is free."""
    level = stock_count(Variant.objects.get(sku="TEE-BLK-M"), 10, actor="staff:1")
    endings: Counter[str] = Counter()
    for number in range(ROUNDS):
        buyer = Buyer(guest, art, number)
        results = at_once([buyer.cancel, *buyer.payers(number)])
        assert results[0] == "cancelled"
        found = buyer.settle()
        assert (found["production"], found["paid"], buyer.count("order.cancelled")) == ("cancelled", 1, 1)
        if found["hold"] == "paid_after_cancellation":
            assert (found["payments"], found["refunds"]) == ([("succeeded", "17.96", "0.00")], [])
            assert (buyer.mails(), found["packs"]) == ([], 0)
            assert StaffAlert.objects.filter(order=buyer.order).count() == 1
        else:
            assert (found["hold"], found["payment"]) == ("", "refunded")
            assert found["payments"] == [("succeeded", "17.96", "17.96")]
            assert found["refunds"] == [("17.96", "succeeded", "shop")]
            assert buyer.mails() == ["order_placed", "order_refunded"]
        endings[found["payment"]] += 1
    assert sum(endings.values()) == ROUNDS
    level.refresh_from_db()
    assert (level.on_hand, level.reserved) == (10, 0)


def test_editing_races_the_payment(guest: Storefront, art: Json) -> None:
    """The order never becomes dearer than what was paid without somebody being asked for the difference."""
    for number in range(ROUNDS):
        buyer = Buyer(guest, art, number)
        results = at_once([buyer.edit, *buyer.payers(number)])
        found = buyer.settle()
        order = Order.objects.get(pk=buyer.order.pk)
        paid = ("succeeded", "17.96", "0.00")
        assert buyer.count("order.edited") == (order.total == Decimal("18.90"))
        if order.total == Decimal("17.96"):
            assert results[0] == "409 order_changed"
            assert (found["payment"], found["hold"], found["payments"]) == ("paid", "", [paid])
        elif found["payment"] == "paid":  # edited after it was paid
            assert found["hold"] == "difference_due"
            assert found["payments"] == [paid, ("open", "0.00", "0.00")]
            assert Payment.objects.get(order=order, attempt=2).amount == Decimal("0.94")
        else:  # edited before: 17.96 do not pay 18.90
            assert (found["payment"], found["hold"], found["paid"]) == ("pending", "payment_mismatch", 0)
            assert found["payments"][0] == ("open", "17.96", "0.00")
            assert StaffAlert.objects.filter(order=order, kind="payment_mismatch").count() == 1
        assert found["packs"] == found["paid"] == found["placed_mails"]


def test_our_refund_races_the_events_of_it(
    guest: Storefront, art: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripe tells of a refund before its answer to our call has arrived."""
    buyer = Buyer(guest, art, 1)
    work_off()
    (row,) = refund_request(buyer.order.pk, actor="staff:1", amount=Decimal("5.00"))
    made = threading.Barrier(5)
    real = Gateway.create_refund

    def create_refund(self: Gateway, **kwargs: Any) -> Any:
        fact = real(self, **kwargs)
        made.wait(20)
        return fact

    monkeypatch.setattr(Gateway, "create_refund", create_refund)
    about = {"payment_intent": buyer.intent_id}

    def told(kind: str) -> None:
        made.wait(20)
        handlers.apply(kind, about)

    kinds = ("charge.refunded", "refund.updated") * 2
    at_once([lambda: refunds.send(str(row.pk)), *(lambda kind=kind: told(kind) for kind in kinds)])
    found = buyer.settle()
    assert found["refunds"] == [("5.00", "succeeded", "shop")]
    assert (found["payment"], found["payments"]) == (
        "partially_refunded",
        [("succeeded", "17.96", "5.00")],
    )
    assert (buyer.count("order.partially_refunded"), buyer.mails()) == (1, ["order_placed", "order_refunded"])
    assert Refund.objects.get().status == "done"


def test_events_of_dashboard_refunds_race_each_other(guest: Storefront, art: Json) -> None:
    buyer = Buyer(guest, art, 1)
    work_off()
    for cents in (500, 300, 996):
        bank.make_refund(buyer.intent_id, cents)
    about = {"payment_intent": buyer.intent_id}
    at_once([lambda: handlers.apply("charge.refunded", about)] * 8)
    found = buyer.settle()
    assert sorted(found["refunds"]) == [
        ("3.00", "succeeded", "provider"),
        ("5.00", "succeeded", "provider"),
        ("9.96", "succeeded", "provider"),
    ]
    assert (found["payment"], found["payments"]) == ("refunded", [("succeeded", "17.96", "17.96")])
    assert buyer.mails() == ["order_placed"] + ["order_refunded"] * 3
    assert StockLevel.objects.count() == 0


def test_a_dispute_races_a_refund_of_everything(guest: Storefront, art: Json) -> None:
    """The customer asks the bank and the shop in the same moment; the ledger never counts more than was paid."""
    for number in range(ROUNDS):
        buyer = Buyer(guest, art, number)
        work_off()
        dispute = bank.open_dispute(buyer.intent_id)
        bank.close_dispute(dispute["id"], won=False)
        receive_all()
        told = StripeEvent.objects.filter(type__startswith="charge.dispute", status="queued")
        opened, closed = told.order_by("type").reverse().values_list("pk", flat=True)

        def ask(buyer: Buyer = buyer) -> int:
            return len(refund_request(buyer.order.pk, actor="staff:1"))

        results = at_once([partial(handle, str(closed)), ask, partial(handle, str(opened))])
        assert results[1] in (1, "refund_exceeds_payment", "nothing_to_refund")
        found = buyer.settle()
        assert (found["payment"], found["payments"]) == ("refunded", [("succeeded", "17.96", "17.96")])
        refused = [("17.96", "failed", "shop")] if results[1] == 1 else []
        assert sorted(found["refunds"]) == [*refused, ("17.96", "succeeded", "dispute")]
        assert buyer.mails() == ["order_placed"]
