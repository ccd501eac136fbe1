"""Printers' reports: whose they are, once only, in parts, and what they move."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orders import lifecycle
from orders.models import Order, Printer, PrinterEvent, PrinterKey, ProductionPack, Shipment
from orders.production.keys import key_create, key_revoke, key_rotate, key_secret
from orders.production.webhook import sign

pytestmark = pytest.mark.django_db
URL = "/api/webhooks/production-update"


@pytest.fixture
def printer() -> Printer:
    return Printer.objects.create(name="Reno Prints", methods=["dtg"])


@pytest.fixture
def printing(paid_order: Callable[..., Order], printer: Printer) -> Order:
    """An order of 3 and 2 garments that this printer has and prints."""
    order = paid_order(3, 2)
    ProductionPack.objects.filter(line__order=order).update(printer=printer, stage="sent")
    lifecycle.order_change_production(order.pk, "in_production", actor="test")
    order.refresh_from_db()
    return order


def report(key: PrinterKey, order: Order, status: str, **more: Any) -> Any:
    at, secret = more.pop("at", None) or int(time.time()), more.pop("secret", None) or key_secret(key)
    data = json.dumps({"order_number": order.number, "status": status, **more}).encode()
    headers = {"x-signature": sign(data, secret, at), "x-printer-key": key.key_id}
    return Client().post(URL, data=data, content_type="application/json", headers=headers)


def state(order: Order) -> tuple[Any, ...]:
    order.refresh_from_db()
    stages = (
        ProductionPack.objects.filter(line__order=order)
        .order_by("line__number")
        .values_list("stage", flat=True)
    )
    return order.production_status, *stages, order.shipments.count(), order.events.count()


def test_parts_of_an_order_leave_in_parcels_and_the_last_one_ships_it(
    printing: Order, printer: Printer
) -> None:
    key = key_create(printer)
    first = report(
        key, printing, "shipped", event_id="e1", tracking_number="1Z1", carrier="UPS",
        lines=[{"line": 1, "quantity": 2}],
    )  # fmt: skip
    assert first.status_code == 200, first.content
    assert first.json()["lines"] == [
        {"line": 1, "stage": "in_production", "left_to_ship": 1},
        {"line": 2, "stage": "sent", "left_to_ship": 2},
    ]
    assert state(printing)[:3] == ("in_production", "in_production", "sent")
    assert printing.tracking_number == "1Z1"
    second = report(key, printing, "shipped", event_id="e2", tracking_number="1Z2", carrier="UPS")
    assert second.json()["status"] == "shipped"
    assert state(printing)[:4] == ("shipped", "shipped", "shipped", 2)
    parcels = {
        parcel.tracking_number: {row.line.number: row.quantity for row in parcel.lines.all()}
        for parcel in Shipment.objects.filter(order=printing)
    }
    assert parcels == {"1Z1": {1: 2}, "1Z2": {1: 1, 2: 2}}
    assert printing.mails.filter(kind="order_shipped").count() == 1
    assert report(key, printing, "delivered", event_id="e3").json()["status"] == "delivered"


def test_a_replay_changes_nothing_and_says_so(printing: Order, printer: Printer) -> None:
    key, at = key_create(printer), int(time.time())
    body = {"tracking_number": "1Z1", "lines": [{"line": 1, "quantity": 1}], "at": at}
    assert report(key, printing, "shipped", event_id="e1", **body).json()["duplicate"] is False
    before = state(printing)
    # With its event id, word for word; and signed again later, as an honest printer retries.
    assert report(key, printing, "shipped", event_id="e1", **body).json()["duplicate"] is True
    assert (
        report(key, printing, "shipped", event_id="e1", **{**body, "at": at - 9}).json()["duplicate"] is True
    )
    assert state(printing) == before
    # Without an id the signature is the id: its replay is known, too.
    assert report(key, printing, "shipped", **body).json()["duplicate"] is False
    before = state(printing)
    assert report(key, printing, "shipped", **body).json()["duplicate"] is True
    assert state(printing) == before
    assert PrinterEvent.objects.filter(order=printing).count() == 2


def test_an_event_id_with_another_body_is_refused(printing: Order, printer: Printer) -> None:
    key = key_create(printer)
    report(key, printing, "shipped", event_id="e1", lines=[{"line": 1, "quantity": 1}])
    before = state(printing)
    answer = report(key, printing, "shipped", event_id="e1", lines=[{"line": 1, "quantity": 2}])
    assert (answer.status_code, answer.json()["code"]) == (409, "event_id_reused")
    assert state(printing) == before


def test_a_refused_report_may_be_sent_again(printing: Order, printer: Printer) -> None:
    key = key_create(printer)
    lifecycle.order_hold(printing, reason="held_by_staff", actor="test")
    refused = report(key, printing, "shipped", event_id="e1")
    assert (refused.status_code, refused.json()["code"]) == (409, "order_on_hold")
    assert not PrinterEvent.objects.exists()
    lifecycle.order_release(printing, reason="held_by_staff", actor="test", note="looked at")
    assert report(key, printing, "shipped", event_id="e1").json()["status"] == "shipped"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([{"line": 1, "quantity": 4}], "more_than_ordered"),
        ([{"line": 9, "quantity": 1}], "line_not_found"),
    ],
)
def test_more_than_was_ordered_cannot_be_shipped(
    printing: Order, printer: Printer, lines: list[dict[str, int]], code: str
) -> None:
    before = state(printing)
    answer = report(key_create(printer), printing, "shipped", lines=lines)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert state(printing) == before


@pytest.mark.parametrize(
    "attack",
    ["wrong_secret", "other_key_id", "unknown_key", "stale", "future", "revoked", "printer_switched_off"],
)
def test_attacks_change_nothing(printing: Order, printer: Printer, attack: str) -> None:
    key, other = key_create(printer), key_create(printer)
    before, more = state(printing), {}
    if attack == "wrong_secret":
        more["secret"] = "psk_guess"
    elif attack == "other_key_id":
        more["secret"] = key_secret(other)
    elif attack in ("stale", "future"):
        more["at"] = int(time.time()) + (-301 if attack == "stale" else 900)
    elif attack == "revoked":
        key_revoke(key)
    elif attack == "printer_switched_off":
        Printer.objects.update(active=False)
    elif attack == "unknown_key":
        key.key_id = "pk_unknown"
    assert report(key, printing, "shipped", **more).status_code == 403
    assert state(printing) == before
    assert not PrinterEvent.objects.exists()


def test_one_printer_does_not_report_on_anothers_order(printing: Order) -> None:
    stranger = Printer.objects.create(name="Another")
    before = state(printing)
    assert report(key_create(stranger), printing, "shipped").status_code == 404
    assert state(printing) == before


def test_rotation_overlaps_and_ends(printing: Order, printer: Printer) -> None:
    old = key_create(printer)
    new = key_rotate(printer)
    old.refresh_from_db()
    assert old.expires_at is not None and new.expires_at is None
    for number, key in enumerate((old, new), start=1):
        assert (
            report(
                key, printing, "shipped", event_id=f"e{number}", lines=[{"line": 1, "quantity": 1}]
            ).status_code
            == 200
        )
    new.refresh_from_db()
    assert new.last_used_at is not None
    PrinterKey.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert report(old, printing, "shipped", event_id="e3").status_code == 403
    assert report(new, printing, "shipped", event_id="e3").status_code == 200


def test_no_secret_lies_in_the_database_and_a_rotated_secret_key_keeps_printers(
    printing: Order, printer: Printer, settings: Any
) -> None:
    key = key_create(printer)
    secret = key_secret(key)
    assert secret not in str(PrinterKey.objects.values().get(pk=key.pk))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-of-the-server-0123456789"
    assert report(key, printing, "shipped", secret=secret).status_code == 200


def test_a_dry_run_answers_as_the_report_would_and_changes_nothing(printing: Order, printer: Printer) -> None:
    before = state(printing)
    answer = report(key_create(printer), printing, "shipped", event_id="e1", dry_run=True).json()
    assert (answer["status"], answer["dry_run"]) == ("shipped", True)
    assert state(printing) == before and not PrinterEvent.objects.exists()


def test_a_rejection_needs_a_reason_and_holds_the_order(printing: Order, printer: Printer) -> None:
    key = key_create(printer)
    assert report(key, printing, "rejected", lines=[{"line": 2}]).json()["code"] == "reason_required"
    answer = report(key, printing, "rejected", lines=[{"line": 2}], reason="No black L in stock.")
    assert [line["stage"] for line in answer.json()["lines"]] == ["sent", "rejected"]
    printing.refresh_from_db()
    assert printing.hold_reason == "printer_rejected"
    assert printing.events.get(kind="order.held").note == "line 2: No black L in stock."
    assert report(key, printing, "cancelled").json()["code"] == "status_unknown"  # only the shop cancels


def test_accepting_and_beginning_move_the_lines_and_the_order(
    paid_order: Callable[..., Order], printer: Printer
) -> None:
    order, key = paid_order(1, 1), key_create(printer)
    ProductionPack.objects.filter(line__order=order).update(printer=printer, stage="sent")
    report(key, order, "accepted", event_id="e1")
    assert state(order)[:3] == ("pending", "accepted", "accepted")
    report(key, order, "in_production", event_id="e2", lines=[{"line": 1}])
    assert state(order)[:3] == ("in_production", "in_production", "accepted")
    refused = report(key, order, "accepted", event_id="e3", lines=[{"line": 1}])
    assert (refused.status_code, refused.json()["allowed"]) == (409, ["rejected", "shipped"])
    moved = ProductionPack.objects.get(line__order=order, line__number=1).events.filter(kind="moved")
    assert [event.details["after"] for event in moved] == ["accepted", "in_production"]
    assert {event.actor for event in moved} == {"printer:Reno Prints"}
