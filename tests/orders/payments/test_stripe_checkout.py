"""The whole way with Stripe: the shop's own settings switch, the real SDK, and a double of Stripe on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import stripe
from django.test import Client

from demo.storefront import Json, Refused, Storefront
from demo.walk import ADDRESS
from orders.checkout import tax
from orders.models import Order, Payment, ProductionPack, StripeEvent
from orders.payments import gateway
from orders.payments.handlers import handle
from tests.contracts.baskets import CREATE, order_body, tee
from tests.contracts.expectations import nothing_changes
from tests.fakes.stripe import FakeStripe

pytestmark = pytest.mark.django_db
SECRET = "whsec_double"


@pytest.fixture
def stripe_double(settings: Any) -> Iterator[FakeStripe]:
    """The shop as it is with a Stripe key, which talks to the double."""
    settings.PAYMENT_GATEWAY = "orders.payments.backends.stripe.StripeGateway"
    settings.TAX_CALCULATOR = "orders.checkout.tax.StripeTaxCalculator"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRETS = "sk_test_1", [SECRET]
    with FakeStripe() as double:
        settings.STRIPE_API_URL = double.url
        gateway._gateway.cache_clear()  # it keeps its client, and with it the address of an earlier double
        tax._calculator.cache_clear()
        yield double
    gateway._gateway.cache_clear()
    tax._calculator.cache_clear()


def body(art: Json) -> Json:
    """One tee to California: 7.25 % of 12.98 are 0.94."""
    return order_body(tee(art), address=ADDRESS, tax=0.94)


def announce(kind: str, intent: Json, event_id: str = "evt_1") -> None:
    event = {"id": event_id, "object": "event", "type": kind, "data": {"object": intent}}
    text = json.dumps(event)
    header = stripe.WebhookSignature.generate_signature_header(text, SECRET)
    answer = Client().post(
        "/api/webhooks/stripe", text, content_type="application/json", headers={"stripe-signature": header}
    )
    assert answer.status_code == 200
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
