"""Every move of an order: checked, locked, written with its history, announced once."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from common.errors import Conflict, DomainError, NotFound, Unprocessable
from demo.storefront import Storefront
from orders import lifecycle
from orders.models import Order, OrderEvent, OutboxMail, ProductionPack
from orders.states import PRODUCTION_MOVES
from tests.contracts.expectations import nothing_changes
from tests.orders.conftest import Waiting

pytestmark = pytest.mark.django_db
WAY_TO = {
    "pending": [],
    "in_production": ["in_production"],
    "shipped": ["in_production", "shipped"],
    "delivered": ["in_production", "shipped", "delivered"],
    "cancelled": ["cancelled"],
}


def move(order: Order, *words: str, **fields: str) -> Order:
    for word in words:
        order = lifecycle.order_change_production(order.pk, word, actor="staff:7", **fields)
    return order


@pytest.fixture
def paid(waiting: Waiting) -> Order:
    lifecycle.order_mark_paid(waiting.order, waiting.payment, actor="stripe")
    waiting.refresh()
    return waiting.order


@pytest.mark.parametrize(("current", "following"), list(itertools.product(PRODUCTION_MOVES, repeat=2)))
def test_only_the_moves_of_the_table_are_made(paid: Order, current: str, following: str) -> None:
    move(paid, *WAY_TO[current])
    events = OrderEvent.objects.count()
    if current == following:
        move(paid, following)
        assert OrderEvent.objects.count() == events, "staying is no event"
    elif following in PRODUCTION_MOVES[current]:
        assert move(paid, following).production_status == following
        assert OrderEvent.objects.count() == events + 1
    else:
        with nothing_changes(), pytest.raises(Conflict) as refusal:
            move(paid, following)
        assert refusal.value.code == "illegal_transition"
        assert refusal.value.extra == {"allowed": sorted(PRODUCTION_MOVES[current])}
        assert current in refusal.value.message and following in refusal.value.message


@pytest.mark.parametrize("word", ["in_production", "processing", "shipped", "delivered"])
def test_nothing_is_made_before_it_is_paid(waiting: Waiting, word: str) -> None:
    with nothing_changes(), pytest.raises(Conflict):
        move(waiting.order, word)


@pytest.mark.parametrize("word", ["", "In_Production", "lost", "paid", "refunded"])
def test_an_unknown_word_is_refused(paid: Order, word: str) -> None:
    with nothing_changes(), pytest.raises(Unprocessable) as refusal:
        move(paid, word)
    assert refusal.value.code == "status_unknown"


def test_an_unknown_order_is_not_found() -> None:
    with pytest.raises(NotFound):
        lifecycle.order_change_production(uuid4(), "shipped", actor="staff:7")


def test_the_history_says_who_did_what_and_what_was_before(paid: Order) -> None:
    move(paid, "processing")
    move(paid, "shipped", tracking_number="1Z999", carrier="UPS")
    created, was_paid, printing, shipped = OrderEvent.objects.order_by("created_at")
    assert (created.kind, created.actor, created.before) == ("order.created", "customer", {})
    assert created.after == {"payment_status": "pending", "production_status": "pending"}
    assert (was_paid.kind, was_paid.actor) == ("order.paid", "stripe")
    assert was_paid.before == {"payment_status": "pending", "paid_at": None}
    assert was_paid.after["payment_status"] == "paid" and was_paid.after["paid_at"]
    assert "open_basket_key" not in was_paid.before | was_paid.after
    assert (printing.kind, printing.actor) == ("order.in_production", "staff:7")
    assert (printing.before, printing.after) == (
        {"production_status": "pending"}, {"production_status": "in_production"},
    )  # fmt: skip
    assert shipped.before == {
        "production_status": "in_production", "shipped_at": None, "tracking_number": "", "carrier": "",
    }  # fmt: skip
    assert shipped.after["tracking_number"] == "1Z999"


def test_the_time_of_shipping_is_set_once(paid: Order) -> None:
    before = timezone.now()
    shipped_at = move(paid, "in_production", "shipped").shipped_at
    assert shipped_at and before <= shipped_at < before + timedelta(minutes=1)
    assert move(paid, "shipped").shipped_at == shipped_at
    assert move(paid, "shipped", tracking_number="1Z999").shipped_at == shipped_at
    assert move(paid, "delivered").shipped_at == shipped_at


def test_a_correction_is_written_down_and_an_empty_field_clears_nothing(paid: Order) -> None:
    move(paid, "in_production", "shipped", tracking_number="1Z1", carrier="UPS")
    events = OrderEvent.objects.count()
    assert move(paid, "shipped", tracking_number="1Z2").tracking_number == "1Z2"
    edited = OrderEvent.objects.order_by("created_at").last()
    assert edited is not None and OrderEvent.objects.count() == events + 1
    assert (edited.kind, edited.before, edited.after) == (
        "order.edited", {"tracking_number": "1Z1"}, {"tracking_number": "1Z2"},
    )  # fmt: skip
    order = move(paid, "shipped", tracking_number="", carrier="")
    assert (order.tracking_number, order.carrier, OrderEvent.objects.count()) == ("1Z2", "UPS", events + 1)


def test_each_step_writes_one_letter(paid: Order) -> None:
    kinds = OutboxMail.objects.order_by("created_at").values_list("kind", flat=True)
    assert list(kinds) == ["order_placed"]
    for word, kind in (
        ("processing", "order_processing"), ("shipped", "order_shipped"), ("delivered", "order_delivered"),
    ):  # fmt: skip
        move(paid, word, word)
        assert list(kinds.all())[-1] == kind
    assert kinds.all().count() == 4


def test_a_cancellation_writes_no_letter(paid: Order) -> None:
    move(paid, "cancelled")
    assert list(OutboxMail.objects.values_list("kind", flat=True)) == ["order_placed"]


def test_a_hold_keeps_production_from_starting(paid: Order) -> None:
    lifecycle.order_hold(paid, reason="pack_check_failed", actor="system", note="line 1: 86 DPI")
    lifecycle.order_hold(paid, reason="pack_check_failed", actor="system", note="line 1: 86 DPI")
    held = OrderEvent.objects.get(kind="order.held")
    assert (held.actor, held.note, held.after) == (
        "system", "line 1: 86 DPI", {"hold_reason": "pack_check_failed"},
    )  # fmt: skip
    with nothing_changes(), pytest.raises(Conflict, match="on hold: pack_check_failed"):
        move(paid, "in_production")
    assert move(paid, "cancelled").production_status == "cancelled"


def test_a_held_order_that_gets_paid_is_not_produced(waiting: Waiting) -> None:
    lifecycle.order_hold(waiting.order, reason="payment_mismatch", actor="stripe")
    lifecycle.order_mark_paid(waiting.order, waiting.payment, actor="stripe")
    waiting.refresh()
    assert (waiting.order.payment_status, waiting.order.hold_reason) == ("paid", "payment_mismatch")
    assert ProductionPack.objects.count() == 0


def test_paying_twice_changes_nothing(paid: Order, waiting: Waiting) -> None:
    with nothing_changes():
        lifecycle.order_mark_paid(paid, waiting.payment, actor="customer")
        lifecycle.order_mark_payment_failed(paid, actor="stripe", reason="declined")


def test_half_a_move_is_no_move(paid: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status, history and letter are one commit."""
    monkeypatch.setattr(lifecycle, "mail_enqueue", lambda *args: 1 / 0)
    with nothing_changes(), pytest.raises(ZeroDivisionError):
        move(paid, "in_production")


def test_staff_see_why_an_order_is_held(paid: Order, staff: Storefront) -> None:
    lifecycle.order_hold(paid, reason="pack_failed", actor="system")
    (row,) = staff.json("GET", "/api/admin/orders")["data"]["orders"]
    assert (row["hold_reason"], row["payment_status"]) == ("pack_failed", "paid")


def _at_once(steps: list[Callable[[], Any]]) -> list[Any]:
    """Results, or the refusals, of all steps, which begin in the same moment."""
    barrier, results = threading.Barrier(len(steps)), []

    def run(step: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results.append(step())
        except DomainError as refusal:
            results.append(refusal.code)
        connection.close()

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_ten_people_who_ship_at_once_ship_once(paid: Order) -> None:
    move(paid, "in_production")
    results = _at_once([lambda n=n: move(paid, "shipped", tracking_number=f"1Z{n}") for n in range(10)])
    assert len(results) == 10
    assert OrderEvent.objects.filter(kind="order.shipped").count() == 1
    assert OutboxMail.objects.filter(kind="order_shipped").count() == 1
    assert len({order.shipped_at for order in results}) == 1


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_of_two_who_disagree_one_wins(paid: Order) -> None:
    move(paid, "in_production")
    results = _at_once([lambda: move(paid, "shipped"), lambda: move(paid, "cancelled")] * 4)
    paid.refresh_from_db()
    winner = paid.production_status
    assert winner in ("shipped", "cancelled")
    assert results.count("illegal_transition") == 4
    kinds = OrderEvent.objects.values_list("kind", flat=True)
    assert sorted(k for k in kinds if k in ("order.shipped", "order.cancelled")) == [f"order.{winner}"]
