"""Money that goes back: one ledger, whoever starts it, and never more than came."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from common.errors import Conflict, ProviderError, Unprocessable
from demo.storefront import Json, Storefront
from orders import lifecycle
from orders.models import Order, OrderEvent, Payment, Refund, RefundLine, StaffAlert
from orders.payments import refunds
from orders.payments.backends import bank
from orders.payments.backends.testing import TestGateway as Gateway
from orders.payments.refunds import refund_request
from tests.contracts.baskets import CREATE, hoodie, order_body, tee
from tests.orders.conftest import Waiting
from tests.orders.payments.work import make_due, state, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(waiting: Waiting) -> Waiting:
    """17.96, paid by card."""
    waiting.succeed()
    bank.announce("payment_intent.succeeded", bank.as_stripe_object(waiting.intent))
    work_off()
    waiting.refresh()
    assert waiting.order.payment_status == "paid"
    return waiting


def test_a_full_refund_ends_the_order(paid: Waiting) -> None:
    (refund,) = refund_request(paid.order.pk, actor="staff:1")
    assert (refund.state, refund.amount) == ("requested", Decimal("17.96"))
    assert state(paid.order)["payment"] == "paid", "asked for is not given"
    work_off()
    found = state(paid.order)
    assert (found["payment"], found["production"]) == ("refunded", "cancelled")
    assert found["payments"] == [("succeeded", "17.96", "17.96")]
    assert found["refunds"] == [("17.96", "succeeded", "shop")]
    refund.refresh_from_db()
    assert refund.status == "done" and refund.provider_id
    with pytest.raises(Unprocessable, match="nothing to refund"):
        refund_request(paid.order.pk, actor="staff:1")


def test_parts_add_up_and_the_order_goes_on(paid: Waiting) -> None:
    for amount, status in (
        ("5.00", "partially_refunded"),
        ("12.95", "partially_refunded"),
        ("0.01", "refunded"),
    ):
        refund_request(paid.order.pk, actor="staff:1", amount=Decimal(amount))
        work_off()
        assert state(paid.order)["payment"] == status
    assert state(paid.order)["payments"] == [("succeeded", "17.96", "17.96")]


def test_a_partly_refunded_order_is_still_produced(paid: Waiting) -> None:
    refund_request(paid.order.pk, actor="staff:1", amount=Decimal("5.00"))
    work_off()
    order = lifecycle.order_change_production(paid.order.pk, "in_production", actor="staff:1")
    assert order.production_status == "in_production"


def test_a_refunded_order_is_not_produced(paid: Waiting) -> None:
    lifecycle.order_change_production(paid.order.pk, "in_production", actor="staff:1")
    refund_request(paid.order.pk, actor="staff:1")
    work_off()
    assert state(paid.order)["production"] == "in_production", "the garment exists: staff decide"
    with pytest.raises(Conflict):
        lifecycle.order_change_production(paid.order.pk, "shipped", actor="staff:1")


@pytest.mark.parametrize("amount", ["17.97", "1000"])
def test_more_than_was_paid_is_refused(paid: Waiting, amount: str) -> None:
    with pytest.raises(Conflict) as refusal:
        refund_request(paid.order.pk, actor="staff:1", amount=Decimal(amount))
    assert (refusal.value.code, refusal.value.extra) == ("refund_exceeds_payment", {"refundable": 17.96})
    assert Refund.objects.count() == 0


@pytest.mark.parametrize("amount", ["0", "-1", "0.001"])
def test_an_amount_is_above_zero_and_in_cents(paid: Waiting, amount: str) -> None:
    with pytest.raises(Unprocessable):
        refund_request(paid.order.pk, actor="staff:1", amount=Decimal(amount))


def test_what_is_promised_already_cannot_be_promised_again(paid: Waiting) -> None:
    refund_request(paid.order.pk, actor="staff:1", amount=Decimal("10.00"))
    with pytest.raises(Conflict):
        refund_request(paid.order.pk, actor="staff:2", amount=Decimal("7.97"))


def test_the_database_has_the_last_word(paid: Waiting) -> None:
    for values in ({"refunded": Decimal("17.97")}, {"refunded": Decimal("-0.01")}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Payment.objects.filter(pk=paid.payment.pk).update(**values)


def test_an_unpaid_order_has_nothing_to_refund(waiting: Waiting) -> None:
    with pytest.raises(Unprocessable, match="nothing to refund"):
        refund_request(waiting.order.pk, actor="staff:1")


@pytest.fixture
def two_lines(guest: Storefront, art: Json) -> Order:
    """Three tees and a hoodie: 38.94 + 35.99 + 4.98 = 79.91."""
    body = order_body(tee(art, quantity=3), hoodie(art))
    data = guest.json("POST", CREATE, json=body)["data"]
    guest.confirm_card_payment(data["client_secret"], "pm_card_visa")
    work_off()
    return Order.objects.get(pk=data["order"]["id"])


def test_pieces_of_a_line_go_back_with_their_share(two_lines: Order) -> None:
    (refund,) = refund_request(two_lines.pk, actor="staff:1", pieces={1: 2}, shipping=True)
    assert refund.amount == Decimal("25.96") + Decimal("4.98")
    line = RefundLine.objects.get()
    assert (line.line.number, line.quantity, line.amount) == (1, 2, Decimal("25.96"))
    with pytest.raises(Conflict) as refusal:
        refund_request(two_lines.pk, actor="staff:1", pieces={1: 2})
    assert refusal.value.code == "refund_exceeds_line"
    refund_request(two_lines.pk, actor="staff:1", pieces={1: 1, 2: 1})
    work_off()
    assert state(two_lines)["payment"] == "refunded"


def test_an_unknown_line_is_refused(two_lines: Order) -> None:
    with pytest.raises(Unprocessable, match="no line 3"):
        refund_request(two_lines.pk, actor="staff:1", pieces={3: 1})


def test_a_refund_from_the_dashboard_lands_in_the_same_ledger_once(paid: Waiting) -> None:
    bank.make_refund(paid.intent.pk, 500)
    work_off()
    work_off()
    found = state(paid.order)
    assert found["refunds"] == [("5.00", "succeeded", "provider")]
    assert (found["payment"], found["payments"]) == ("partially_refunded", [("succeeded", "17.96", "5.00")])


def test_the_webhook_of_our_own_refund_may_come_before_our_answer(
    paid: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund_request(paid.order.pk, actor="staff:1", amount=Decimal("5.00"))
    with monkeypatch.context() as dying:
        dying.setattr(
            refunds, "refund_apply", lambda *args, **kwargs: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            refunds.send(str(Refund.objects.get().pk))
    work_off()
    assert state(paid.order)["refunds"] == [("5.00", "succeeded", "shop")]
    make_due()
    work_off()
    assert state(paid.order)["refunds"] == [("5.00", "succeeded", "shop")]
    assert Refund.objects.get().status == "done"


def test_a_dashboard_refund_that_takes_what_we_had_promised_wins(paid: Waiting) -> None:
    refund_request(paid.order.pk, actor="staff:1", amount=Decimal("10.00"))
    bank.make_refund(paid.intent.pk, 1796)
    work_off()
    make_due()
    work_off()
    found = state(paid.order)
    assert found["refunds"] == [("10.00", "failed", "shop"), ("17.96", "succeeded", "provider")]
    assert found["payments"] == [("succeeded", "17.96", "17.96")]
    assert StaffAlert.objects.filter(kind="refund_failed").count() == 1


def test_a_provider_that_does_not_answer_is_asked_again(
    paid: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*args: Any, **kwargs: Any) -> None:
        raise ProviderError("api_connection_error", provider="Stripe", retryable=True)

    (refund,) = refund_request(paid.order.pk, actor="staff:1")
    with monkeypatch.context() as down:
        down.setattr(Gateway, "create_refund", silent)
        refunds.send(str(refund.pk))
    refund.refresh_from_db()
    assert (refund.status, refund.state, refund.attempts) == ("queued", "requested", 1)
    make_due()
    work_off()
    assert state(paid.order)["refunds"] == [("17.96", "succeeded", "shop")]


def test_a_refund_that_the_bank_sends_back_is_money_of_ours_again(paid: Waiting) -> None:
    refund_request(paid.order.pk, actor="staff:1")
    work_off()
    bank.fail_refund(str(Refund.objects.get().provider_id))
    work_off()
    found = state(paid.order)
    assert (found["payment"], found["hold"]) == ("paid", "refund_failed")
    assert found["payments"] == [("succeeded", "17.96", "0.00")]
    assert StaffAlert.objects.get(kind="refund_failed").order == paid.order
    refund_request(paid.order.pk, actor="staff:1")
    work_off()
    assert state(paid.order)["payment"] == "refunded"


def test_a_late_answer_does_not_undo_a_failed_refund(paid: Waiting) -> None:
    refund_request(paid.order.pk, actor="staff:1")
    work_off()
    row = Refund.objects.get()
    fact = Gateway().retrieve_refund(str(row.provider_id))
    bank.fail_refund(str(row.provider_id))
    work_off()
    refunds.refund_apply(fact, paid.payment, actor="late")
    assert state(paid.order)["refunds"] == [("17.96", "failed", "shop")]


def test_paying_twice_gives_the_second_payment_back(paid: Waiting) -> None:
    second = Gateway().create_intent(
        amount_cents=1796,
        currency="usd",
        order_id=str(paid.order.pk),
        order_number="x",
        idempotency_key="second",
    )
    Payment.objects.create(
        order=paid.order, attempt=2, gateway="test-gateway", idempotency_key="second", amount=Decimal("17.96"),
        currency="usd", status="open", intent_id=second.id, client_secret=second.client_secret,
    )  # fmt: skip
    bank.confirm_intent(second.id, client_secret=second.client_secret, payment_method="pm_card_visa")
    work_off()
    found = state(paid.order)
    assert (found["payment"], found["hold"], found["packs"], found["placed_mails"]) == ("paid", "", 1, 1)
    assert found["payments"] == [("succeeded", "17.96", "0.00"), ("surplus", "17.96", "17.96")]
    assert StaffAlert.objects.filter(kind="paid_twice").count() == 1


def test_every_change_is_in_the_history(paid: Waiting) -> None:
    refund_request(paid.order.pk, actor="staff:7", amount=Decimal("5.00"))
    refund_request(paid.order.pk, actor="staff:7")
    work_off()
    kinds = OrderEvent.objects.filter(order=paid.order, actor="staff:7").values_list("kind", flat=True)
    assert list(kinds) == ["order.partially_refunded", "order.refunded", "order.cancelled"]


def test_a_mismatched_payment_can_be_given_back(make_order: Callable[..., Waiting]) -> None:
    waiting = make_order()
    waiting.intent.status, waiting.intent.amount_received_cents = "succeeded", 1
    waiting.intent.save()
    bank.announce("payment_intent.succeeded", bank.as_stripe_object(waiting.intent))
    work_off()
    assert state(waiting.order)["hold"] == "payment_mismatch"
    assert StaffAlert.objects.get().kind == "payment_mismatch"
    refund_request(waiting.order.pk, actor="staff:1")
    work_off()
    found = state(waiting.order)
    assert (found["payment"], found["payments"]) == ("pending", [("open", "0.01", "0.01")])


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_refunds_racing_for_the_same_money_give_it_back_once(paid: Waiting) -> None:
    """Four of staff and the dashboard want 10.00 of 17.96 at the same moment; then two workers send each row."""
    barrier = threading.Barrier(5)
    answers: list[str] = []

    def run(step: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            step()
            answers.append("done")
        except (Conflict, ProviderError) as error:
            answers.append(type(error).__name__)
        finally:
            connection.close()

    def ask() -> None:
        refund_request(paid.order.pk, actor="staff:1", amount=Decimal("10.00"))

    threads = [threading.Thread(target=run, args=(step,)) for step in [ask] * 4]
    threads.append(threading.Thread(target=run, args=(lambda: bank.make_refund(paid.intent.pk, 1000),)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["Conflict"] * 3 + ["done"] * 2
    key = str(Refund.objects.get().pk)
    barrier = threading.Barrier(2)
    workers = [threading.Thread(target=run, args=(lambda: refunds.send(key),)) for _ in range(2)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    work_off()
    make_due()
    work_off()
    found = state(paid.order)
    assert found["payments"] == [("succeeded", "17.96", "10.00")]
    assert sorted(found["refunds"]) == [("10.00", "failed", "shop"), ("10.00", "succeeded", "provider")]
