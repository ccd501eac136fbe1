"""Does at once what workers would do later: events reach the inbox and are applied, refunds and stops are sent."""

from __future__ import annotations

import json
from typing import Any

import stripe
from django.test import Client
from django.utils import timezone

from orders.models import (
    Order,
    OrderEvent,
    OutboxMail,
    Payment,
    PaymentStop,
    ProductionPack,
    Refund,
    StaffAlert,
    StripeEvent,
    TestEvent,
)
from orders.payments import alerts, ending, refunds
from orders.payments.backends.signature import event_of
from orders.payments.handlers import handle
from orders.payments.services import event_receive
from tests.fakes.stripe import FakeStripe

DOUBLE_SECRET = "whsec_double"


def post_event(event: dict[str, Any], *, secret: str = DOUBLE_SECRET) -> int:
    """The status that the shop answers an event of the double with."""
    text = json.dumps(event)
    header = stripe.WebhookSignature.generate_signature_header(text, secret)
    return (
        Client()
        .post(
            "/api/webhooks/stripe",
            text,
            content_type="application/json",
            headers={"stripe-signature": header},
        )
        .status_code
    )


def deliver(double: FakeStripe) -> None:
    """Every event of the double, the newest first: the order is nobody's promise."""
    for event in reversed(double.events):
        assert post_event(event) == 200
    work_off()


def receive_all() -> None:
    """Every event of the test gateway is in the inbox, as if its delivery had succeeded."""
    for event in TestEvent.objects.order_by("created_at"):
        event_receive(event_of(event.payload))


def work_off() -> None:
    """Whatever is due is worked on, until nothing is."""
    for _ in range(4):
        receive_all()
        for model, work in (
            (StripeEvent, handle),
            (Refund, refunds.send),
            (PaymentStop, ending.stop),
            (StaffAlert, alerts.send),
        ):
            for pk in list(model.due(timezone.now()).order_by("created_at").values_list("pk", flat=True)):
                work(str(pk))


def make_due() -> None:
    """Time passes: what waits for its next attempt, or was left by a dead worker, is due."""
    now = timezone.now()
    for model in (StripeEvent, Refund, PaymentStop, StaffAlert, TestEvent):
        model._default_manager.filter(status="queued").update(available_at=now)
        model._default_manager.filter(status="running").update(lease_expires_at=now)


def state(order: Order) -> dict[str, Any]:
    """What an order and its money have come to."""
    order.refresh_from_db()
    kinds = list(OrderEvent.objects.filter(order=order).values_list("kind", flat=True))
    payments = Payment.objects.filter(order=order).order_by("attempt")
    rows = Refund.objects.filter(payment__order=order).order_by("created_at")
    return {
        "payment": order.payment_status,
        "production": order.production_status,
        "hold": order.hold_reason,
        "paid": kinds.count("order.paid"),
        "placed_mails": OutboxMail.objects.filter(order=order, kind="order_placed").count(),
        "packs": ProductionPack.objects.filter(line__order=order).count(),
        "payments": [(p.status, str(p.captured), str(p.refunded)) for p in payments],
        "refunds": [(str(row.amount), row.state, row.source) for row in rows],
    }
