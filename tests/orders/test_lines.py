"""Lines move by themselves; the order follows the slowest of them."""

from __future__ import annotations

import itertools

import pytest

from common.errors import Conflict, NotFound, Unprocessable
from demo.storefront import Json, Storefront
from orders import lifecycle
from orders.models import Order, OrderEvent, OutboxMail, StockLevel
from orders.states import LINE_MOVES, PRODUCTION_MOVES, order_status_of_lines, steps_between
from orders.stock.services import stock_count
from products.models import Variant
from tests.contracts.baskets import create, hoodie, pay, tee
from tests.contracts.expectations import assert_refused, data_of, nothing_changes

pytestmark = pytest.mark.django_db
WAY_TO = {
    "pending": [],
    "in_production": ["in_production"],
    "problem": ["in_production", "problem"],
    "shipped": ["in_production", "shipped"],
    "delivered": ["in_production", "shipped", "delivered"],
    "cancelled": ["cancelled"],
}


@pytest.fixture
def order(guest: Storefront, art: Json) -> Order:
    """Paid: a tee and a hoodie."""
    created = create(guest, tee(art), hoodie(art))
    pay(guest, created)
    return Order.objects.get(pk=created["order"]["id"])


def move(order: Order, number: int, *words: str) -> str:
    """The order's state afterwards."""
    for word in words:
        order = lifecycle.line_change_production(order.pk, number, word, actor="staff:7", reason="seen")
    order.refresh_from_db()
    return str(order.production_status)


@pytest.mark.parametrize(("current", "following"), list(itertools.product(LINE_MOVES, repeat=2)))
def test_only_the_moves_of_the_table_are_made(order: Order, current: str, following: str) -> None:
    move(order, 1, *WAY_TO[current])
    line = order.lines.get(number=1)
    if current == following:
        with nothing_changes():
            move(order, 1, following)
    elif following in LINE_MOVES[current]:
        move(order, 1, following)
        event = OrderEvent.objects.filter(line=line, kind=f"line.{following}").latest("created_at")
        warning = " Shipped without a printer's yes to the pack: line 1 (not built)."
        assert (event.actor, event.note) == ("staff:7", "seen" + (warning if following == "shipped" else ""))
        assert (event.before, event.after) == (
            {"production_status": current},
            {"production_status": following},
        )
    else:
        with nothing_changes(), pytest.raises(Conflict) as refusal:
            move(order, 1, following)
        assert refusal.value.extra == {"allowed": sorted(LINE_MOVES[current])}


def test_the_order_goes_as_far_as_the_slowest(order: Order) -> None:
    assert move(order, 1, "in_production", "shipped") == "in_production"
    assert move(order, 2, "in_production", "problem") == "in_production"
    assert move(order, 2, "in_production", "shipped") == "shipped"
    assert OutboxMail.objects.filter(kind="order_shipped").count() == 1
    assert move(order, 1, "delivered") == "shipped"
    assert move(order, 2, "delivered") == "delivered"
    kinds = list(OrderEvent.objects.filter(line=None).order_by("created_at").values_list("kind", flat=True))
    assert kinds == ["order.created", "order.paid", "order.in_production", "order.shipped", "order.delivered"]


def test_a_cancelled_line_does_not_hold_the_others_up(order: Order) -> None:
    level = stock_count(Variant.objects.get(sku="TEE-BLK-M"), 5, actor="staff:1")
    assert move(order, 1, "cancelled") == "pending"
    assert move(order, 2, "in_production", "shipped") == "shipped"
    assert StockLevel.objects.get().available == level.available, "it was bought before anybody counted"


def test_all_lines_cancelled_is_a_cancelled_order(order: Order) -> None:
    move(order, 1, "cancelled")
    assert move(order, 2, "cancelled") == "cancelled"


def test_lines_come_along_when_the_order_moves(order: Order) -> None:
    move(order, 1, "cancelled")
    for word in ("processing", "shipped"):
        lifecycle.order_change_production(order.pk, word, actor="staff:7")
    assert list(order.lines.values_list("production_status", flat=True)) == ["cancelled", "shipped"]


def test_nothing_is_made_that_is_unpaid_or_on_hold(guest: Storefront, art: Json, order: Order) -> None:
    unpaid = Order.objects.get(pk=create(guest, tee(art, quantity=2))["order"]["id"])
    lifecycle.order_hold(order, reason="pack_failed", actor="system")
    for held in (unpaid, order):
        with nothing_changes(), pytest.raises(Conflict):
            move(held, 1, "in_production")


def test_unknown_lines_and_words(order: Order) -> None:
    with nothing_changes():
        with pytest.raises(NotFound):
            move(order, 3, "shipped")
        with pytest.raises(Unprocessable):
            move(order, 1, "lost")


def test_staff_move_a_line(staff: Storefront, customer: Storefront, order: Order) -> None:
    path = f"/api/admin/orders/{order.pk}/lines/1/status"
    body = {"status": "processing", "reason": "on press 2"}
    data = data_of(staff.call("PATCH", path, json=body))
    assert [item["production_status"] for item in data["order"]["items"]] == ["in_production", "pending"]
    with nothing_changes():
        assert customer.call("PATCH", path, json=body).status_code == 403
        refused = staff.call("PATCH", path, json={"status": "delivered"})
        message = "A line that is in_production cannot become delivered."
        answer = assert_refused(refused, 409, message, code="illegal_transition")
        assert answer["allowed"] == ["cancelled", "problem", "shipped"]
        assert staff.call("PATCH", path.replace("/1/", "/x/"), json=body).status_code == 404


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["pending", "pending"], "pending"),
        (["pending", "shipped"], "in_production"),
        (["problem", "delivered"], "in_production"),
        (["shipped", "delivered"], "shipped"),
        (["delivered", "cancelled"], "delivered"),
        (["cancelled", "cancelled"], "cancelled"),
        (["pending", "cancelled"], "pending"),
    ],
)
def test_what_an_order_of_such_lines_is_called(lines: list[str], status: str) -> None:
    assert order_status_of_lines(lines) == status


@pytest.mark.parametrize(("current", "target"), list(itertools.product(PRODUCTION_MOVES, repeat=2)))
def test_the_steps_between_two_states_are_all_allowed(current: str, target: str) -> None:
    at = current
    for step in steps_between(current, target):
        assert step in PRODUCTION_MOVES[at]
        at = step
    assert at in (current, target)
