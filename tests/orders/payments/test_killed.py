"""SIGKILL between each two steps of taking an order, of its payment and of a refund, on PostgreSQL.

Every play has an order of its own and a child process of its own, which dies one step later than the one before, until
one comes to its end. Then the client retries, the provider delivers again, and the workers find what is due.
`test_crashes.py` plays more scenes, with deaths that are cheaper and less real.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from demo.storefront import Json, Storefront
from orders import models
from orders.models import (
    Order,
    OrderEvent,
    OutboxMail,
    Refund,
    StaffAlert,
    StockLevel,
    StockMovement,
    StripeEvent,
)
from orders.payments import refunds
from orders.payments.backends import bank
from orders.payments.backends.testing import webhook_secrets
from orders.payments.handlers import handle
from orders.payments.refunds import refund_request
from orders.stock.services import stock_count
from products.models import Variant
from tests.contracts.baskets import CREATE, order_body, tee
from tests.orders.conftest import Waiting
from tests.orders.payments.killing import killed_at
from tests.orders.payments.work import make_due, post_event, state, work_off

pytestmark = [
    pytest.mark.production,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300),  # some tens of processes are born and killed
]
_MOST_STEPS = 400
_ON_HAND = 1000
PAID = {
    "payment": "paid",
    "production": "pending",
    "hold": "",
    "paid": 1,
    "placed_mails": 1,
    "packs": 1,
    "payments": [("succeeded", "17.96", "0.00")],
    "refunds": [],
    "history": ["order.created", "order.paid"],
    "mails": ["order_placed"],
    "stock": [("reserve", 0, 1), ("sell", -1, -1)],
    "intents": 1,
    "refunds_at_the_provider": 0,
}
REFUNDED = PAID | {
    "payment": "partially_refunded",
    "payments": [("succeeded", "17.96", "5.00")],
    "refunds": [("5.00", "succeeded", "shop")],
    "history": ["order.created", "order.paid", "order.partially_refunded"],
    "mails": ["order_placed", "order_refunded"],
    "refunds_at_the_provider": 1,
}


@pytest.fixture(autouse=True)
def shelf(catalogue: None) -> StockLevel:
    return stock_count(Variant.objects.get(sku="TEE-BLK-M"), _ON_HAND, actor="staff:1")


def outcome(order: Order) -> dict[str, Any]:
    """Everything that a payment leaves behind, of one order."""
    intents = models.TestIntent.objects.filter(metadata__order_id=str(order.pk))
    moves = StockMovement.objects.filter(order=order).order_by("created_at")
    return state(order) | {
        "history": sorted(OrderEvent.objects.filter(order=order).values_list("kind", flat=True)),
        "mails": sorted(OutboxMail.objects.filter(order=order).values_list("kind", flat=True)),
        "stock": list(moves.values_list("kind", "on_hand_change", "reserved_change")),
        "intents": intents.count(),
        "refunds_at_the_provider": models.TestObject.objects.filter(
            kind="refund", intent__in=intents
        ).count(),
    }


def die_everywhere(
    prepare: Callable[[int], Any], scene: Callable[[Any], Any], afterwards: Callable[[Any], Order]
) -> tuple[int, list[dict[str, Any]]]:
    """How many deaths were died, and what has become of each order after the retry and the sweep."""
    outcomes = []
    for step in range(1, _MOST_STEPS):
        play = prepare(step)
        died = killed_at(step, lambda: scene(play))  # noqa: B023  It is called before the next play.
        make_due()
        order = afterwards(play)
        work_off()
        outcomes.append(outcome(order))
        models.TestEvent.objects.all().delete()  # they have been delivered
        if not died:
            assert StripeEvent.objects.exclude(status="done").count() == 0
            assert StaffAlert.objects.count() == 0
            return step - 1, outcomes
    raise AssertionError("the scene has no end")


def assert_each(outcomes: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    wrong = {step: found for step, found in enumerate(outcomes, start=1) if found != expected}
    assert wrong == {}
    level = StockLevel.objects.get()
    assert (level.on_hand, level.reserved) == (_ON_HAND - len(outcomes), 0)


def charge(waiting: Waiting) -> None:
    """The customer's card is charged; the shop does not know yet."""
    bank.confirm_intent(
        waiting.intent.pk, client_secret=waiting.payment.client_secret, payment_method="pm_card_visa"
    )


def test_taking_an_order(guest: Storefront, art: Json) -> None:
    """From the POST to the client's secret."""

    def prepare(step: int) -> Json:
        return order_body(tee(art), customer_notes=f"step {step}")

    def afterwards(body: Json) -> Order:
        data = guest.json("POST", CREATE, json=body)["data"]
        guest.confirm_card_payment(data["client_secret"], "pm_card_visa")
        return Order.objects.get(customer_notes=body["customer_notes"])

    deaths, outcomes = die_everywhere(prepare, lambda body: guest.json("POST", CREATE, json=body), afterwards)
    assert deaths > 40
    assert_each(outcomes, PAID)


def test_an_event(make_order: Callable[..., Waiting]) -> None:
    """From its arrival at the door to the paid order, its mail, its pack and its stock."""

    def prepare(step: int) -> tuple[Waiting, Json]:
        waiting = make_order(customer_notes=f"step {step}")
        charge(waiting)
        return waiting, models.TestEvent.objects.get().payload

    def scene(play: tuple[Waiting, Json]) -> None:
        assert post_event(play[1], secret=webhook_secrets()[0]) == 200
        handle(str(StripeEvent.objects.get(event_id=play[1]["id"]).pk))

    def afterwards(play: tuple[Waiting, Json]) -> Order:
        assert post_event(play[1], secret=webhook_secrets()[0]) == 200
        return play[0].order

    deaths, outcomes = die_everywhere(prepare, scene, afterwards)
    assert deaths > 25
    assert_each(outcomes, PAID)


def test_the_report_of_the_browser(make_order: Callable[..., Waiting], guest: Storefront) -> None:
    """The browser dies with the process that it asked, or asks again: the event pays the order in any case."""

    def prepare(step: int) -> Waiting:
        waiting = make_order(customer_notes=f"step {step}")
        charge(waiting)
        return waiting

    def capture(waiting: Waiting) -> Order:
        guest.capture_payment(str(waiting.order.pk), waiting.intent.pk)
        return waiting.order

    def afterwards(waiting: Waiting) -> Order:
        is_patient = int(Order.objects.get(pk=waiting.order.pk).customer_notes.split()[1]) % 2
        return capture(waiting) if is_patient else waiting.order

    deaths, outcomes = die_everywhere(prepare, capture, afterwards)
    assert deaths > 25
    assert_each(outcomes, PAID)


def test_a_refund(make_order: Callable[..., Waiting]) -> None:
    """From the worker's claim over the provider's books to ours."""

    def prepare(step: int) -> tuple[Waiting, str]:
        waiting = make_order(customer_notes=f"step {step}")
        charge(waiting)
        work_off()
        (refund,) = refund_request(waiting.order.pk, actor="staff:1", amount=Decimal("5.00"))
        return waiting, str(refund.pk)

    deaths, outcomes = die_everywhere(prepare, lambda play: refunds.send(play[1]), lambda play: play[0].order)
    assert deaths > 20
    assert_each(outcomes, REFUNDED)
    assert Refund.objects.exclude(status="done").count() == 0
