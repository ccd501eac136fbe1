"""The built-in test gateway: Stripe's cards by id, and events that travel over real HTTP until they are taken."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from common.work import RETRY_DELAYS_S
from demo.storefront import Refused, Storefront
from orders import models
from orders.models import Order, StripeEvent
from orders.payments import services
from orders.payments.backends.delivery import deliver, webhook_secrets
from orders.payments.backends.testing import TestGateway as Gateway
from orders.payments.handlers import handle
from tests.contracts.expectations import nothing_changes
from tests.orders.conftest import Waiting

pytestmark = pytest.mark.django_db


def event_kinds() -> list[str]:
    return [event.payload["type"] for event in models.TestEvent.objects.order_by("created_at")]


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_mastercard", "pm_card_amex"])
def test_a_good_card_is_charged_and_announced(waiting: Waiting, guest: Storefront, card: str) -> None:
    answer = guest.confirm_card_payment(waiting.payment.client_secret, card)
    assert (answer["object"], answer["status"], answer["amount_received"]) == (
        "payment_intent", "succeeded", 1796,
    )  # fmt: skip
    waiting.refresh()
    assert (waiting.intent.status, waiting.intent.amount_received_cents) == ("succeeded", 1796)
    assert event_kinds() == ["payment_intent.succeeded"]
    assert waiting.order.payment_status == "pending", "only the event or the report pays the order"


@pytest.mark.parametrize(
    ("card", "code", "words"),
    [
        ("pm_card_chargeDeclined", "card_declined", "Your card was declined."),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "Your card has insufficient funds."),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "Your card has expired."),
    ],
)
def test_a_bad_card_is_declined_and_the_intent_stays_open(
    waiting: Waiting, guest: Storefront, card: str, code: str, words: str
) -> None:
    with pytest.raises(Refused) as refusal:
        guest.confirm_card_payment(waiting.payment.client_secret, card)
    error = refusal.value.body["error"]
    assert (refusal.value.status, error["code"], error["message"]) == (402, code, words)
    waiting.refresh()
    assert (waiting.intent.status, waiting.intent.amount_received_cents) == ("requires_payment_method", 0)
    assert event_kinds() == ["payment_intent.payment_failed"]
    guest.confirm_card_payment(waiting.payment.client_secret, "pm_card_visa")
    assert event_kinds() == ["payment_intent.payment_failed", "payment_intent.succeeded"]


def test_an_unknown_card_a_wrong_secret_and_an_unknown_intent_are_refused(
    waiting: Waiting, guest: Storefront
) -> None:
    secret = waiting.payment.client_secret
    attempts = [
        (secret, "4242424242424242", 400),
        (secret[:-1], "pm_card_visa", 404),
        (f"{waiting.intent.pk}_secret_é", "pm_card_visa", 404),
        ("pi_unknown_secret_x", "pm_card_visa", 404),
        (secret, "", 400),
    ]
    for client_secret, card, status in attempts:
        with nothing_changes(), pytest.raises(Refused) as refusal:
            guest.confirm_card_payment(client_secret, card)
        assert refusal.value.status == status


def test_a_charged_intent_is_not_charged_again(waiting: Waiting, guest: Storefront) -> None:
    guest.confirm_card_payment(waiting.payment.client_secret, "pm_card_visa")
    with nothing_changes():
        again = guest.confirm_card_payment(waiting.payment.client_secret, "pm_card_chargeDeclined")
    assert again["status"] == "succeeded"


def test_the_same_key_is_the_same_intent(db: Any) -> None:
    order = {"amount_cents": 100, "currency": "usd", "order_id": "1", "order_number": "RB-1"}
    first = Gateway().create_intent(**order, idempotency_key="k")
    assert Gateway().create_intent(**order, idempotency_key="k") == first
    assert Gateway().create_intent(**order, idempotency_key="l") != first


def test_it_takes_no_orders_in_production(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(ImproperlyConfigured, match="must not take orders in production"):
        Gateway()


def test_its_secret_is_of_this_installation(settings: Any) -> None:
    own = webhook_secrets()
    settings.SECRET_KEY = "another installation"
    assert webhook_secrets() != own
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_given"]
    assert webhook_secrets() == ["whsec_given"]


@pytest.mark.django_db(transaction=True)
def test_an_event_reaches_the_shop_over_http_and_pays(
    waiting: Waiting, guest: Storefront, live_server: Any, settings: Any
) -> None:
    settings.PUBLIC_URL = live_server.url
    guest.confirm_card_payment(waiting.payment.client_secret, "pm_card_visa")
    event = models.TestEvent.objects.get()
    deliver(str(event.pk))
    event.refresh_from_db()
    assert (event.status, event.attempts) == ("done", 1)
    stored = StripeEvent.objects.get()
    assert (stored.event_id, stored.type, stored.status) == (
        event.event_id, "payment_intent.succeeded", "queued",
    )  # fmt: skip
    handle(str(stored.pk))
    assert Order.objects.get().payment_status == "paid"
    deliver(str(event.pk))
    assert StripeEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_event_that_the_shop_could_not_take_is_delivered_again(
    waiting: Waiting, guest: Storefront, live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUBLIC_URL = live_server.url
    guest.confirm_card_payment(waiting.payment.client_secret, "pm_card_visa")
    event = models.TestEvent.objects.get()
    with monkeypatch.context() as broken:
        broken.setattr(services, "event_receive", lambda event: 1 / 0)
        deliver(str(event.pk))
    event.refresh_from_db()
    assert (event.status, event.attempts, event.error_code) == ("queued", 1, "undelivered")
    assert "500 Server Error" in event.error_message
    assert event.available_at - timezone.now() > timedelta(seconds=RETRY_DELAYS_S[0] - 2)
    deliver(str(event.pk))
    assert StripeEvent.objects.count() == 0, "it is not due yet"
    models.TestEvent.objects.update(available_at=timezone.now())
    deliver(str(event.pk))
    event.refresh_from_db()
    assert (event.status, event.error_code, StripeEvent.objects.count()) == ("done", "", 1)


def test_a_shop_that_does_not_answer_is_tried_three_times(
    waiting: Waiting, guest: Storefront, settings: Any
) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    guest.confirm_card_payment(waiting.payment.client_secret, "pm_card_visa")
    event = models.TestEvent.objects.get()
    for attempt in (1, 2, 3):
        models.TestEvent.objects.update(available_at=timezone.now())
        deliver(str(event.pk))
        event.refresh_from_db()
        assert event.attempts == attempt
    assert (event.status, event.error_code) == ("failed", "undelivered")
