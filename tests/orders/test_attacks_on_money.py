"""The attacks of CONTRACT.md 10, points 1 to 9, one by one: refused, with nothing written and Stripe not asked.

The shop has a Stripe key here and talks to the double by the real SDK. Points 10 to 17 and 42 stand in
`test_attacks_on_orders.py`; the variants of each stand beside the code that refuses them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from demo.storefront import Json, Storefront
from demo.walk import ADDRESS
from ops.sweepers import expire_unpaid_orders
from orders.models import Order, OrderEvent, OutboxMail, Payment, Refund, StripeEvent
from tests.contracts.baskets import CREATE, order_body, tee
from tests.contracts.expectations import (
    UNKNOWN_ID,
    assert_refused,
    data_of,
    nothing_changes,
    table_contents,
)
from tests.fakes.stripe import FakeStripe
from tests.orders.payments.work import deliver, make_due, post_event, state, work_off

pytestmark = pytest.mark.django_db
PRICE_CHANGED = "A price has changed since you saw it. Please review your cart."
NOT_COMPLETED = "Payment not completed"
TAX_OF_TEES = {1: 0.94, 9: 8.47}  # 7.25 %


def basket(art: Json | None, quantity: int = 1, **changes: Any) -> Json:
    tax = TAX_OF_TEES[quantity]
    return order_body(tee(art, quantity=quantity), address=ADDRESS, tax=tax, **changes)


def place(shop: Storefront, art: Json, quantity: int = 1, **changes: Any) -> tuple[str, str]:
    """The ids of an unpaid order and of its intent."""
    created = data_of(shop.call("POST", CREATE, json=basket(art, quantity, **changes)), 201)
    return created["order"]["id"], created["client_secret"].split("_secret_")[0]


def capture(shop: Storefront, order_id: str, intent_id: Any) -> Any:
    body = {"payment_intent_id": intent_id}
    return shop.call("POST", f"/api/orders/{order_id}/capture-payment", json=body)


@contextmanager
def nothing_happens(double: FakeStripe, *asked: str) -> Iterator[None]:
    """No row changes, and Stripe hears nothing, or at most what is named: paths of its API."""
    before = len(double.requests)
    with nothing_changes():
        yield
    assert {request.path for request in double.requests[before:]} <= set(asked)


TAX = "/v1/tax/calculations"  # a wrong price is found by pricing the basket, and its tax is a part of that


# --- 1 Prices of the client ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of_item", "of_body", "pointer"),
    [
        ({"unit_price": 0.01, "total_price": 0.01}, {"subtotal": 0.01, "total": 5.93}, "/items/0/unit_price"),
        ({"total_price": 0.01}, {}, "/items/0/total_price"),
        ({}, {"subtotal": 0.01, "total": 5.93}, "/subtotal"),
        ({}, {"shipping": 0, "total": 13.92}, "/shipping"),
        ({}, {"tax": 0, "total": 17.96}, "/tax"),
        ({}, {"total": 0.01}, "/total"),
        ({}, {"total": 9_999_999_999.99}, "/total"),
        ({}, {"discount": 12.98, "total": 5.92}, "/discount"),
        ({}, {"gift_card": 18.90, "total": 0}, "/gift_card"),
        ({"quantity": "12"}, {}, "/subtotal"),  # read as the number, priced as the number
    ],
    ids=str,
)
def test_01_a_client_that_sets_the_price(
    guest: Storefront, art: Json, stripe_double: FakeStripe, of_item: Json, of_body: Json, pointer: str
) -> None:
    body = basket(art) | of_body
    body["items"][0] |= of_item
    with nothing_happens(stripe_double, TAX):
        refusal = assert_refused(
            guest.call("POST", CREATE, json=body), 409, PRICE_CHANGED, code="price_changed"
        )
    assert pointer in {row["pointer"] for row in refusal["diff"]}


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        (-1, "Ensure this value is greater than or equal to 1."),
        (0, "Ensure this value is greater than or equal to 1."),
        (1.5, "A valid integer is required."),
        (10**9, "Ensure this value is less than or equal to 1000."),
        ("two", "A valid integer is required."),
        (None, "This field may not be null."),
        (True, "A valid integer is required."),
        ([1], "A valid integer is required."),
    ],
    ids=str,
)
def test_01_a_quantity_that_is_none(
    guest: Storefront, art: Json, stripe_double: FakeStripe, quantity: Any, message: str
) -> None:
    body = basket(art)
    body["items"][0]["quantity"] = quantity
    with nothing_happens(stripe_double):
        answer = guest.call("POST", CREATE, json=body)
        assert_refused(answer, 400, f"items.0.quantity: {message}", code="invalid")


@pytest.mark.parametrize("where", ["unit_price", "total_price", "subtotal", "shipping", "tax", "total"])
@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("-4.98", "{where}: Ensure this value is greater than or equal to 0."),
        ('"12.98"', "{where}: Must be a number."),
        ("true", "{where}: Must be a number."),
        ("null", "{where}: This field may not be null."),
        ("1e300", "{where}: Must be a number below ten billion."),
        ("1e999", "JSON parse error - a number is out of range."),
        ("NaN", "JSON parse error - Out of range float values are not JSON compliant: 'NaN'"),
        ("-Infinity", "JSON parse error - Out of range float values are not JSON compliant: '-Infinity'"),
    ],
)
def test_01_an_amount_that_is_none(
    guest: Storefront, art: Json, stripe_double: FakeStripe, where: str, amount: str, message: str
) -> None:
    """As raw JSON, because Python reads more than JSON has."""
    body = basket(art)
    is_of_item = where in body["items"][0]
    (body["items"][0] if is_of_item else body)[where] = "HERE"
    message = message.format(where=f"items.0.{where}" if is_of_item else where)
    text = json.dumps(body).replace('"HERE"', amount)
    with nothing_happens(stripe_double):
        answer = guest.call("POST", CREATE, data=text, headers={"Content-Type": "application/json"})
        assert_refused(answer, 400, message)


# --- 2 A subtotal without its items --------------------------------------------------------------------------------


def test_02_items_worth_hundreds_for_a_subtotal_of_one(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    with nothing_happens(stripe_double, TAX):
        answer = guest.call("POST", CREATE, json=basket(art, 9, subtotal=1, total=6.92))
        assert_refused(answer, 409, PRICE_CHANGED, code="price_changed")


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([], "items: This list may not be empty."),
        ({}, 'items: Expected a list of items but got type "dict".'),
        (None, "customer, items, and shipping_address are required"),
        ("none", 'items: Expected a list of items but got type "str".'),
        ([[]], "Invalid data. Expected a dictionary, but got list."),
        ([{}], "items.0.variant_id: This field is required."),
    ],
    ids=str,
)
def test_02_an_order_of_nothing(
    guest: Storefront, stripe_double: FakeStripe, items: Any, message: str
) -> None:
    with nothing_happens(stripe_double):
        assert_refused(guest.call("POST", CREATE, json=basket(None) | {"items": items}), 400, message)


# --- 3, 4 Reports of payments --------------------------------------------------------------------------------------


def test_03_a_paid_intent_that_is_replayed_on_other_orders(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    paid, intent = place(guest, art)
    dear, _ = place(guest, art, 9)
    twin, _ = place(guest, art, customer_notes="of the same amount")
    stripe_double.pay(intent)
    for _ in ("before it has paid its own order", "afterwards"):
        for order in (dear, twin):
            with nothing_happens(stripe_double):
                assert_refused(capture(guest, order, intent), 400, NOT_COMPLETED, code="payment_mismatch")
        assert data_of(capture(guest, paid, intent))["order"]["payment_status"] == "paid"
    assert Order.objects.filter(payment_status="paid").count() == 1


def test_04_a_report_on_somebody_elses_order(
    guest: Storefront, stranger: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    victim, intent = place(guest, art)
    _, own = place(stranger, art, customer_notes="the stranger's own")
    elsewhere = stripe_double._intent(1890, "usd", {"order_id": victim})["id"]  # not made by the shop
    for paid in (own, elsewhere):
        stripe_double.pay(paid)
    for claim in (own, elsewhere, "pi_made_up", f"{intent}/cancel", f"../refunds?x={intent}", intent[:-1]):
        with nothing_happens(stripe_double):
            assert_refused(capture(stranger, victim, claim), 400, NOT_COMPLETED, code="payment_mismatch")
    with nothing_happens(stripe_double, f"/v1/payment_intents/{intent}"):
        assert_refused(capture(stranger, victim, intent), 400, NOT_COMPLETED, code="payment_not_completed")
    for claim, message in (
        ({}, "Not a valid string."),
        ([intent], "Not a valid string."),
        (True, "Not a valid string."),
        ("x" * 256, "Ensure this field has no more than 255 characters."),
    ):
        with nothing_happens(stripe_double):
            assert_refused(capture(stranger, victim, claim), 400, f"payment_intent_id: {message}")
    for unknown in (UNKNOWN_ID, "1", "abc"):
        with nothing_happens(stripe_double):
            assert_refused(capture(stranger, unknown, own), 404, "Order not found")


# --- 5, 6 Webhooks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fact",
    [
        {"amount_received": 1},
        {"amount_received": 1891},
        {"currency": "eur"},
        {"metadata": {"order_id": UNKNOWN_ID}},
        {"metadata": {}},
    ],
    ids=str,
)
def test_05_a_payment_of_another_amount_currency_or_order(
    guest: Storefront, art: Json, stripe_double: FakeStripe, fact: Json
) -> None:
    order_id, intent = place(guest, art)
    stripe_double.pay(intent)
    stripe_double.intents[intent] |= fact
    deliver(stripe_double)
    assert capture(guest, order_id, intent).json()["data"]["order"]["payment_status"] == "pending"
    found = state(Order.objects.get())
    assert (found["payment"], found["hold"], found["paid"]) == ("pending", "payment_mismatch", 0)
    assert (found["packs"], found["placed_mails"], found["refunds"]) == (0, 0, [])


def test_05_an_event_that_nobody_signed_or_that_lies(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    _, intent = place(guest, art)
    lie = stripe_double.intents[intent] | {"status": "succeeded", "amount_received": 1890}
    event = {
        "id": "evt_lie", "object": "event", "type": "payment_intent.succeeded", "data": {"object": lie},
    }  # fmt: skip
    with nothing_happens(stripe_double):
        assert post_event(event, secret="whsec_guessed") == 400
    before = without_inbox()
    assert post_event(event) == 200
    work_off()
    assert without_inbox() == before, "Stripe is asked, and has no money"


def without_inbox() -> dict[str, Any]:
    contents = table_contents()
    del contents[StripeEvent._meta.db_table]
    return contents


def test_06_a_late_failure_and_a_hundred_redeliveries(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    _, intent = place(guest, art)
    stripe_double.decline(intent, "Your card was declined.")
    (declined,) = stripe_double.events
    paid = stripe_double.pay(intent)
    assert post_event(paid) == 200
    work_off()
    before = without_inbox()
    assert post_event(declined) == 200
    work_off()
    assert {post_event(event) for event in [paid, declined] * 50} == {200}
    make_due()
    work_off()
    assert without_inbox() == before
    assert StripeEvent.objects.count() == 2
    assert list(OutboxMail.objects.values_list("kind", flat=True)) == ["order_placed"]
    assert sorted(OrderEvent.objects.values_list("kind", flat=True)) == ["order.created", "order.paid"]


# --- 7 Refunds and disputes ----------------------------------------------------------------------------------------


def test_07_refunds_and_disputes_that_nobody_looks_at(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    _, intent = place(guest, art)
    stripe_double.pay(intent)
    deliver(stripe_double)
    order = Order.objects.get()

    stripe_double.refund(intent, 500)
    stripe_double.refund(intent, 300)
    for _ in range(3):
        deliver(stripe_double)
    found = state(order)
    assert (found["payment"], found["payments"]) == ("partially_refunded", [("succeeded", "18.90", "8.00")])
    assert sorted(found["refunds"]) == [("3.00", "succeeded", "provider"), ("5.00", "succeeded", "provider")]
    assert OutboxMail.objects.filter(kind="order_refunded").count() == 2, "one per refund, and no more"

    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.update(refunded=Decimal("18.91"))

    stripe_double.dispute(intent)
    deliver(stripe_double)
    assert state(order)["hold"] == "disputed"
    stripe_double.dispute(intent, "lost")
    deliver(stripe_double)
    found = state(order)
    assert (found["payment"], found["hold"]) == ("refunded", "dispute_lost")
    assert found["payments"] == [("succeeded", "18.90", "18.90")]
    assert OutboxMail.objects.filter(kind="order_refunded").count() == 2


# --- 8, 9 Retries and orphans --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "click-1"])
def test_08_the_same_basket_again(guest: Storefront, art: Json, stripe_double: FakeStripe, key: str) -> None:
    headers = {"Idempotency-Key": key} if key else {}

    def create() -> tuple[str, str]:
        data = data_of(guest.call("POST", CREATE, json=basket(art), headers=headers), 201)
        return data["order"]["id"], data["client_secret"]

    first = create()
    intent = first[1].split("_secret_")[0]
    with nothing_happens(stripe_double):
        assert create() == first
    stripe_double.decline(intent, "Your card was declined.")
    deliver(stripe_double)
    with nothing_happens(stripe_double):
        assert create() == first, "the same intent may be confirmed with another card"
    asked = [one for one in stripe_double.requests if one.path == "/v1/payment_intents"]
    assert [one.headers["idempotency-key"] for one in asked] == [f"order:{first[0]}:pi:v1"]
    stripe_double.pay(intent)
    deliver(stripe_double)
    if key:
        with nothing_happens(stripe_double):
            assert create() == first, "a key is one order for ever"
    else:
        assert create()[0] != first[0], "what was paid is bought anew"


def test_08_a_key_for_another_basket_or_of_another_client(
    guest: Storefront, customer: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    headers = {"Idempotency-Key": "click-1"}
    mine = data_of(guest.call("POST", CREATE, json=basket(art), headers=headers), 201)
    with nothing_happens(stripe_double):
        answer = guest.call("POST", CREATE, json=basket(art, 9), headers=headers)
        assert_refused(
            answer, 422, "This Idempotency-Key was used for another order.", code="idempotency_key_reused"
        )
    for wrong in ("", "x" * 256, "two words"):
        with nothing_happens(stripe_double):
            answer = guest.call("POST", CREATE, json=basket(art), headers={"Idempotency-Key": wrong})
            assert_refused(
                answer,
                400,
                "Idempotency-Key must be 1 to 255 printable characters.",
                code="idempotency_key_invalid",
            )
    theirs = data_of(customer.call("POST", CREATE, json=basket(art), headers=headers), 201)
    assert theirs["order"]["id"] != mine["order"]["id"]


def test_09_orders_whose_payment_never_came_to_be(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    guest.tax([tee(art)], ADDRESS)
    for _ in range(3):
        stripe_double.fail_next(3, 500)
        answer = guest.call("POST", CREATE, json=basket(art))
        assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
    assert (Order.objects.count(), Payment.objects.get().status, stripe_double.intents) == (1, "creating", {})
    Order.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert (expire_unpaid_orders(), expire_unpaid_orders()) == (1, 0)
    work_off()
    assert (Order.objects.get().production_status, Payment.objects.get().status) == ("cancelled", "canceled")
    assert (stripe_double.intents, Refund.objects.count()) == ({}, 0)
