"""The attacks of CONTRACT.md 10, points 10 to 17 and 42, one by one: refused, with nothing written and nobody asked.

Points 1 to 9 stand in `test_attacks_on_money.py`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from decimal import Decimal
from smtplib import SMTPServerDisconnected
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django_ratelimit import core

from accounts.models import User
from demo.storefront import Json, Storefront
from demo.walk import ADDRESS
from orders.models import Order, OrderEvent, OutboxMail, ProductionPack
from orders.notifications.messages import compose, send
from orders.numbers import new_order_number
from orders.stock.services import stock_count
from pricing.models import DiscountCode
from products.models import Product, Variant
from tests.contracts.baskets import CREATE, CUSTOMER, NEVADA, create, hoodie, order_body, pay, tee, variant_id
from tests.contracts.expectations import UNKNOWN_ID, assert_refused, data_of, nothing_changes
from tests.fakes.stripe import FakeStripe
from tests.orders.payments.work import deliver, post_event, work_off
from tests.orders.test_attacks_on_money import PRICE_CHANGED, TAX, basket, nothing_happens, place

pytestmark = pytest.mark.django_db
PRIVATE = {"id", "customer_name", "customer_email", "customer_phone", "billing_address", "customer_notes"}
NEVER = {"internal_notes", "hold_reason", "payment_intent_id", "customer_id", "custom_spec", "access_hash"}


# --- 10 Money in floats --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("discount", "taken"), [(3.25, True), (3.245, True), (3.24, False), (3.2449, False)])
def test_10_half_a_cent(
    guest: Storefront, art: Json, stripe_double: FakeStripe, discount: float, taken: bool
) -> None:
    """5 % of 64.90 are 3.245, which binary floating point takes for less than half a cent."""
    DiscountCode.objects.create(code="FIVE", kind="percent", value=Decimal(5))
    body = order_body(
        tee(art, quantity=5), address=ADDRESS, tax=4.47, discount=discount, discount_code="five", total=71.10
    )
    assert body["subtotal"] == 64.9
    if taken:
        assert data_of(guest.call("POST", CREATE, json=body), 201)["order"]["discount"] == 3.25
        assert [intent["amount"] for intent in stripe_double.intents.values()] == [7110]
    else:
        with nothing_happens(stripe_double, TAX):
            assert_refused(guest.call("POST", CREATE, json=body), 409, PRICE_CHANGED)


def test_10_a_text_is_never_joined_to_a_price(guest: Storefront, stripe_double: FakeStripe) -> None:
    """The original made 12.9911 of 12.99 and "11"."""

    def quote(width: Any) -> Any:
        body = {"variant_id": variant_id("TEE-BLK-M"), "method": "dtg", "quantity": 1}
        sides = [{"width": width, "height": 12}]
        return guest.call("POST", "/api/price/quote", json=body | {"placements": sides})

    right, text = data_of(quote(10)), data_of(quote("10"))
    assert (right["variant_price"], right["decoration_price"], right["subtotal"]) == (12.98, 34.0, 46.98)
    assert text | {"quote": None} == right | {"quote": None}, "the signed quotes differ in their ids"
    for wrong in ("10 inches", [10], True, 1e11):
        with nothing_happens(stripe_double):
            answer = quote(wrong)
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


# --- 11, 12 What is not sold, or not at that price -----------------------------------------------------------------

NO_LONGER = "This item is no longer available."
UNREACHABLE = "This item was added while the shop was unreachable. Please remove it and add it again."


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("temp-Navy-M", "Navy M is not available. Please choose another colour or size."),
        ("2", UNREACHABLE),
        ("hoodie-9XL", NO_LONGER),
        (UNKNOWN_ID, NO_LONGER),
        ("' OR 1=1 --", NO_LONGER),
        ("../variants", NO_LONGER),
    ],
)
def test_11_a_variant_that_does_not_exist(
    guest: Storefront, art: Json, stripe_double: FakeStripe, reference: str, message: str
) -> None:
    body = basket(art)
    body["items"][0]["variant_id"] = reference
    with nothing_happens(stripe_double):
        refusal = assert_refused(guest.call("POST", CREATE, json=body), 422, message)
    assert refusal["errors"][0]["pointer"] == "/items/0/variant_id"


@pytest.mark.parametrize("status", [Product.Status.ARCHIVED, Product.Status.DRAFT])
def test_11_a_product_that_is_not_sold_any_more(
    guest: Storefront, art: Json, stripe_double: FakeStripe, status: str
) -> None:
    Product.objects.filter(slug="classic-tee").update(status=status)
    with nothing_happens(stripe_double):
        assert_refused(guest.call("POST", CREATE, json=basket(art)), 422, NO_LONGER)


def test_11_more_than_there_is(guest: Storefront, art: Json, stripe_double: FakeStripe) -> None:
    stock_count(Variant.objects.get(sku="TEE-BLK-M"), 8, actor="staff:1")
    with nothing_happens(stripe_double, TAX):
        refusal = assert_refused(
            guest.call("POST", CREATE, json=basket(art, 9)),
            409,
            "Somebody was faster: we do not have that many any more.",
            code="out_of_stock",
        )
    assert refusal["errors"][0]["available"] == 8


def test_11_the_hoodie_page_can_sell(guest: Storefront, art: Json, stripe_double: FakeStripe) -> None:
    body = order_body(hoodie(art), address=ADDRESS, tax=2.61)
    assert data_of(guest.call("POST", CREATE, json=body), 201)["order"]["total"] == 43.58


def test_12_a_hoodie_for_the_price_of_a_tee(guest: Storefront, art: Json, stripe_double: FakeStripe) -> None:
    for reference in (variant_id("HOODIE-BLK-M"), "hoodie-M"):
        body = order_body(tee(art) | {"variant_id": reference}, address=ADDRESS, tax=0.94)
        with nothing_happens(stripe_double, TAX):
            refusal = assert_refused(
                guest.call("POST", CREATE, json=body), 409, PRICE_CHANGED, code="price_changed"
            )
        actual = {row["pointer"]: row["actual"] for row in refusal["diff"]}
        assert actual["/items/0/unit_price"] == 35.99


# --- 13 Tax --------------------------------------------------------------------------------------------------------


def test_13_two_lines_of_one_variant_are_taxed_as_clothing(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    body = order_body(tee(art), tee(None, quantity=2), address=ADDRESS, tax=2.82)
    assert data_of(guest.call("POST", CREATE, json=body), 201)["order"]["tax"] == 2.82
    (form,) = stripe_double.calculations
    assert {form[f"line_items[{n}][reference]"] for n in range(2)} == {"line-1", "line-2"}
    assert {form[f"line_items[{n}][tax_code]"] for n in range(2)} == {"txcd_30011000"}


@pytest.mark.parametrize("typed", ["", "9", "94", "940", "9404", "ABCDE", "94041-12", "９４０４１x"])
def test_13_half_a_zip_costs_no_call(guest: Storefront, stripe_double: FakeStripe, typed: str) -> None:
    with nothing_happens(stripe_double):
        assert guest.tax([tee(None)], ADDRESS | {"postal_code": typed}) == 0


@pytest.mark.parametrize("tax", [0, 0.93, 0.95])
def test_13_a_tax_that_is_not_the_one_that_was_shown(
    guest: Storefront, art: Json, stripe_double: FakeStripe, tax: float
) -> None:
    assert guest.tax([tee(art)], ADDRESS) == 0.94
    with nothing_happens(stripe_double):  # it is known
        body = order_body(tee(art), address=ADDRESS, tax=tax)
        refusal = assert_refused(guest.call("POST", CREATE, json=body), 409, PRICE_CHANGED)
    assert {row["pointer"] for row in refusal["diff"]} == {"/tax", "/total"}


def test_13_a_tax_that_cannot_be_computed_is_not_zero(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    stripe_double.fail_next(6, 500)
    with nothing_happens(stripe_double, TAX):
        for path, body in ((CREATE, basket(art)), ("/api/orders/calculate-tax", basket(art))):
            answer = guest.call("POST", path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")


# --- 14, 15 Who sees what ------------------------------------------------------------------------------------------


def test_14_a_number_says_nothing_about_the_next(guest: Storefront, art: Json) -> None:
    numbers = [new_order_number() for _ in range(200)]
    assert len(set(numbers)) == 200
    shape = re.compile(r"RB(-[2-9A-HJ-KM-NP-TW-Z]{6}){3}")
    assert all(shape.fullmatch(number) for number in numbers)
    assert 29**18 > 2**80
    assert str(int(time.time()))[:6] not in create(guest, tee(art))["order"]["order_number"]


def test_14_whoever_tries_numbers_is_stopped(
    guest: Storefront, art: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "time", SimpleNamespace(time=lambda: 1_790_000_000.0))
    number = create(guest, tee(art))["order"]["order_number"]
    with nothing_changes():
        for _ in range(30):
            data_of(guest.call("GET", f"/api/orders/{number}"))
        for last in "23456789ABCDEFGHJKMN":
            answer = guest.call("GET", f"/api/orders/{number[:-1]}{last}" + "X")
            assert_refused(answer, 404, "Order not found")
        for guess in (number, f"RB-{int(time.time() * 1000)}-ABC12"):
            answer = guest.call("GET", f"/api/orders/{guess}")
            assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")


def test_14_a_number_shows_no_person_and_opens_no_door(
    guest: Storefront, stranger: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    order_id, intent = place(guest, art, customer_notes="A secret gift")
    Order.objects.update(internal_notes="pays late")
    order = Order.objects.get()
    for reference in (order.number, order_id):
        answer = stranger.call("GET", f"/api/orders/{reference}")
        assert not set(data_of(answer)["order"]) & (PRIVATE | NEVER)
        for secret in (CUSTOMER["email"], CUSTOMER["name"], "A secret gift", "pays late", intent, art["id"]):
            assert str(secret) not in answer.text
        for method, path, body in (
            ("PATCH", f"/api/orders/{reference}", {"shipping_address": NEVADA}),
            ("POST", f"/api/orders/{reference}/cancel", {}),
        ):
            with nothing_happens(stripe_double):
                answer = stranger.call(method, path, json=body)
                assert_refused(
                    answer,
                    403,
                    "Please use the link in the e-mail about this order, or sign in.",
                    code="order_key_required",
                )


def test_15_a_stranger_who_types_a_customers_address(
    guest: Storefront, customer: Storefront, customer_user: User, art: Json
) -> None:
    mine = create(customer, tee(art), customer=CUSTOMER | {"phone": "555-0100"})["order"]
    create(guest, tee(None), customer={"email": "ADA@Example.com ", "name": "Mallory", "phone": ""})
    assert set(Order.objects.values_list("customer_email", "customer_name", "customer_phone", "user")) == {
        ("ada@example.com", "Ada Lovelace", "555-0100", customer_user.pk),
        ("ada@example.com", "Mallory", "", None),
    }
    customer_user.refresh_from_db()
    assert customer_user.name == "Ada Lovelace"
    shown = data_of(customer.call("GET", f"/api/orders/{mine['id']}"))["order"]
    assert (shown["customer_name"], shown["customer_phone"]) == ("Ada Lovelace", "555-0100")


def test_15_an_account_in_a_customers_name_gets_none_of_the_orders(guest: Storefront, art: Json) -> None:
    """The address is the customer's, the mailbox was never proved."""
    order = create(guest, tee(art))["order"]
    guest.register_and_login(CUSTOMER["email"], "Correct-horse-7", "Mallory")
    assert not set(data_of(guest.call("GET", f"/api/orders/{order['id']}"))["order"]) & PRIVATE
    with nothing_changes():
        answer = guest.call("POST", f"/api/orders/{order['id']}/cancel", json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "order_key_required")
    assert Order.objects.get().user is None


# --- 16, 17 Moving an order on -------------------------------------------------------------------------------------


@pytest.fixture
def unpaid(guest: Storefront, art: Json) -> Order:
    return Order.objects.get(pk=create(guest, tee(art))["order"]["id"])


@pytest.fixture
def paid(guest: Storefront, art: Json) -> Order:
    created = create(guest, tee(art))
    pay(guest, created)
    return Order.objects.get(pk=created["order"]["id"])


@pytest.fixture
def patch(staff: Storefront) -> Callable[..., Any]:
    return lambda order, **body: staff.call("PATCH", f"/api/admin/orders/{order.pk}/status", json=body)


def test_16_a_move_and_its_history_are_one(
    patch: Callable[..., Any], paid: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the history cannot be written")

    with monkeypatch.context() as patched, nothing_changes():
        patched.setattr(OrderEvent.objects, "create", broken)
        assert patch(paid, status="processing").status_code == 500
    assert patch(paid, status="processing").status_code == 200
    event = OrderEvent.objects.get(kind="order.in_production")
    assert (event.before, event.after) == (
        {"production_status": "pending"},
        {"production_status": "in_production"},
    )
    assert event.actor == f"staff:{User.objects.get(email='owner@example.com').pk}"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("refunded", 422),
        ("Shipped", 422),
        ("paid", 422),
        ("'; DROP TABLE", 422),
        ("", 400),
        (None, 400),
        (7, 422),
    ],
)
def test_17_a_status_that_is_none(patch: Callable[..., Any], paid: Order, word: Any, status: int) -> None:
    with nothing_changes():
        answer = patch(paid, status=word)
        assert answer.status_code == status
    if status == 422:
        assert (answer.json()["code"], answer.json()["message"]) == (
            "status_unknown",
            f"{str(word)!r} is not a status of an order.",
        )


@pytest.mark.parametrize("word", ["processing", "in_production", "shipped", "delivered"])
def test_17_an_order_that_nobody_paid_or_that_was_cancelled(
    patch: Callable[..., Any], unpaid: Order, word: str
) -> None:
    with nothing_changes():
        answer = patch(unpaid, status=word)
        assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")
        assert answer.json()["allowed"] == ["cancelled", "in_production"]
    assert patch(unpaid, status="cancelled").status_code == 200
    for again in (word, "pending"):
        with nothing_changes():
            answer = patch(unpaid, status=again)
            assert (answer.status_code, answer.json()["allowed"]) == (409, [])


def test_17_shipping_twice_and_going_back(patch: Callable[..., Any], paid: Order) -> None:
    with nothing_changes():
        assert patch(paid, status="shipped").status_code == 409
    for word in ("processing", "shipped"):
        assert patch(paid, status=word).status_code == 200
    with nothing_changes():
        assert patch(paid, status="shipped").status_code == 200, "said again, not done again"
        for word in ("pending", "processing", "cancelled"):
            assert patch(paid, status=word).status_code == 409


# --- 42 Mails ------------------------------------------------------------------------------------------------------


def test_42_a_mail_server_that_is_down_costs_no_order_and_no_time(
    guest: Storefront, art: Json, stripe_double: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, intent = place(guest, art)
    event = stripe_double.pay(intent)

    def down(self: EmailMultiAlternatives, **kwargs: Any) -> int:
        raise SMTPServerDisconnected

    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", down)
        assert {post_event(event) for _ in range(5)} == {200}
        work_off()
        letter = OutboxMail.objects.get()
        send(str(letter.pk))
        letter.refresh_from_db()
        assert (letter.status, letter.error_code) == ("queued", "mail_refused")
    assert (Order.objects.get().payment_status, ProductionPack.objects.count()) == ("paid", 1)
    OutboxMail.objects.update(available_at=letter.created_at)
    deliver(stripe_double)
    for _ in range(3):
        send(str(letter.pk))
    (message,) = mail.outbox
    assert (message.to, OutboxMail.objects.count()) == ([CUSTOMER["email"]], 1)


def test_42_markup_in_a_name_and_lines_in_an_address(guest: Storefront, art: Json) -> None:
    name = '<img src=x onerror="alert(1)">'
    address = NEVADA | {"line2": "<script>alert(2)</script>"}
    created = create(guest, tee(art), address=address, customer=CUSTOMER | {"name": name})
    pay(guest, created)
    html = str(compose(OutboxMail.objects.get()).alternatives[0][0])
    assert "<script>" not in html and "<img src=x" not in html
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in html
    for email in ("ada@example.com\nBcc: all@example.com", "ada@example.com, all@example.com"):
        with nothing_changes():
            answer = guest.call(
                "POST", CREATE, json=order_body(tee(None), customer=CUSTOMER | {"email": email})
            )
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
