"""CONTRACT 1.6, 1.7: the report of a payment, and the tracking page."""

import pytest

from demo.storefront import Json, Storefront
from orders import lifecycle
from orders.models import Order
from tests.contracts.baskets import (
    CUSTOMER,
    create,
    hoodie,
    pay,
    tee,
)
from tests.contracts.expectations import (
    A_COUNT,
    A_NUMBER,
    A_TEXT,
    A_TIME,
    UNKNOWN_ID,
    assert_has,
    assert_refused,
    data_of,
    nothing_changes,
)

# --- The card was charged --------------------------------------------------------------------------------------------


def capture_path(created: Json) -> str:
    return f"/api/orders/{created['order']['id']}/capture-payment"


def test_the_report_of_a_payment_is_idempotent(guest: Storefront, art: Json) -> None:
    created = create(guest, tee(art))
    intent = pay(guest, created)

    answers = [
        data_of(guest.call("POST", capture_path(created), json={"payment_intent_id": intent["id"]}))
        for _ in range(2)
    ]

    assert answers[0] == answers[1]
    assert answers[0]["order"]["payment_status"] == "paid"


def test_a_report_without_an_intent_is_refused(guest: Storefront, art: Json) -> None:
    created = create(guest, tee(art))

    for body in ({}, {"payment_intent_id": ""}, {"payment_intent_id": None}):
        with nothing_changes():
            assert_refused(
                guest.call("POST", capture_path(created), json=body), 400, "payment_intent_id is required"
            )


def test_an_unpaid_intent_does_not_pay(guest: Storefront, art: Json) -> None:
    created = create(guest, tee(art))
    intent_id = created["client_secret"].split("_secret_")[0]

    with nothing_changes():
        assert_refused(
            guest.call("POST", capture_path(created), json={"payment_intent_id": intent_id}),
            400,
            "Payment not completed",
        )


def test_an_intent_of_another_order_does_not_pay(guest: Storefront, art: Json) -> None:
    cheap, dear = create(guest, tee(art)), create(guest, tee(art, quantity=9))
    intent = pay(guest, cheap)

    with nothing_changes():
        assert_refused(
            guest.call("POST", capture_path(dear), json={"payment_intent_id": intent["id"]}),
            400,
            "Payment not completed",
        )


@pytest.mark.parametrize("order_id", [UNKNOWN_ID, "abc", "1", "RB-AAAAAA-AAAAAA-AAAAAA", "%00"])
def test_a_report_on_an_unknown_order_is_404(guest: Storefront, order_id: str) -> None:
    body = {"payment_intent_id": "pi_test_x"}

    answer = guest.call("POST", f"/api/orders/{order_id}/capture-payment", json=body)

    assert answer.status_code == 404
    assert answer.json()["message"] == A_TEXT


# --- The tracking page -----------------------------------------------------------------------------------------------


def test_the_tracking_page_gets_every_field_that_it_reads(guest: Storefront, art: Json) -> None:
    created = create(guest, tee(art, quantity=2), hoodie(art))
    number = created["order"]["order_number"]

    data = data_of(guest.call("GET", f"/api/orders/{number}"))

    order = data["order"]
    assert_has(order, order_number=number, created_at=A_TIME, tracking_number=None)
    assert_has(order, payment_status="pending", production_status="pending")
    assert_has(order, subtotal=61.95, shipping=4.98, tax=0.0, total=66.93)
    assert_has(order["shipping_address"], line1=A_TEXT, line2="", city="Reno", state="NV")
    assert_has(order["shipping_address"], postal_code="89501", country="US")
    assert [(row["quantity"], row["total_price"]) for row in data["items"]] == [(2, 25.96), (1, 35.99)]
    for row in data["items"]:
        assert_has(row, quantity=A_COUNT, total_price=A_NUMBER)


def test_the_link_of_the_e_mail_opens_the_same_page(guest: Storefront, art: Json) -> None:
    order = create(guest, tee(art))["order"]

    by_number = data_of(guest.call("GET", f"/api/orders/{order['order_number']}"))
    assert data_of(guest.call("GET", f"/api/orders/{order['id']}")) == by_number


def test_the_tracking_page_tells_a_stranger_nothing_about_the_customer(guest: Storefront, art: Json) -> None:
    created = create(guest, tee(art), customer_notes="A secret gift")

    answer = guest.call("GET", f"/api/orders/{created['order']['order_number']}")

    for secret in (CUSTOMER["email"], CUSTOMER["name"], created["client_secret"], "A secret gift", art["id"]):
        assert str(secret) not in answer.text
    assert not {"internal_notes", "payment_intent_id", "customer_id", "billing_address"} & set(
        answer.json()["data"]["order"]
    )


@pytest.mark.parametrize(
    ("moves", "production_status"),
    [
        ([], "pending"),
        (["processing"], "in_production"),
        (["processing", "shipped"], "shipped"),
        # The page would draw `delivered` as not yet shipped.
        (["processing", "shipped", "delivered"], "shipped"),
        (["cancelled"], "cancelled"),
    ],
    ids=str,
)
def test_the_page_gets_a_word_that_it_can_draw(
    guest: Storefront, art: Json, moves: list[str], production_status: str
) -> None:
    created = create(guest, tee(art))
    pay(guest, created)
    order = Order.objects.get(pk=created["order"]["id"])
    for move in moves:
        lifecycle.order_change_production(order.pk, move, actor="test", tracking_number="1Z999")

    tracked = guest.track(order.number)["order"]

    assert tracked["production_status"] == production_status
    assert tracked["tracking_number"] == ("1Z999" if moves else None)
    assert tracked["payment_status"] == "paid"


@pytest.mark.parametrize(
    "reference", ["RB-AAAAAA-AAAAAA-AAAAAA", UNKNOWN_ID, "abc", "1", "test-railway-deployment", "%00", "🦊"]
)
def test_an_unknown_order_is_404_in_the_pages_words(guest: Storefront, reference: str) -> None:
    answer = guest.call("GET", f"/api/orders/{reference}")

    assert answer.status_code == 404
    if reference != "%00":
        assert_refused(answer, 404, "Order not found")
