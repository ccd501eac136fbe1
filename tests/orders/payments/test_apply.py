"""A payment pays its order once, in whatever order and however often its events arrive."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import stripe
from django.db import connection
from django.test import Client
from django.utils import timezone

from demo.storefront import Refused, Storefront
from orders import lifecycle
from orders.models import Order, OrderEvent, OutboxMail, Payment, ProductionPack, StripeEvent
from orders.payments.backends.testing import webhook_secrets
from orders.payments.handlers import handle
from tests.contracts.baskets import NEVADA
from tests.orders.conftest import Waiting

pytestmark = pytest.mark.django_db


def event_body(waiting: Waiting, kind: str, *, event_id: str = "", **changes: Any) -> bytes:
    about = {
        "id": waiting.intent.pk,
        "object": "payment_intent",
        "status": "requires_payment_method" if kind.endswith("payment_failed") else "succeeded",
        "last_payment_error": {"message": "Your card was declined."}
        if kind.endswith("payment_failed")
        else None,
    } | changes
    body = {"id": event_id or f"evt_{kind}", "object": "event", "type": kind, "data": {"object": about}}
    return json.dumps(body).encode()


def post(
    body: bytes, *, secret: str | None = None, at: int | None = None, signature: str | None = None
) -> Any:
    if signature is None:
        signature = stripe.WebhookSignature.generate_signature_header(
            body.decode(), secret or webhook_secrets()[0], timestamp=at
        )
    return Client(raise_request_exception=False).post(
        "/api/webhooks/stripe",
        data=body,
        content_type="application/json",
        headers={"stripe-signature": signature} if signature else {},
    )


def work_off() -> None:
    for pk in StripeEvent.objects.values_list("pk", flat=True):
        handle(str(pk))


def outcome(order: Order) -> tuple[Any, ...]:
    order.refresh_from_db()
    kinds = sorted(OrderEvent.objects.filter(order=order).values_list("kind", flat=True))
    return (
        order.payment_status,
        order.hold_reason,
        kinds.count("order.paid"),
        OutboxMail.objects.filter(order=order, kind="order_placed").count(),
        ProductionPack.objects.filter(line__order=order).count(),
        Payment.objects.filter(order=order, status="succeeded").count(),
    )


PAID_ONCE = ("paid", "", 1, 1, 1, 1)
KINDS = (
    "payment_intent.created",
    "payment_intent.processing",
    "payment_intent.payment_failed",
    "payment_intent.succeeded",
)


@pytest.mark.parametrize(
    "kinds", list(itertools.permutations(KINDS)), ids=lambda k: ">".join(x[15:] for x in k)
)
def test_every_order_of_events_with_duplicates_ends_paid_once(
    waiting: Waiting, kinds: tuple[str, ...]
) -> None:
    waiting.succeed()
    for kind in (*kinds, *kinds):
        assert post(event_body(waiting, kind)).status_code == 200
        work_off()
    assert outcome(waiting.order) == PAID_ONCE
    assert StripeEvent.objects.exclude(status="done").count() == 0
    assert StripeEvent.objects.count() == len(KINDS)


def test_the_same_event_a_hundred_times_is_one_row_and_one_payment(waiting: Waiting) -> None:
    waiting.succeed()
    body = event_body(waiting, "payment_intent.succeeded")
    assert {post(body).status_code for _ in range(100)} == {200}
    work_off()
    work_off()
    assert StripeEvent.objects.count() == 1
    assert outcome(waiting.order) == PAID_ONCE


def test_a_decline_is_noted_and_the_same_intent_may_still_pay(waiting: Waiting) -> None:
    post(event_body(waiting, "payment_intent.payment_failed"))
    work_off()
    waiting.order.refresh_from_db()
    assert waiting.order.payment_status == "failed"
    assert waiting.order.open_basket_key is not None
    waiting.succeed()
    post(event_body(waiting, "payment_intent.succeeded"))
    work_off()
    assert outcome(waiting.order) == PAID_ONCE


def test_a_late_decline_never_takes_a_payment_back(waiting: Waiting) -> None:
    waiting.succeed()
    post(event_body(waiting, "payment_intent.succeeded"))
    work_off()
    post(event_body(waiting, "payment_intent.payment_failed"))
    work_off()
    assert outcome(waiting.order) == PAID_ONCE


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount_received_cents", 1), ("currency", "eur"), ("metadata", {"order_id": "another"})],
)
def test_a_payment_that_does_not_match_holds_the_order(waiting: Waiting, field: str, value: Any) -> None:
    waiting.succeed()
    setattr(waiting.intent, field, value)
    waiting.intent.save()
    post(event_body(waiting, "payment_intent.succeeded"))
    work_off()
    assert outcome(waiting.order) == ("pending", "payment_mismatch", 0, 0, 0, 0)
    held = OrderEvent.objects.get(order=waiting.order, kind="order.held")
    assert "expected" in held.note and held.actor == "test-gateway"


def test_one_payment_cannot_pay_another_order(make_order: Callable[..., Waiting], guest: Storefront) -> None:
    cheap, dear = make_order(), make_order(address=NEVADA | {"line1": "2 Another Street"})
    assert cheap.order.pk != dear.order.pk
    cheap.succeed()
    body = {"payment_intent_id": cheap.intent.pk}
    with pytest.raises(Refused) as refusal:
        guest.json("POST", f"/api/orders/{dear.order.pk}/capture-payment", json=body)
    assert (refusal.value.status, refusal.value.message) == (400, "Payment not completed")
    assert outcome(dear.order) == ("pending", "", 0, 0, 0, 0)
    assert outcome(cheap.order) == ("pending", "", 0, 0, 0, 0)


def test_the_browser_is_not_believed(waiting: Waiting, guest: Storefront) -> None:
    with pytest.raises(Refused) as refusal:
        guest.capture_payment(str(waiting.order.pk), waiting.intent.pk)
    assert refusal.value.body["code"] == "payment_not_completed"
    assert outcome(waiting.order) == ("pending", "", 0, 0, 0, 0)
    waiting.succeed()
    assert guest.capture_payment(str(waiting.order.pk), waiting.intent.pk)["payment_status"] == "paid"
    assert guest.capture_payment(str(waiting.order.pk), waiting.intent.pk)["payment_status"] == "paid"
    post(event_body(waiting, "payment_intent.succeeded"))
    work_off()
    assert outcome(waiting.order) == PAID_ONCE


def test_money_for_a_cancelled_order_is_kept_on_hold(waiting: Waiting) -> None:
    lifecycle.order_change_production(waiting.order.pk, "cancelled", actor="staff:1")
    waiting.succeed()
    post(event_body(waiting, "payment_intent.succeeded"))
    work_off()
    assert outcome(waiting.order) == ("paid", "paid_after_cancellation", 1, 0, 0, 1)


def test_an_event_that_overtakes_its_order_is_tried_again(waiting: Waiting) -> None:
    waiting.succeed()
    intent_id = waiting.payment.intent_id
    Payment.objects.filter(pk=waiting.payment.pk).update(intent_id="pi_not_yet")
    post(event_body(waiting, "payment_intent.succeeded"))
    work_off()
    event = StripeEvent.objects.get()
    assert (event.status, event.error_code, event.attempts) == ("queued", "payment_unknown", 1)
    Payment.objects.filter(pk=waiting.payment.pk).update(intent_id=intent_id)
    StripeEvent.objects.update(available_at=event.created_at)
    work_off()
    assert outcome(waiting.order) == PAID_ONCE


def test_an_event_that_stays_unknown_is_given_up(waiting: Waiting) -> None:
    waiting.succeed()
    Payment.objects.filter(pk=waiting.payment.pk).update(intent_id="pi_another_shops")
    post(event_body(waiting, "payment_intent.succeeded"))
    for attempt in range(1, StripeEvent.MAX_ATTEMPTS + 1):
        StripeEvent.objects.update(available_at=timezone.now())
        work_off()
        event = StripeEvent.objects.get()
        assert event.attempts == attempt
    assert (event.status, event.error_code) == ("failed", "payment_unknown")
    work_off()
    assert StripeEvent.objects.get().attempts == StripeEvent.MAX_ATTEMPTS == 8
    assert outcome(waiting.order) == ("pending", "", 0, 0, 0, 0)


def test_an_intent_that_the_provider_does_not_know_is_given_up_at_once(waiting: Waiting) -> None:
    post(event_body(waiting, "payment_intent.succeeded", id="pi_unheard_of"))
    work_off()
    event = StripeEvent.objects.get()
    assert (event.status, event.error_code) == ("failed", "provider_unavailable")


def test_a_crash_while_applying_is_tried_again(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting.succeed()
    post(event_body(waiting, "payment_intent.succeeded"))
    with monkeypatch.context() as broken:
        broken.setattr(lifecycle, "mail_enqueue", lambda *args: 1 / 0)
        work_off()
    event = StripeEvent.objects.get()
    assert (event.status, event.error_code, event.error_message) == (
        "queued", "internal_error", "ZeroDivisionError",
    )  # fmt: skip
    assert outcome(waiting.order) == ("pending", "", 0, 0, 0, 0), "half a payment is none"
    StripeEvent.objects.update(available_at=timezone.now())
    work_off()
    assert outcome(waiting.order) == PAID_ONCE


@pytest.mark.parametrize("kinds", list(itertools.permutations(("canceled", "payment_failed"))), ids=">".join)
def test_a_cancelled_intent_ends_the_attempt_and_not_the_order(
    waiting: Waiting, kinds: tuple[str, ...]
) -> None:
    waiting.intent.status = "canceled"
    waiting.intent.save()
    for kind in (*kinds, *kinds):
        post(event_body(waiting, f"payment_intent.{kind}"))
        work_off()
    waiting.refresh()
    assert (waiting.payment.status, waiting.order.production_status) == ("canceled", "pending")
    assert waiting.order.payment_status == "pending"
    assert waiting.order.open_basket_key is not None, (
        "the next checkout finds the order and opens a new attempt"
    )


def test_a_late_cancellation_never_takes_a_payment_back(waiting: Waiting) -> None:
    waiting.succeed()
    post(event_body(waiting, "payment_intent.succeeded"))
    work_off()
    waiting.intent.status = "canceled"  # cannot happen at Stripe; it would change nothing here
    waiting.intent.save()
    post(event_body(waiting, "payment_intent.canceled"))
    work_off()
    assert outcome(waiting.order) == PAID_ONCE


@pytest.mark.parametrize(
    "header",
    [
        "t=1,v1=é", "t=now,v1=é", "t=²,v1=a", f"t={'9' * 5000},v1=a", "t=,v1=", "v1=a", "t=1", ",=,=",
    ],
    ids=lambda header: header[:20],
)  # fmt: skip
def test_a_header_that_is_garbage_is_a_refusal_and_not_a_crash(waiting: Waiting, header: str) -> None:
    header = header.replace("now", str(int(time.time())))
    answer = post(event_body(waiting, "payment_intent.succeeded"), signature=header)
    assert (answer.status_code, answer.json()["code"]) == (400, "signature_invalid")
    assert StripeEvent.objects.count() == 0


@pytest.mark.parametrize(
    "broken",
    ["no signature", "nonsense", "wrong secret", "stale", "altered", "not json", "not an event"],
)
def test_what_the_provider_did_not_sign_is_refused_and_not_stored(waiting: Waiting, broken: str) -> None:
    body = event_body(waiting, "payment_intent.succeeded")
    answer = {
        "no signature": lambda: post(body, signature=""),
        "nonsense": lambda: post(body, signature="nonsense"),
        "wrong secret": lambda: post(body, secret="whsec_wrong"),
        "stale": lambda: post(body, at=int(time.time()) - 301),
        "altered": lambda: post(
            body.replace(b"succeeded", b"succeedex"),
            signature=stripe.WebhookSignature.generate_signature_header(body.decode(), webhook_secrets()[0]),
        ),
        "not json": lambda: post(b"not json"),
        "not an event": lambda: post(b'{"id": "evt_1", "object": "v2.core.event"}'),
    }[broken]()
    assert (answer.status_code, answer.json()["code"]) == (400, "signature_invalid")
    assert StripeEvent.objects.count() == 0


def test_a_rotated_secret_works_beside_the_old_one(waiting: Waiting, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    for number, secret in enumerate(settings.STRIPE_WEBHOOK_SECRETS):
        body = event_body(waiting, "payment_intent.created", event_id=f"evt_{number}")
        assert post(body, secret=secret).status_code == 200
    assert StripeEvent.objects.count() == 2


def test_unknown_kinds_are_stored_and_done(waiting: Waiting) -> None:
    post(event_body(waiting, "customer.created", object="customer"))
    work_off()
    assert StripeEvent.objects.get().status == "done"
    assert outcome(waiting.order) == ("pending", "", 0, 0, 0, 0)


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_two_webhooks_and_the_browser_racing_pay_once(waiting: Waiting, guest: Storefront) -> None:
    waiting.succeed()
    for number in range(2):
        post(event_body(waiting, "payment_intent.succeeded", event_id=f"evt_{number}"))
    keys = [str(pk) for pk in StripeEvent.objects.values_list("pk", flat=True)]
    barrier = threading.Barrier(4)

    def run(step: Callable[[], Any]) -> None:
        barrier.wait()
        step()
        connection.close()

    steps: list[Callable[[], Any]] = [lambda pk=pk: handle(pk) for pk in keys]
    steps += [lambda: guest.capture_payment(str(waiting.order.pk), waiting.intent.pk)] * 2
    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcome(waiting.order) == PAID_ONCE
    assert waiting.order.total == Decimal("17.96")
