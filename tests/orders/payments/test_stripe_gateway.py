"""The real SDK against a stateful double on loopback: only the address differs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from common.errors import ProviderError
from orders.payments.backends import stripe as backend
from orders.payments.gateway import SignatureInvalid
from tests.fakes.stripe import FakeStripe

ORDER = {"amount_cents": 1890, "currency": "usd", "order_id": "o-1", "order_number": "RB-1"}


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with FakeStripe() as double:
        yield double


@pytest.fixture
def gateway(fake: FakeStripe, settings: Any) -> backend.StripeGateway:
    settings.STRIPE_SECRET_KEY = "sk_test_123"
    settings.STRIPE_API_URL = fake.url
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_a"]
    return backend.StripeGateway()


def test_an_intent_is_created_with_what_the_webhook_will_need(
    gateway: backend.StripeGateway, fake: FakeStripe
) -> None:
    intent = gateway.create_intent(**ORDER, idempotency_key="order:o-1:pi:v1")
    assert (intent.amount_cents, intent.currency, intent.order_id) == (1890, "usd", "o-1")
    assert intent.status == "requires_payment_method"
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    request = fake.requests[-1]
    assert request.headers["authorization"] == "Bearer sk_test_123"
    assert request.headers["idempotency-key"] == "order:o-1:pi:v1"
    assert request.headers["stripe-version"] == stripe.api_version
    assert request.form["automatic_payment_methods[enabled]"] == "true"
    assert request.form["metadata[order_id]"] == "o-1"
    assert not any("@" in value for value in request.form.values()), "no personal data in metadata"


def test_the_same_key_is_the_same_intent(gateway: backend.StripeGateway, fake: FakeStripe) -> None:
    first = gateway.create_intent(**ORDER, idempotency_key="k")
    assert gateway.create_intent(**ORDER, idempotency_key="k") == first
    assert len(fake.intents) == 1
    with pytest.raises(ProviderError) as error:
        gateway.create_intent(**(ORDER | {"amount_cents": 1}), idempotency_key="k")
    assert error.value.retryable is False


def test_a_paid_intent_is_read_with_what_arrived(gateway: backend.StripeGateway, fake: FakeStripe) -> None:
    intent = gateway.create_intent(**ORDER, idempotency_key="k")
    fake.pay(intent.id)
    paid = gateway.retrieve_intent(intent.id)
    assert (paid.status, paid.amount_received_cents) == ("succeeded", 1890)


def test_a_declined_card_tells_why(gateway: backend.StripeGateway, fake: FakeStripe) -> None:
    intent = gateway.create_intent(**ORDER, idempotency_key="k")
    fake.decline(intent.id, "Your card was declined.")
    assert gateway.retrieve_intent(intent.id).failure == "Your card was declined."


def test_a_cancelled_intent_says_so(gateway: backend.StripeGateway, fake: FakeStripe) -> None:
    intent = gateway.create_intent(**ORDER, idempotency_key="k")
    fake.cancel(intent.id)
    assert gateway.retrieve_intent(intent.id).status == "canceled"


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (401, False), (402, False), (404, False), (429, True), (503, True)],
)
def test_errors_say_whether_asking_again_may_help(
    gateway: backend.StripeGateway, fake: FakeStripe, status: int, retryable: bool
) -> None:
    fake.fail_next(10, status)
    with pytest.raises(ProviderError) as error:
        gateway.retrieve_intent("pi_1")
    assert (error.value.provider, error.value.retryable) == ("Stripe", retryable)


def test_one_failure_is_retried_by_the_sdk_with_the_same_key(
    gateway: backend.StripeGateway, fake: FakeStripe
) -> None:
    fake.fail_next(1, 500)
    gateway.create_intent(**ORDER, idempotency_key="k")
    assert [request.headers["idempotency-key"] for request in fake.requests] == ["k", "k"]
    assert len(fake.intents) == 1


def test_a_dead_provider_is_a_retryable_error(gateway: backend.StripeGateway, fake: FakeStripe) -> None:
    fake.stop()
    with pytest.raises(ProviderError) as error:
        gateway.retrieve_intent("pi_1")
    assert error.value.retryable is True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Clients that wait for a fifth of a second; the list holds how long they should have waited."""
    asked, real = [], stripe.RequestsClient

    def client(timeout: Any) -> Any:
        asked.append(timeout)
        return real(timeout=0.2)

    monkeypatch.setattr(stripe, "RequestsClient", client)
    return asked


def test_a_silent_provider_is_left_after_a_while(
    impatient: list[Any], gateway: backend.StripeGateway, fake: FakeStripe
) -> None:
    fake.delay_next(3, 0.6)
    with pytest.raises(ProviderError) as error:
        gateway.retrieve_intent("pi_1")
    assert (error.value.retryable, len(fake.requests)) == (True, 3)
    assert impatient == [(3, 10)], "the SDK's own 80 s would hold a worker for four minutes"


def test_an_answer_that_got_lost_does_not_make_a_second_intent(
    impatient: list[Any], gateway: backend.StripeGateway, fake: FakeStripe
) -> None:
    fake.delay_next(1, 0.6)
    intent = gateway.create_intent(**ORDER, idempotency_key="k")
    assert [request.headers["idempotency-key"] for request in fake.requests] == ["k", "k"]
    assert list(fake.intents) == [intent.id]


def test_events_are_verified(gateway: backend.StripeGateway) -> None:
    body = '{"id":"evt_1","type":"payment_intent.succeeded","data":{"object":{"object":"payment_intent","id":"pi_1"}}}'
    header = stripe.WebhookSignature.generate_signature_header(body, "whsec_a")
    event = gateway.verify_event(body.encode(), header)
    assert (event.id, event.type, event.intent_id) == ("evt_1", "payment_intent.succeeded", "pi_1")
    stale = stripe.WebhookSignature.generate_signature_header(
        body, "whsec_a", timestamp=int(time.time()) - 301
    )
    for bad in (stale, "", header.replace("v1=", "v1=0")):
        with pytest.raises(SignatureInvalid):
            gateway.verify_event(body.encode(), bad)


def test_without_a_secret_the_endpoint_is_closed(gateway: backend.StripeGateway, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = []
    with pytest.raises(SignatureInvalid):
        gateway.verify_event(b"{}", stripe.WebhookSignature.generate_signature_header("{}", ""))
