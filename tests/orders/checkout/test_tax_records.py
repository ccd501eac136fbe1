"""What Stripe Tax hears of an order's life: recorded when paid, taken back when refunded, each once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from demo.storefront import Json, Storefront
from orders import lifecycle
from orders.checkout.tax_records import record
from orders.models import Order, Payment, Refund, StaffAlert, TaxRecord
from tests.contracts.baskets import NEVADA, create, order_body, tee
from tests.contracts.expectations import data_of
from tests.fakes.stripe import FakeStripe

pytestmark = pytest.mark.django_db
CALIFORNIA = NEVADA | {"city": "Mountain View", "state": "CA", "postal_code": "94041"}


@pytest.fixture
def stripe(settings: Any) -> Iterator[FakeStripe]:
    """Stripe for the tax alone; the money goes through the test gateway."""
    settings.TAX_CALCULATOR = "orders.checkout.tax.StripeTaxCalculator"
    with FakeStripe() as double:
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL = "sk_test_1", double.url
        yield double


@pytest.fixture
def order(stripe: FakeStripe, guest: Storefront, art: Json) -> Order:
    created = create(guest, tee(art), address=CALIFORNIA, tax=0.94)
    return Order.objects.get(pk=created["order"]["id"])


def pay(order: Order) -> Payment:
    payment = order.payments.get()
    Payment.objects.filter(pk=payment.pk).update(captured=payment.amount)
    lifecycle.order_mark_paid(order, payment, actor="stripe")
    return payment


def refund(payment: Payment, amount: str, reason: str = "other") -> Refund:
    row = Refund.objects.create(
        payment=payment, amount=Decimal(amount), state="succeeded", provider_id=f"re_{amount}", actor="x",
        reason=reason,
    )  # fmt: skip
    lifecycle.order_refunds_changed(payment.order, actor="stripe")
    return row


def work() -> None:
    for row in TaxRecord.objects.filter(status="queued").order_by("created_at"):
        record(str(row.pk))


def booked(stripe: FakeStripe) -> list[tuple[str, int]]:
    return [(row["type"], row["amount"]) for row in stripe.tax.transactions.values()]


def test_an_order_that_nobody_pays_is_no_sale(order: Order, stripe: FakeStripe) -> None:
    assert (order.tax_source, order.tax_calculation_id) == ("stripe", "taxcalc_1")
    lifecycle.order_expire(order.pk)
    assert (TaxRecord.objects.count(), booked(stripe)) == (0, [])


def test_a_paid_order_is_recorded_once(order: Order, stripe: FakeStripe) -> None:
    payment = pay(order)
    for _ in range(3):
        lifecycle.order_mark_paid(order, payment, actor="stripe")
        work()
    assert booked(stripe) == [("transaction", 1890)]
    row = TaxRecord.objects.get()
    assert (row.status, row.transaction_id, row.reference) == ("done", "tax_1", f"order:{order.pk}:taxcalc_1")


def test_refunds_take_back_their_part_and_never_more(order: Order, stripe: FakeStripe) -> None:
    payment = pay(order)
    refund(payment, "5.00")
    refund(payment, "13.90")
    for _ in range(2):
        lifecycle.order_refunds_changed(order, actor="stripe")
    work()
    assert booked(stripe) == [("transaction", 1890), ("reversal", -500), ("reversal", -1390)]


def test_a_full_refund_takes_back_the_whole_sale(order: Order, stripe: FakeStripe) -> None:
    refund(pay(order), "18.90")
    work()
    assert booked(stripe) == [("transaction", 1890), ("reversal", -1890)]
    form = stripe.requests[-1].form
    assert (form["mode"], "flat_amount" in form) == ("full", False)


def test_a_reversal_waits_for_its_sale(order: Order, stripe: FakeStripe) -> None:
    refund(pay(order), "5.00")
    sale, reversal = TaxRecord.objects.order_by("created_at")
    record(str(reversal.pk))
    reversal.refresh_from_db()
    assert (reversal.status, booked(stripe)) == ("queued", [])
    record(str(sale.pk))
    TaxRecord.objects.update(available_at=sale.created_at)
    work()
    assert booked(stripe) == [("transaction", 1890), ("reversal", -500)]


def test_an_edit_records_the_order_anew(order: Order, stripe: FakeStripe, guest: Storefront) -> None:
    pay(order)
    work()
    path = f"/api/orders/{order.pk}"
    headers = {"X-Order-Token": _key(order)}
    stripe.tax_percent = 0.0
    data_of(guest.call("PATCH", path, json={"shipping_address": NEVADA, "total": 17.96}, headers=headers))
    given_back = Refund.objects.get()
    Refund.objects.filter(pk=given_back.pk).update(state="succeeded", provider_id="re_1")
    lifecycle.order_refunds_changed(order, actor="stripe")
    work()
    assert booked(stripe) == [("transaction", 1890), ("reversal", -1890), ("transaction", 1796)]
    refund(Payment.objects.get(), "17.96")
    work()
    assert booked(stripe)[3:] == [("reversal", -1796)]


def _key(order: Order) -> str:
    from orders.access import access_token

    return access_token(order)


def test_stripes_outage_is_waited_for_and_then_told(order: Order, stripe: FakeStripe) -> None:
    pay(order)
    stripe.fail_next(3, 503)
    work()
    row = TaxRecord.objects.get()
    assert (row.status, row.attempts, row.error_code) == ("queued", 1, "provider_unavailable")
    TaxRecord.objects.update(available_at=row.created_at, attempts=TaxRecord.MAX_ATTEMPTS - 1)
    stripe.fail_next(3, 503)
    work()
    row.refresh_from_db()
    assert row.status == "failed"
    assert StaffAlert.objects.get().kind == "tax_not_recorded"
    order.refresh_from_db()
    assert order.payment_status == "paid", "tax is no business of the order's"


def test_two_orders_of_one_basket_have_a_calculation_each(
    order: Order, stripe: FakeStripe, guest: Storefront, art: Json
) -> None:
    pay(order)
    create(guest, tee(art), address=CALIFORNIA, tax=0.94)
    ids = Order.objects.order_by("created_at").values_list("tax_calculation_id", flat=True)
    assert list(ids) == ["taxcalc_1", "taxcalc_2"]


def test_typing_a_zip_costs_one_calculation_and_the_order_takes_it(
    stripe: FakeStripe, guest: Storefront, art: Json
) -> None:
    body = order_body(tee(art), address=CALIFORNIA, tax=0.94)
    for typed in ("9", "94", "940", "9404", "94041"):
        asked = {
            "items": [
                {
                    name: body["items"][0][name]
                    for name in ("variant_id", "quantity", "unit_price", "total_price")
                }
            ],
            "shipping_address": CALIFORNIA | {"postal_code": typed},
            "shipping": 4.98,
        }
        data = data_of(guest.call("POST", "/api/orders/calculate-tax", json=asked))
    assert data["tax"] == 0.94
    data_of(guest.call("POST", "/api/orders/create", json=body), 201)
    assert len(stripe.calculations) == 1


def test_the_offline_table_says_so_on_the_order_and_records_nothing(guest: Storefront, art: Json) -> None:
    created = create(guest, tee(art), address=CALIFORNIA, tax=0.94)
    order = Order.objects.get(pk=created["order"]["id"])
    pay(order)
    assert (order.tax_source, order.tax_calculation_id, TaxRecord.objects.count()) == ("offline", "", 0)
