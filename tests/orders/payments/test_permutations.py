"""Events in every order, each of them twice, end in the same state."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from orders.models import Dispute, StaffAlert, StripeEvent
from orders.payments.backends import bank
from orders.payments.backends.signature import event_of
from orders.payments.handlers import handle
from orders.payments.services import event_receive
from tests.orders.conftest import Waiting
from tests.orders.payments.work import state

pytestmark = pytest.mark.django_db
KINDS = ("created", "processing", "failed", "succeeded", "refunded", "disputed")


class Backwards(Exception):
    """Rolls one permutation back, so that the next one finds the same unpaid order."""


def bodies(waiting: Waiting, refund: dict[str, Any], dispute: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """One event of each kind, as the provider would have sent it at its time."""
    about = {"id": waiting.intent.pk, "object": "payment_intent", "status": "requires_payment_method"}
    declined = about | {"last_payment_error": {"message": "Your card was declined."}}
    objects = {
        "created": ("payment_intent.created", about),
        "processing": ("payment_intent.processing", about | {"status": "processing"}),
        "failed": ("payment_intent.payment_failed", declined),
        "succeeded": ("payment_intent.succeeded", about | {"status": "succeeded"}),
        "refunded": (
            "charge.refunded",
            {"id": "ch_1", "object": "charge", "payment_intent": waiting.intent.pk},
        ),
        "disputed": ("charge.dispute.created", dispute),
    }
    return {
        name: {"id": f"evt_{name}", "object": "event", "type": kind, "data": {"object": body}}
        for name, (kind, body) in objects.items()
    }


def deliver(event: dict[str, Any]) -> None:
    event_receive(event_of(event))
    handle(str(StripeEvent.objects.get(event_id=event["id"]).pk))


def outcome(waiting: Waiting) -> Any:
    return (
        state(waiting.order),
        list(Dispute.objects.values_list("status", flat=True)),
        sorted(StaffAlert.objects.values_list("kind", flat=True)),
        StripeEvent.objects.exclude(status="done").count(),
        StripeEvent.objects.count(),
    )


def outcomes(
    waiting: Waiting, events: dict[str, dict[str, Any]], before: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """What comes of every order of the events that begins with `before`, which have happened.

    A walk through the tree of prefixes: each is applied once, and rolled back when all that follows it is known. Every
    event comes twice: once in its place, and once more after all the others.
    """
    left = [kind for kind in events if kind not in before]
    if not left:
        for kind in before:
            deliver(events[kind])
        yield before, outcome(waiting)
    for kind in left:
        with contextlib.suppress(Backwards), transaction.atomic():
            deliver(events[kind])
            yield from outcomes(waiting, events, (*before, kind))
            raise Backwards


PAID_DISPUTED = {
    "payment": "partially_refunded",
    "production": "pending",
    "hold": "disputed",
    "paid": 1,
    "placed_mails": 1,
    "packs": 1,
    "payments": [("succeeded", "17.96", "5.00")],
    "refunds": [("5.00", "succeeded", "provider")],
}


@pytest.mark.timeout(400)  # 326 states, each with its duplicates
@pytest.mark.parametrize("first", KINDS)
def test_all_permutations_with_duplicates_end_in_the_same_state(waiting: Waiting, first: str) -> None:
    """720 orders of six events, 120 of them here; each event comes once more after all the others."""
    waiting.succeed()
    refund = bank.make_refund(waiting.intent.pk, 500)
    events = bodies(waiting, refund, bank.open_dispute(waiting.intent.pk))
    deliver(events[first])
    found = dict(outcomes(waiting, events, (first,)))
    assert len(found) == 120
    expected = (PAID_DISPUTED, ["needs_response"], ["disputed"], 0, 6)
    assert {kinds: result for kinds, result in found.items() if result != expected} == {}


def test_all_permutations_with_a_full_refund_end_in_the_same_state(waiting: Waiting) -> None:
    waiting.succeed()
    refund = bank.make_refund(waiting.intent.pk, 1796)
    events = bodies(waiting, refund, {})
    del events["created"], events["disputed"]
    found = dict(outcomes(waiting, events))
    assert len(found) == 24
    settled = PAID_DISPUTED | {
        "payment": "refunded",
        "production": "cancelled",
        "hold": "",
        "payments": [("succeeded", "17.96", "17.96")],
        "refunds": [("17.96", "succeeded", "provider")],
    }
    expected = (settled, [], [], 0, 4)
    assert {kinds: result for kinds, result in found.items() if result != expected} == {}


def test_every_event_a_hundred_times_changes_nothing_more(waiting: Waiting) -> None:
    waiting.succeed()
    refund = bank.make_refund(waiting.intent.pk, 500)
    events = bodies(waiting, refund, bank.open_dispute(waiting.intent.pk))
    for kind in KINDS:
        deliver(events[kind])
    once = outcome(waiting)
    for kind in KINDS * 100:
        deliver(events[kind])
    assert outcome(waiting) == once == (PAID_DISPUTED, ["needs_response"], ["disputed"], 0, 6)
