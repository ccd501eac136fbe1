"""The printer's signed reports."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from orders import lifecycle
from orders.models import OutboxMail
from orders.notifications.messages import send
from orders.production.webhook import is_signed, sign
from tests.orders.conftest import Waiting

pytestmark = pytest.mark.django_db
SECRET = "printer-secret"


@pytest.fixture
def printing(waiting: Waiting, settings: Any) -> Waiting:
    """A paid order that is being printed by a known printer."""
    settings.PRINTER_WEBHOOK_SECRETS = ["old-secret", SECRET]
    lifecycle.order_mark_paid(waiting.order, waiting.payment, actor="test")
    lifecycle.order_change_production(waiting.order.pk, "in_production", actor="test")
    waiting.refresh()
    return waiting


def report(body: dict[str, Any], header: str | None = None, at: int | None = None) -> Any:
    data = json.dumps(body).encode()
    signature = header if header is not None else sign(data, SECRET, at or int(time.time()))
    return Client().post(
        "/api/webhooks/production-update",
        data=data,
        content_type="application/json",
        headers={"x-signature": signature},
    )


def test_a_good_report_ships_the_order_and_tells_the_customer(printing: Waiting) -> None:
    answer = report(
        {
            "order_number": printing.order.number,
            "status": "shipped",
            "tracking_number": "1Z999",
            "carrier": "UPS",
        }
    )
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    printing.refresh()
    assert (printing.order.production_status, printing.order.tracking_number) == ("shipped", "1Z999")
    assert printing.order.events.filter(kind="order.shipped", actor="printer").count() == 1
    send(str(OutboxMail.objects.get(kind="order_shipped").pk))
    assert "1Z999" in mail.outbox[-1].body and "(UPS)" in mail.outbox[-1].body


@pytest.mark.parametrize("attack", ["unsigned", "wrong", "stale", "future", "altered", "closed"])
def test_attacks_change_nothing(printing: Waiting, attack: str, settings: Any) -> None:
    body = {"order_number": printing.order.number, "status": "shipped"}
    data, now = json.dumps(body).encode(), int(time.time())
    if attack == "closed":
        settings.PRINTER_WEBHOOK_SECRETS = []
    header = {
        "unsigned": "",
        "wrong": sign(data, "guess", now),
        "stale": sign(data, SECRET, now - 301),
        "future": sign(data, SECRET, now + 600),
        "altered": sign(data.replace(b"shipped", b"pending"), SECRET, now),
        "closed": sign(data, "", now),
    }[attack]
    answer = report(body, header)
    assert answer.status_code == 403
    printing.refresh()
    assert printing.order.production_status == "in_production"


def test_an_illegal_move_names_the_legal_ones(printing: Waiting) -> None:
    answer = report({"order_number": printing.order.number, "status": "delivered"})
    assert (answer.status_code, answer.json()["allowed"]) == (409, ["cancelled", "shipped"])


def test_unknown_orders_and_statuses(printing: Waiting) -> None:
    assert report({"order_number": "RB-UNKNOWN", "status": "shipped"}).status_code == 404
    assert report({"order_number": printing.order.number, "status": "lost"}).status_code == 422


def test_the_old_secret_works_while_it_is_rotated() -> None:
    assert is_signed(b"x", sign(b"x", "b", 1000), ["a", "b"], now_s=1000)
    assert not is_signed(b"x", "t=abc,v1=", ["a"], now_s=1000)
