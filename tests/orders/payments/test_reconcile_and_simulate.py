"""`stripe_reconcile` finds and repairs what was missed, both ways; `simulate` plays what happens at the gateway."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from common.errors import ProviderError
from orders import models
from orders.models import Dispute, Payment, Refund, StaffAlert, StripeEvent
from orders.payments import reconciliation
from orders.payments.backends import bank
from orders.payments.backends.testing import TestGateway as Gateway
from orders.payments.refunds import refund_request
from tests.orders.conftest import Waiting
from tests.orders.payments.work import state, work_off

pytestmark = pytest.mark.django_db


def command(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("stripe_reconcile", "--now", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue()
    return 0, out.getvalue()


def kinds() -> list[str]:
    since = timezone.now() - timedelta(days=1)
    return sorted(difference.kind for difference in reconciliation.reconcile(since))


def charge(waiting: Waiting) -> None:
    bank.confirm_intent(
        waiting.intent.pk, client_secret=waiting.payment.client_secret, payment_method="pm_card_visa"
    )


def test_two_books_that_agree_have_no_difference(waiting: Waiting) -> None:
    charge(waiting)
    work_off()
    refund_request(waiting.order.pk, actor="staff:1", amount=Decimal("5.00"))
    bank.open_dispute(waiting.intent.pk)
    work_off()
    assert command() == (0, "0 differences, 0 repaired\n")


def test_missed_events_are_found_and_repaired(waiting: Waiting) -> None:
    charge(waiting)
    bank.make_refund(waiting.intent.pk, 500)
    bank.open_dispute(waiting.intent.pk)
    assert kinds() == ["dispute"] + ["event_missed"] * 4 + ["payment_not_applied", "refund"]
    code, out = command()
    assert (code, state(waiting.order)["payment"]) == (1, "pending"), out
    code, out = command("--repair")
    assert (code, out.splitlines()[-1]) == (0, "7 differences, 7 repaired")
    found = state(waiting.order)
    assert (found["payment"], found["hold"], found["packs"]) == ("partially_refunded", "disputed", 1)
    assert (Dispute.objects.count(), Refund.objects.count(), StripeEvent.objects.count()) == (1, 1, 4)
    assert command() == (0, "0 differences, 0 repaired\n")


def test_events_that_are_lost_for_good_are_made_up_for(waiting: Waiting) -> None:
    charge(waiting)
    bank.make_refund(waiting.intent.pk, 500)
    models.TestEvent.objects.all().delete()
    assert kinds() == ["payment_not_applied", "refund"]
    assert command("--repair")[0] == 0
    assert state(waiting.order)["payment"] == "partially_refunded"


def test_an_event_that_was_given_up_is_tried_again(waiting: Waiting) -> None:
    charge(waiting)
    work_off()
    StripeEvent.objects.update(status="failed", error_code="internal_error")
    assert kinds() == ["event_failed"]
    assert command("--repair")[0] == 0
    assert StripeEvent.objects.get().status == "done"


def test_money_that_the_provider_does_not_have_holds_the_order(waiting: Waiting) -> None:
    charge(waiting)
    work_off()
    models.TestIntent.objects.update(status="requires_payment_method", amount_received_cents=0)
    assert kinds() == ["payment_missing"]
    assert command("--repair")[0] == 0
    assert state(waiting.order)["hold"] == "payment_missing"
    assert StaffAlert.objects.get().kind == "payment_missing"
    assert command()[0] == 1, "a hold is not a repair: the difference stays until people have acted"


def test_a_refund_that_the_provider_does_not_know_is_named(waiting: Waiting) -> None:
    charge(waiting)
    work_off()
    refund_request(waiting.order.pk, actor="staff:1", amount=Decimal("5.00"))
    work_off()
    models.TestObject.objects.all().delete()
    assert kinds() == ["refund_missing"]


def test_a_refund_that_got_stuck_is_sent_again(waiting: Waiting) -> None:
    charge(waiting)
    work_off()
    refund_request(waiting.order.pk, actor="staff:1", amount=Decimal("5.00"))
    Refund.objects.update(status="failed", attempts=8)
    assert kinds() == ["refund_stuck"]
    assert command("--repair")[0] == 0
    assert state(waiting.order)["refunds"] == [("5.00", "succeeded", "shop")]


def test_a_running_total_that_somebody_has_written_by_hand_is_named(waiting: Waiting) -> None:
    charge(waiting)
    work_off()
    Payment.objects.update(refunded=Decimal("1.00"))
    assert kinds() == ["ledger"]
    assert command("--repair")[0] == 1, "no machine knows who is right"


def test_the_night_repairs_and_tells_of_the_rest(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    charge(waiting)
    reconciliation.reconcile_nightly()
    assert state(waiting.order)["payment"] == "paid"
    Payment.objects.update(refunded=Decimal("1.00"))
    reconciliation.reconcile_nightly()
    assert [alert.kind for alert in StaffAlert.objects.all()] == ["reconcile_ledger"]

    def silent(*args: Any) -> None:
        raise ProviderError("api_connection_error", provider="Stripe", retryable=True)

    monkeypatch.setattr(Gateway, "list_events", silent)
    reconciliation.reconcile_nightly()
    assert command() == (2, "")


@pytest.mark.django_db(transaction=True)
def test_simulate_plays_every_act_on_a_running_shop(
    waiting: Waiting, live_server: Any, settings: Any
) -> None:
    settings.PUBLIC_URL = live_server.url

    def simulate(*arguments: str) -> str:
        out = io.StringIO()
        call_command("simulate", *arguments, stdout=out)
        work_off()
        return out.getvalue()

    number = waiting.order.number
    simulate("declined")
    assert state(waiting.order)["payment"] == "failed"
    assert "the bank asks the customer" in simulate("three_d_secure", "--order", number)
    assert state(waiting.order)["payment"] == "paid"
    before = state(waiting.order)
    assert "each 3 times again" in simulate("replayed", "--times", "3")
    assert state(waiting.order) == before
    simulate("disputed", "--outcome", "won")
    assert state(waiting.order)["hold"] == ""
    simulate("refunded", "--amount", "5.00")
    assert state(waiting.order)["payment"] == "partially_refunded"
    simulate("refunded", "--order", number)
    assert state(waiting.order)["payment"] == "refunded"
    with pytest.raises(CommandError, match="no order"):
        simulate("paid")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_simulate_shuffled_ends_partly_refunded(
    waiting: Waiting, live_server: Any, settings: Any, seed: str
) -> None:
    settings.PUBLIC_URL = live_server.url
    call_command("simulate", "shuffled", "--seed", seed, stdout=io.StringIO())
    work_off()
    found = state(waiting.order)
    assert (found["payment"], found["paid"]) == ("partially_refunded", 1)
    assert found["refunds"] == [("1.00", "succeeded", "provider")]


def test_simulate_is_for_the_test_gateway_alone(waiting: Waiting, settings: Any) -> None:
    settings.PAYMENT_GATEWAY = "orders.payments.backends.stripe.StripeGateway"
    with pytest.raises(CommandError, match="Only the built-in test gateway"):
        call_command("simulate", "paid")


def test_simulate_says_when_the_shop_does_not_run(waiting: Waiting, settings: Any) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    with pytest.raises(CommandError, match="does not take events"):
        call_command("simulate", "paid")
