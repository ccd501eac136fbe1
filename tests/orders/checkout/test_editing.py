"""Editing and cancelling: by the customer alone, until production starts, and never for another amount than shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from demo.storefront import Json, Storefront
from orders import lifecycle
from orders.models import Order, OrderEvent, OutboxMail, Payment, ProductionPack, Refund, StockLevel
from orders.payments.backends.bank import confirm_intent
from orders.payments.ending import stop
from orders.payments.refunds import send as send_refund
from orders.stock.services import stock_count
from pricing.services.gift_cards import gift_card_balance, gift_card_issue
from products.models import Variant
from tests.contracts.baskets import NEVADA, create, pay, tee
from tests.contracts.expectations import assert_refused, data_of, nothing_changes

pytestmark = pytest.mark.django_db
CALIFORNIA = NEVADA | {
    "city": "Mountain View",
    "state": "CA",
    "postal_code": "94041",
}  # 7.25 %: 0.94 on a tee


@pytest.fixture
def dearer_in_2xl(catalogue: None) -> None:
    """Two dollars more."""
    Variant.objects.filter(sku="TEE-BLK-2XL").update(base_price=Decimal("14.98"))


class Buyer:
    """A guest, the order, and the key to it."""

    def __init__(self, shop: Storefront, created: Json) -> None:
        self.shop, self.created, self.token = shop, created, created["access_token"]

    @property
    def order(self) -> Order:
        return Order.objects.get(pk=self.created["order"]["id"])

    def edit(self, **body: Any) -> Any:
        return self.shop.call("PATCH", f"/api/orders/{self.token}", json=body)

    def cancel(self, **body: Any) -> Any:
        return self.shop.call("POST", f"/api/orders/{self.token}/cancel", json=body)

    def pay_secret(self, secret: str) -> None:
        intent = confirm_intent(
            secret.split("_secret_")[0], client_secret=secret, payment_method="pm_card_visa"
        )
        self.shop.capture_payment(str(self.order.pk), intent["id"])

    def refunds_arrive(self) -> None:
        for refund in Refund.objects.filter(status="queued"):
            send_refund(str(refund.pk))


@pytest.fixture
def buyer(guest: Storefront, art: Json) -> Buyer:
    return Buyer(guest, create(guest, tee(art)))


@pytest.fixture
def paid(buyer: Buyer) -> Buyer:
    pay(buyer.shop, buyer.created)
    return buyer


# --- Who -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["number", "id"])
def test_whoever_has_only_the_number_changes_nothing(paid: Buyer, what: str) -> None:
    reference = paid.order.number if what == "number" else paid.order.pk
    message = "Please use the link in the e-mail about this order, or sign in."
    with nothing_changes():
        for method, path in (("PATCH", ""), ("POST", "/cancel")):
            for headers in ({}, {"X-Order-Token": "ot_wrong"}):
                answer = paid.shop.call(method, f"/api/orders/{reference}{path}", json={}, headers=headers)
                assert_refused(answer, 403, message, code="order_key_required")


def test_the_key_may_come_in_a_header(paid: Buyer) -> None:
    headers = {"X-Order-Token": paid.token}
    data_of(paid.shop.call("POST", f"/api/orders/{paid.order.number}/cancel", json={}, headers=headers))
    assert paid.order.production_status == "cancelled"


def test_the_owner_needs_no_key_and_a_stranger_has_none(
    customer: Storefront, stranger: Storefront, art: Json
) -> None:
    number = create(customer, tee(art))["order"]["order_number"]
    with nothing_changes():
        assert stranger.call("POST", f"/api/orders/{number}/cancel", json={}).status_code == 403
    data_of(customer.call("POST", f"/api/orders/{number}/cancel", json={}))
    assert Order.objects.get().production_status == "cancelled"


# --- Address and size ----------------------------------------------------------------------------------------------


def test_an_address_that_costs_the_same_is_changed_at_once(paid: Buyer) -> None:
    elsewhere = NEVADA | {"line1": "9 Other Street"}
    data = data_of(paid.edit(shipping_address=elsewhere))
    assert data["order"]["shipping_address"]["line1"] == "9 Other Street"
    assert (data["client_secret"], data["order"]["amount_due"]) == (None, 0)
    event = OrderEvent.objects.get(kind="order.edited")
    assert (event.actor, event.before["shipping_address"]["line1"]) == ("customer", NEVADA["line1"])
    assert Refund.objects.count() == 0


def test_the_same_again_changes_nothing(paid: Buyer) -> None:
    with nothing_changes():
        data_of(paid.edit(shipping_address=NEVADA, items=[{"id": 1, "size": "M"}]))


def test_an_unpaid_order_is_edited_and_paid_at_its_new_price(buyer: Buyer) -> None:
    with nothing_changes():
        refused = buyer.edit(shipping_address=CALIFORNIA)
        body = assert_refused(refused, 409, "The order would come to 18.90. Please confirm that.")
    (difference,) = body["diff"]
    assert (difference["pointer"], difference["shown"], difference["actual"]) == ("/total", 17.96, 18.9)
    data = data_of(buyer.edit(shipping_address=CALIFORNIA, total=18.90))
    assert data["client_secret"] != buyer.created["client_secret"]
    buyer.pay_secret(data["client_secret"])
    order = buyer.order
    assert (order.payment_status, order.total, order.tax) == ("paid", Decimal("18.90"), Decimal("0.94"))
    assert list(order.payments.values_list("status", "amount")) == [
        ("canceled", Decimal("17.96")),
        ("succeeded", Decimal("18.90")),
    ]


def test_a_paid_order_that_gets_dearer_waits_for_the_difference(paid: Buyer) -> None:
    data = data_of(paid.edit(shipping_address=CALIFORNIA, total=18.90))
    assert data["order"]["amount_due"] == 0.94
    assert (paid.order.hold_reason, paid.order.payment_status) == ("difference_due", "paid")
    assert OutboxMail.objects.filter(kind="order_hold").count() == 1
    with nothing_changes():
        refused = paid.shop.call("GET", f"/api/orders/{paid.token}")
        assert data_of(refused)["order"]["is_on_hold"] is True
    again = data_of(paid.edit())
    assert again["client_secret"] == data["client_secret"], "asking again does not ask for more"
    paid.pay_secret(data["client_secret"])
    assert (paid.order.hold_reason, paid.order.payment_status) == ("", "paid")
    assert Payment.objects.filter(status="succeeded").count() == 2


def test_a_paid_order_that_gets_cheaper_gets_the_difference_back(guest: Storefront, art: Json) -> None:
    buyer = Buyer(guest, create(guest, tee(art), address=CALIFORNIA, tax=0.94))
    pay(guest, buyer.created)
    data_of(buyer.edit(shipping_address=NEVADA, total=17.96))
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (Decimal("0.94"), "price_difference")
    buyer.refunds_arrive()
    assert (buyer.order.total, buyer.order.payment_status) == (Decimal("17.96"), "partially_refunded")
    assert buyer.order.production_status == "pending"


def test_edited_there_and_back_asks_for_nothing(paid: Buyer) -> None:
    data_of(paid.edit(shipping_address=CALIFORNIA, total=18.90))
    data = data_of(paid.edit(shipping_address=NEVADA, total=17.96))
    assert (data["order"]["amount_due"], data["client_secret"], paid.order.hold_reason) == (0, None, "")
    assert Refund.objects.count() == 0
    stopped = Payment.objects.get(purpose="difference")
    stop(str(stopped.stop.pk))
    stopped.refresh_from_db()
    assert stopped.status == "canceled"


@pytest.mark.parametrize("ending", ["cancelled", "edited back"])
def test_a_difference_that_is_paid_too_late_goes_back_by_itself(paid: Buyer, ending: str) -> None:
    """The card was charged before the shop heard of it, and the order ended in between."""
    secret = data_of(paid.edit(shipping_address=CALIFORNIA, total=18.90))["client_secret"]
    confirm_intent(secret.split("_secret_")[0], client_secret=secret, payment_method="pm_card_visa")
    if ending == "cancelled":
        data_of(paid.cancel())
    else:
        data_of(paid.edit(shipping_address=NEVADA, total=17.96))
    stop(str(Payment.objects.get(purpose="difference").stop.pk))
    paid.refunds_arrive()
    payments = {payment.purpose: payment for payment in Payment.objects.all()}
    assert (payments["difference"].status, payments["difference"].refundable) == ("surplus", 0)
    left = Decimal("0.00") if ending == "cancelled" else Decimal("17.96")
    assert payments["order"].refundable == left
    assert paid.order.hold_reason == ""


def test_another_size_costs_what_it_costs_and_its_pack_is_made_anew(paid: Buyer, dearer_in_2xl: None) -> None:
    ProductionPack.objects.update(status="done", file="a.zip", handed_over_at=timezone.now())
    data = data_of(paid.edit(items=[{"id": 1, "size": "2XL"}], total=19.96))
    line = paid.order.lines.get()
    assert (line.size_name, line.sku, line.unit_price) == ("2XL", "TEE-BLK-2XL", Decimal("14.98"))
    assert line.charges[-1]["description"] == "2XL instead of M"
    assert sum(Decimal(charge["amount"]) for charge in line.charges) == line.unit_price
    assert (data["order"]["amount_due"], data["items"][0]["size"]) == (2, "2XL")
    pack = ProductionPack.objects.get()
    assert (pack.status, pack.handed_over_at) == ("queued", None)
    event = OrderEvent.objects.get(kind="line.edited")
    assert (event.before["size_name"], event.after["size_name"]) == ("M", "2XL")


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"id": 1, "size": "7XL"}, "size_not_found"),
        ({"id": 2, "size": "L"}, "line_not_found"),
    ],
)
def test_what_is_not_sold_is_refused(paid: Buyer, item: Json, code: str) -> None:
    with nothing_changes():
        answer = paid.edit(items=[item])
        assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("is_paid", [False, True])
def test_stock_follows_the_size(buyer: Buyer, is_paid: bool) -> None:
    medium, large = (
        stock_count(Variant.objects.get(sku=sku), 5, actor="staff:1") for sku in ("TEE-BLK-M", "TEE-BLK-L")
    )
    if is_paid:
        pay(buyer.shop, buyer.created)
    data_of(buyer.edit(items=[{"id": 1, "size": "L"}]))
    data_of(buyer.edit(items=[{"id": 1, "size": "M"}]))
    data_of(buyer.edit(items=[{"id": 1, "size": "L"}]))
    left = {level.variant.sku: level.available for level in StockLevel.objects.select_related("variant")}
    assert left == {"TEE-BLK-M": 5, "TEE-BLK-L": 4}
    stock_count(medium.variant, 0, actor="staff:1")
    with nothing_changes():
        answer = buyer.edit(items=[{"id": 1, "size": "M"}])
        assert (answer.status_code, answer.json()["code"]) == (409, "out_of_stock")
    assert large.variant.sku == "TEE-BLK-L"


# --- Until when ----------------------------------------------------------------------------------------------------


def in_production(order: Order) -> None:
    lifecycle.order_change_production(order.pk, "processing", actor="staff:1")


def held(order: Order) -> None:
    lifecycle.order_hold(order, reason="disputed", actor="stripe")


def processing(order: Order) -> None:
    Payment.objects.update(status="processing")


@pytest.mark.parametrize(
    ("happens", "code", "message"),
    [
        (in_production, "order_in_production", "This order is in production already. Please contact us."),
        (held, "order_held", "This order is being looked at by our staff."),
        (processing, "payment_processing", "A payment of this order is being processed."),
    ],
)
def test_afterwards_both_are_refused_with_the_reason(
    paid: Buyer, happens: Callable[[Order], None], code: str, message: str
) -> None:
    happens(paid.order)
    with nothing_changes():
        assert_refused(paid.edit(shipping_address=CALIFORNIA, total=18.90), 409, message, code=code)
        assert_refused(paid.cancel(), 409, message, code=code)
        shown = data_of(paid.shop.call("GET", f"/api/orders/{paid.token}"))["order"]
    assert (shown["may_change"], shown["change_refusal"]) == (False, message)


def test_an_order_that_changed_under_the_edit_is_not_overwritten(
    paid: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orders.checkout import editing

    real = editing._planned

    def slow(order: Order, body: Any) -> Any:
        plan = real(order, body)
        later = timezone.now() + timedelta(seconds=1)
        Order.objects.filter(pk=order.pk).update(customer_notes="ring twice", updated_at=later)
        return plan

    monkeypatch.setattr(editing, "_planned", slow)
    answer = paid.edit(shipping_address=NEVADA | {"line1": "9 Other Street"})
    assert (answer.status_code, answer.json()["code"]) == (409, "order_changed")
    assert paid.order.shipping_address["line1"] == NEVADA["line1"]


# --- Cancelling ----------------------------------------------------------------------------------------------------


def test_an_unpaid_order_is_cancelled_and_its_intent_stopped(buyer: Buyer) -> None:
    level = stock_count(Variant.objects.get(sku="TEE-BLK-M"), 5, actor="staff:1")
    data = data_of(buyer.cancel(reason="Changed my mind."))
    assert (data["order"]["production_status"], data["order"]["amount_due"]) == ("cancelled", 0)
    event = OrderEvent.objects.get(kind="order.cancelled")
    assert (event.actor, event.note) == ("customer", "Changed my mind.")
    stop(str(buyer.order.payments.get().stop.pk))
    assert buyer.order.payments.get().status == "canceled"
    level.refresh_from_db()
    assert level.reserved == 0
    with nothing_changes():
        data_of(buyer.cancel())


def test_a_paid_order_is_cancelled_and_refunded_once(paid: Buyer) -> None:
    for _ in range(3):
        data_of(paid.cancel())
    refund = Refund.objects.get()
    assert (refund.amount, refund.actor) == (Decimal("17.96"), "customer")
    paid.refunds_arrive()
    order = paid.order
    assert (order.production_status, order.payment_status) == ("cancelled", "refunded")
    assert OutboxMail.objects.filter(kind="order_refunded").count() == 1
    shown = data_of(paid.shop.call("GET", f"/api/orders/{paid.token}"))["order"]
    assert (shown["refunded"], shown["may_change"]) == (17.96, False)


def test_the_printer_hears_of_a_cancellation_only_if_it_has_the_packs(paid: Buyer, settings: Any) -> None:
    settings.PRINTER_EMAIL = "printer@example.com"
    ProductionPack.objects.update(status="done", file="a.zip", handed_over_at=timezone.now())
    data_of(paid.cancel())
    assert OutboxMail.objects.filter(kind="printer_cancelled").count() == 1


def test_a_gift_card_gets_back_what_it_paid(guest: Storefront, art: Json) -> None:
    _, secret = gift_card_issue(Decimal("50.00"))
    created = create(guest, tee(art), gift_card=17.96, gift_card_code=secret, total=0)
    assert gift_card_balance(secret) == Decimal("32.04")
    data_of(Buyer(guest, created).cancel())
    assert gift_card_balance(secret) == Decimal("50.00")
    assert Order.objects.get().payment_status == "refunded"
    assert Refund.objects.count() == 0


def test_a_gift_card_order_cannot_become_cheaper_than_the_card_paid(guest: Storefront, art: Json) -> None:
    _, secret = gift_card_issue(Decimal("50.00"))
    totals = {"gift_card": 18.90, "gift_card_code": secret, "total": 0}
    created = create(guest, tee(art), address=CALIFORNIA, tax=0.94, **totals)
    with nothing_changes():
        answer = Buyer(guest, created).edit(shipping_address=NEVADA, total=0)
        assert (answer.status_code, answer.json()["code"]) == (409, "gift_card_exceeds")
