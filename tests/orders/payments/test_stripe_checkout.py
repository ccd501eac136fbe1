"""The whole way with Stripe: the shop's own settings switch, the real SDK, and a double of Stripe on loopback."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from demo.storefront import Json, Refused, Storefront
from demo.walk import ADDRESS
from orders import lifecycle
from orders.models import Order, Payment, ProductionPack, StripeEvent
from orders.payments.handlers import handle
from orders.payments.reconciliation import reconcile, repair
from orders.payments.refunds import refund_request
from tests.contracts.baskets import CREATE, order_body, tee
from tests.contracts.expectations import nothing_changes
from tests.fakes.stripe import FakeStripe
from tests.orders.payments.work import deliver, make_due, post_event, state, work_off

pytestmark = pytest.mark.django_db


def body(art: Json) -> Json:
    """One tee to California: 7.25 % of 12.98 are 0.94."""
    return order_body(tee(art), address=ADDRESS, tax=0.94)


def announce(kind: str, intent: Json, event_id: str = "evt_1") -> None:
    assert post_event({"id": event_id, "object": "event", "type": kind, "data": {"object": intent}}) == 200
    for pk in StripeEvent.objects.values_list("pk", flat=True):
        handle(str(pk))


def test_an_order_is_taxed_charged_and_paid(guest: Storefront, art: Json, stripe_double: FakeStripe) -> None:
    data = guest.json("POST", CREATE, json=body(art))["data"]
    order, payment = Order.objects.get(), Payment.objects.get()
    assert (order.tax, order.tax_source, order.total) == (Decimal("0.94"), "stripe", Decimal("18.90"))
    (intent,) = stripe_double.intents.values()
    assert (intent["amount"], intent["currency"]) == (1890, "usd")
    assert intent["metadata"] == {
        "order_id": str(order.pk), "order_number": order.number, "environment": "development",
    }  # fmt: skip
    assert data["client_secret"] == intent["client_secret"] == payment.client_secret
    assert (payment.gateway, payment.status) == ("stripe", "open")

    stripe_double.decline(intent["id"], "Your card was declined.")
    announce("payment_intent.payment_failed", intent, "evt_0")
    assert Order.objects.get().payment_status == "failed"
    assert guest.json("POST", CREATE, json=body(art))["data"]["client_secret"] == intent["client_secret"]

    intent["last_payment_error"] = None
    stripe_double.pay(intent["id"])
    announce("payment_intent.succeeded", intent)
    assert Order.objects.get().payment_status == "paid"
    assert (Payment.objects.get().status, ProductionPack.objects.count()) == ("succeeded", 1)
    assert guest.capture_payment(str(order.pk), intent["id"])["payment_status"] == "paid"


def test_what_the_event_claims_is_not_believed(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    guest.json("POST", CREATE, json=body(art))
    (intent,) = stripe_double.intents.values()
    announce("payment_intent.succeeded", intent | {"status": "succeeded", "amount_received": 1890})
    assert Order.objects.get().payment_status == "pending"


def test_without_its_tax_an_order_is_not_made(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    stripe_double.fail_next(3, 500)
    with nothing_changes(), pytest.raises(Refused) as refusal:
        guest.json("POST", CREATE, json=body(art))
    assert (refusal.value.status, refusal.value.body["code"]) == (503, "provider_unavailable")
    assert stripe_double.intents == {}
    stripe_double.fail_next(3, 500)
    with pytest.raises(Refused) as refusal:
        guest.tax([tee(art)], ADDRESS)
    assert refusal.value.status == 503
    assert guest.tax([tee(art)], ADDRESS) == 0.94


def test_the_tax_of_the_page_is_the_tax_of_the_order(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    for typed in ("9", "94", "940", "9404", "94041"):
        guest.tax([tee(art)], ADDRESS | {"postal_code": typed})
    guest.json("POST", CREATE, json=body(art))
    assert len(stripe_double.calculations) == 1, "asked once for what the page and the order both need"


def test_an_intent_that_fails_for_good_leaves_an_order_that_the_retry_finds(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    guest.tax([tee(art)], ADDRESS)
    stripe_double.fail_next(1, 402)
    with pytest.raises(Refused) as refusal:
        guest.json("POST", CREATE, json=body(art))
    assert refusal.value.status == 503
    assert (Order.objects.count(), Payment.objects.get().status) == (1, "creating")
    guest.json("POST", CREATE, json=body(art))
    assert (Order.objects.count(), Payment.objects.get().status) == (1, "open")
    assert len(stripe_double.intents) == 1


def test_a_paid_intent_pays_no_other_order_of_the_same_amount(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    first = guest.json("POST", CREATE, json=body(art))["data"]
    second = guest.json("POST", CREATE, json=body(art) | {"customer_notes": "a second one"})["data"]
    one, other = stripe_double.intents.values()
    assert one["amount"] == other["amount"] == 1890
    stripe_double.pay(one["id"])
    with nothing_changes(), pytest.raises(Refused) as refusal:
        guest.capture_payment(second["order"]["id"], one["id"])
    assert (refusal.value.status, refusal.value.body["code"]) == (400, "payment_mismatch")
    assert guest.capture_payment(first["order"]["id"], one["id"])["payment_status"] == "paid"


@pytest.fixture
def paid(guest: Storefront, art: Json, stripe_double: FakeStripe) -> Order:
    """18.90, by the card form."""
    guest.json("POST", CREATE, json=body(art))
    stripe_double.pay(next(iter(stripe_double.intents)))
    deliver(stripe_double)
    return Order.objects.get()


def test_refunds_go_both_ways_into_one_ledger(paid: Order, stripe_double: FakeStripe) -> None:
    (intent,) = stripe_double.intents
    (ours,) = refund_request(paid.pk, actor="staff:1", amount=Decimal("5.00"), reason="fraudulent")
    stripe_double.refund(intent, 200)
    deliver(stripe_double)
    found = state(paid)
    assert sorted(found["refunds"]) == [("2.00", "succeeded", "provider"), ("5.00", "succeeded", "shop")]
    assert (found["payment"], found["payments"]) == ("partially_refunded", [("succeeded", "18.90", "7.00")])
    request = next(
        one for one in stripe_double.requests if one.path == "/v1/refunds" and one.method == "POST"
    )
    assert request.headers["idempotency-key"] == f"refund:{ours.pk}"
    assert (request.form["amount"], request.form["reason"]) == ("500", "fraudulent")
    assert request.form["metadata[refund]"] == str(ours.pk)

    stripe_double.fail_refund(next(key for key, one in stripe_double.refunds.items() if one["amount"] == 200))
    deliver(stripe_double)
    assert state(paid)["payments"] == [("succeeded", "18.90", "5.00")]
    assert state(paid)["hold"] == "refund_failed"


def test_a_refund_whose_answer_got_lost_is_not_made_twice(paid: Order, stripe_double: FakeStripe) -> None:
    refund_request(paid.pk, actor="staff:1")
    stripe_double.fail_next(3, 500)
    work_off()
    assert state(paid)["refunds"] == [("18.90", "requested", "shop")]
    make_due()
    work_off()
    assert (len(stripe_double.refunds), state(paid)["payment"]) == (1, "refunded")


def test_more_than_the_dashboard_has_left_is_refused_by_stripe_and_booked_back(
    paid: Order, stripe_double: FakeStripe
) -> None:
    (intent,) = stripe_double.intents
    refund_request(paid.pk, actor="staff:1", amount=Decimal("10.00"))
    stripe_double.refund(intent, 1890)
    work_off()
    deliver(stripe_double)
    assert state(paid)["refunds"] == [("10.00", "failed", "shop"), ("18.90", "succeeded", "provider")]
    assert state(paid)["payments"] == [("succeeded", "18.90", "18.90")]


def test_disputes_hold_and_let_go(paid: Order, stripe_double: FakeStripe) -> None:
    (intent,) = stripe_double.intents
    stripe_double.dispute(intent)
    deliver(stripe_double)
    assert state(paid)["hold"] == "disputed"
    stripe_double.dispute(intent, "won")
    deliver(stripe_double)
    assert (state(paid)["hold"], state(paid)["payment"]) == ("", "paid")


def test_a_checkout_session_takes_the_money(guest: Storefront, art: Json, stripe_double: FakeStripe) -> None:
    order_id = guest.json("POST", CREATE, json=body(art))["data"]["order"]["id"]
    session = guest.json("POST", f"/api/orders/{order_id}/checkout-session")["data"]["session"]
    (form,) = (one.form for one in stripe_double.requests if one.path == "/v1/checkout/sessions")
    assert form["line_items[0][price_data][unit_amount]"] == "1890"
    assert form["payment_intent_data[metadata][order_id]"] == form["metadata[order_id]"] == order_id
    assert session["url"] == f"https://checkout.stripe.com/c/pay/{session['id']}"
    assert [one["status"] for one in stripe_double.intents.values()] == ["canceled"]
    stripe_double.pay_session(session["id"])
    deliver(stripe_double)
    order = Order.objects.get()
    assert state(order)["payments"] == [("canceled", "0.00", "0.00"), ("succeeded", "18.90", "0.00")]
    assert state(order)["packs"] == 1


def test_an_expired_order_cancels_its_intent_at_stripe(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    guest.json("POST", CREATE, json=body(art))
    lifecycle.order_expire(Order.objects.get().pk)
    work_off()
    assert [one["status"] for one in stripe_double.intents.values()] == ["canceled"]
    assert Payment.objects.get().status == "canceled"


def test_a_payment_that_is_too_late_to_cancel_is_held(
    guest: Storefront, art: Json, stripe_double: FakeStripe
) -> None:
    guest.json("POST", CREATE, json=body(art))
    stripe_double.pay(next(iter(stripe_double.intents)))
    lifecycle.order_expire(Order.objects.get().pk)
    work_off()
    assert state(Order.objects.get())["hold"] == "paid_after_cancellation"


def test_the_books_are_compared_page_by_page(paid: Order, stripe_double: FakeStripe) -> None:
    (intent,) = stripe_double.intents
    since = timezone.now() - timedelta(days=1)
    assert list(reconcile(since)) == []
    stripe_double.longest_page = 4
    for _ in range(10):  # three pages
        stripe_double.refund(intent, 1)
    found = list(reconcile(since))
    assert len([one for one in found if one.kind == "refund"]) == 10
    assert all(repair(one) for one in found)
    assert list(reconcile(since)) == []
    assert state(paid)["payments"] == [("succeeded", "18.90", "0.10")]


def test_events_of_another_shop_on_the_same_account_are_left_alone(
    paid: Order, stripe_double: FakeStripe
) -> None:
    other = stripe_double._intent(500, "usd", {"order_id": "77", "environment": "staging"})
    nobody = stripe_double._intent(500, "usd", {})
    for intent in (other, nobody):
        stripe_double.pay(intent["id"])
    deliver(stripe_double)
    assert StripeEvent.objects.exclude(status="done").count() == 0
    assert list(reconcile(timezone.now() - timedelta(days=1))) == []
