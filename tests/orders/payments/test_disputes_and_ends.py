"""Disputes hold and let go; ended orders take no money; the hosted page pays through the same step."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail

from common.errors import DomainError, ProviderError
from demo.storefront import Refused, Storefront
from orders import lifecycle, models
from orders.models import Dispute, Payment, PaymentStop, StaffAlert, StripeEvent
from orders.payments import services
from orders.payments.backends import bank
from orders.payments.backends.testing import TestGateway as Gateway
from orders.payments.handlers import apply, handle
from orders.payments.refunds import refund_request
from tests.contracts.expectations import UNKNOWN_ID, nothing_changes
from tests.orders.conftest import Waiting
from tests.orders.payments.work import make_due, receive_all, state, work_off

pytestmark = pytest.mark.django_db


def pay(waiting: Waiting, card: str = "pm_card_visa") -> None:
    secret = waiting.payment.client_secret
    bank.confirm_intent(waiting.intent.pk, client_secret=secret, payment_method=card)
    work_off()
    waiting.refresh()


def test_a_dispute_holds_the_order_and_tells_staff(waiting: Waiting, settings: Any) -> None:
    settings.STAFF_EMAIL = "staff@example.com"
    pay(waiting)
    bank.open_dispute(waiting.intent.pk)
    work_off()
    assert state(waiting.order)["hold"] == "disputed"
    (message,) = mail.outbox
    assert (message.to, message.subject) == (
        ["staff@example.com"], f"[Stolen Tee] Order {waiting.order.number}: disputed",
    )  # fmt: skip
    assert "evidence is due" in message.body
    with pytest.raises(DomainError, match="on hold"):
        lifecycle.order_change_production(waiting.order.pk, "in_production", actor="staff:1")


def test_a_dispute_that_we_win_lets_the_order_go(waiting: Waiting) -> None:
    pay(waiting)
    dispute = bank.open_dispute(waiting.intent.pk)
    work_off()
    bank.answer_dispute(dispute["id"])
    bank.close_dispute(dispute["id"], won=True)
    work_off()
    assert (state(waiting.order)["payment"], state(waiting.order)["hold"]) == ("paid", "")
    row = Dispute.objects.get()
    assert row.status == "won" and row.closed_at is not None


def test_a_dispute_that_we_lose_is_booked_as_money_gone(waiting: Waiting) -> None:
    pay(waiting)
    refund_request(waiting.order.pk, actor="staff:1", amount=Decimal("5.00"))
    work_off()
    dispute = bank.open_dispute(waiting.intent.pk)
    bank.close_dispute(dispute["id"], won=False)
    work_off()
    work_off()
    found = state(waiting.order)
    assert (found["payment"], found["hold"]) == ("refunded", "dispute_lost")
    assert found["refunds"] == [("5.00", "succeeded", "shop"), ("12.96", "succeeded", "dispute")]
    assert found["payments"] == [("succeeded", "17.96", "17.96")]


def test_a_refund_that_a_lost_dispute_overtakes_is_refused_and_the_loss_is_booked(waiting: Waiting) -> None:
    """The money that our refund still counts on has gone to the bank: nobody may believe that it is there."""
    pay(waiting)
    dispute = bank.open_dispute(waiting.intent.pk)
    refund_request(waiting.order.pk, actor="staff:1")
    bank.close_dispute(dispute["id"], won=False)
    receive_all()
    for event in StripeEvent.objects.filter(status="queued"):
        handle(str(event.pk))
    waits = StripeEvent.objects.filter(error_code="refund_does_not_fit")
    assert {event.type for event in waits} == {"charge.dispute.created", "charge.dispute.closed"}
    assert state(waiting.order)["refunds"] == [("17.96", "requested", "shop")]
    work_off()
    assert state(waiting.order)["payments"] == [("succeeded", "17.96", "0.00")], (
        "Stripe has refused the refund"
    )
    make_due()
    work_off()
    found = state(waiting.order)
    assert found["refunds"] == [("17.96", "failed", "shop"), ("17.96", "succeeded", "dispute")]
    assert (found["payment"], found["payments"]) == ("refunded", [("succeeded", "17.96", "17.96")])


def test_a_hold_is_not_released_while_a_dispute_is_open(waiting: Waiting) -> None:
    pay(waiting)
    lifecycle.order_hold(waiting.order, reason="refund_failed", actor="system")
    bank.open_dispute(waiting.intent.pk)
    work_off()
    assert state(waiting.order)["hold"] == "refund_failed"
    lifecycle.order_release(waiting.order, reason="refund_failed", actor="staff:1")
    assert state(waiting.order)["hold"] == "disputed"


def test_a_slow_payment_waits_and_then_pays(waiting: Waiting) -> None:
    pay(waiting, bank.DELAYED)
    assert (waiting.payment.status, waiting.order.payment_status) == ("processing", "pending")
    bank.settle_intent(waiting.intent.pk, succeeded=True)
    work_off()
    assert state(waiting.order)["payment"] == "paid"


def test_a_slow_payment_may_fail_and_be_tried_again(waiting: Waiting) -> None:
    pay(waiting, bank.DELAYED)
    bank.settle_intent(waiting.intent.pk, succeeded=False)
    work_off()
    waiting.refresh()
    assert (waiting.payment.status, waiting.order.payment_status) == ("open", "failed")
    pay(waiting)
    assert state(waiting.order)["payment"] == "paid"


def test_three_d_secure_asks_first(waiting: Waiting, guest: Storefront) -> None:
    answer = guest.confirm_card_payment(waiting.payment.client_secret, bank.THREE_D_SECURE)
    assert answer["status"] == "requires_action"
    work_off()
    assert state(waiting.order)["payment"] == "pending"
    assert (
        guest.confirm_card_payment(waiting.payment.client_secret, bank.THREE_D_SECURE)["status"]
        == "succeeded"
    )
    work_off()
    assert state(waiting.order)["payment"] == "paid"


def test_an_expired_order_takes_no_money(waiting: Waiting, guest: Storefront) -> None:
    assert lifecycle.order_expire(waiting.order.pk)
    work_off()
    waiting.refresh()
    assert (waiting.intent.status, waiting.payment.status) == ("canceled", "canceled")
    with pytest.raises(Refused):
        guest.confirm_card_payment(waiting.payment.client_secret, "pm_card_visa")


def test_a_payment_that_wins_the_race_against_the_expiry_is_held(waiting: Waiting) -> None:
    lifecycle.order_expire(waiting.order.pk)
    waiting.succeed()
    work_off()
    found = state(waiting.order)
    assert (found["payment"], found["hold"], found["packs"]) == ("paid", "paid_after_cancellation", 0)
    assert StaffAlert.objects.get().kind == "paid_after_cancellation"


def test_a_stop_that_the_provider_does_not_hear_is_tried_again(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*args: Any) -> None:
        raise ProviderError("api_connection_error", provider="Stripe", retryable=True)

    lifecycle.order_expire(waiting.order.pk)
    with monkeypatch.context() as down:
        down.setattr(Gateway, "cancel_intent", silent)
        work_off()
    assert PaymentStop.objects.get().status == "queued"
    make_due()
    work_off()
    waiting.refresh()
    assert (PaymentStop.objects.get().status, waiting.intent.status) == ("done", "canceled")


def test_an_attempt_that_the_provider_never_saw_ends_without_it(waiting: Waiting) -> None:
    Payment.objects.filter(pk=waiting.payment.pk).update(status="creating", intent_id=None, client_secret="")
    lifecycle.order_expire(waiting.order.pk)
    work_off()
    waiting.refresh()
    assert (waiting.payment.status, waiting.intent.status) == ("canceled", "requires_payment_method")


def open_page(guest: Storefront, waiting: Waiting) -> dict[str, Any]:
    answer = guest.json("POST", f"/api/orders/{waiting.order.pk}/checkout-session")
    session: dict[str, Any] = answer["data"]["session"]
    return session


def test_the_hosted_page_pays_the_order(waiting: Waiting, guest: Storefront) -> None:
    session = open_page(guest, waiting)
    assert (session["amount"], session["currency"]) == (17.96, "usd")
    assert session["url"].endswith(f"/test-gateway/checkout/{session['id']}")
    assert open_page(guest, waiting) == session, "the same page for as long as it is open"
    waiting.refresh()
    assert waiting.intent.status == "canceled", "two open doors would let a customer pay twice"
    page = guest.call("GET", f"/test-gateway/checkout/{session['id']}")
    assert (page.status_code, "$17.96" in page.text) == (200, True)
    bank.pay_session(session["id"], "pm_card_visa")
    work_off()
    found = state(waiting.order)
    assert (found["payment"], found["paid"], found["packs"]) == ("paid", 1, 1)
    assert found["payments"] == [("canceled", "0.00", "0.00"), ("succeeded", "17.96", "0.00")]
    with nothing_changes(), pytest.raises(Refused) as refusal:
        open_page(guest, waiting)
    assert (refusal.value.status, refusal.value.body["code"]) == (409, "already_paid")


@pytest.mark.parametrize("late", [False, True], ids=["page first", "intent first"])
def test_the_events_of_the_page_come_in_any_order(waiting: Waiting, guest: Storefront, late: bool) -> None:
    session = open_page(guest, waiting)
    bank.pay_session(session["id"], "pm_card_visa")
    kinds = ("payment_intent.", "checkout.") if late else ("checkout.", "payment_intent.")
    events = [event.payload for event in models.TestEvent.objects.order_by("created_at")]
    for kind in kinds * 2:
        for event in events:
            if event["type"].startswith(kind):
                apply(event["type"], event["data"]["object"])
    assert state(waiting.order)["payments"][-1] == ("succeeded", "17.96", "0.00")
    assert state(waiting.order)["paid"] == 1


def test_the_card_form_closes_the_page(waiting: Waiting, guest: Storefront) -> None:
    session = open_page(guest, waiting)
    payment = services.payment_ensure(waiting.order)
    assert (payment.attempt, payment.channel, payment.status) == (3, "intent", "open")
    assert models.TestObject.objects.get(pk=session["id"]).data["status"] == "expired"
    with pytest.raises(DomainError, match="no payment any more"):
        bank.pay_session(session["id"], "pm_card_visa")


def test_a_page_that_was_paid_meanwhile_pays_instead_of_a_new_attempt(
    waiting: Waiting, guest: Storefront
) -> None:
    session = open_page(guest, waiting)
    bank.pay_session(session["id"], "pm_card_visa")
    payment = services.payment_ensure(waiting.order)
    assert (payment.status, state(waiting.order)["payment"]) == ("succeeded", "paid")


def test_an_expired_page_ends_its_attempt(waiting: Waiting, guest: Storefront) -> None:
    bank.expire_session(open_page(guest, waiting)["id"])
    work_off()
    assert [payment[0] for payment in state(waiting.order)["payments"]] == ["canceled", "canceled"]
    assert open_page(guest, waiting)["url"]


def test_the_hosted_page_declines_and_then_takes_another_card(waiting: Waiting, guest: Storefront) -> None:
    address = f"/test-gateway/checkout/{open_page(guest, waiting)['id']}"
    declined = guest.call("POST", address, data={"payment_method": "pm_card_chargeDeclined"})
    assert "Your card was declined." in declined.text
    asked = guest.call("POST", address, data={"payment_method": bank.THREE_D_SECURE})
    assert "Yes, it is me" in asked.text
    paid = guest.call("POST", address, data={"payment_method": bank.THREE_D_SECURE})
    assert "Back to the shop" in paid.text and "Paid." in paid.text
    work_off()
    assert state(waiting.order)["payment"] == "paid"


def test_only_an_order_that_waits_for_money_gets_a_page(waiting: Waiting, guest: Storefront) -> None:
    lifecycle.order_change_production(waiting.order.pk, "cancelled", actor="staff:1")
    for reference, status in ((str(waiting.order.pk), 409), (UNKNOWN_ID, 404), ("abc", 404)):
        with nothing_changes(), pytest.raises(Refused) as refusal:
            guest.json("POST", f"/api/orders/{reference}/checkout-session")
        assert refusal.value.status == status


def test_an_intent_of_an_old_amount_is_replaced(waiting: Waiting) -> None:
    type(waiting.order).objects.filter(pk=waiting.order.pk).update(
        shipping=Decimal("0.00"), total=Decimal("12.98")
    )
    waiting.order.refresh_from_db()
    payment = services.payment_ensure(waiting.order)
    assert (payment.attempt, payment.amount) == (2, Decimal("12.98"))
    assert models.TestIntent.objects.get(pk=waiting.intent.pk).status == "canceled"


def test_the_difference_of_an_edited_order_is_paid_apart(
    waiting: Waiting, make_order: Callable[..., Waiting]
) -> None:
    pay(waiting)
    payment = services.difference_ensure(services.difference_open(waiting.order, Decimal("3.00")))
    bank.confirm_intent(
        str(payment.intent_id), client_secret=payment.client_secret, payment_method="pm_card_visa"
    )
    work_off()
    assert state(waiting.order)["payments"] == [("succeeded", "17.96", "0.00"), ("succeeded", "3.00", "0.00")]
    refund_request(waiting.order.pk, actor="staff:1")
    work_off()
    assert state(waiting.order)["payment"] == "refunded"
    assert [row[0] for row in state(waiting.order)["refunds"]] == ["17.96", "3.00"]
