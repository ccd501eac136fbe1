"""Every list at a hundred thousand orders is read through an index, in the order in which it is shown."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from designs.models import Design
from ops.models import HealthSample
from orders.models import Order, OutboxMail, ProductionPack, StripeEvent
from orders.selectors import orders_for_staff, orders_unpaid_since
from uploads.models import Asset, Job

pytestmark = [pytest.mark.production, pytest.mark.django_db]
ORDERS = 100_000
NOW = timezone.now
# A year of orders: 90 % paid and delivered, the rest in every other state; one in a thousand is held.
_FILL = """
INSERT INTO orders_order (id, created_at, updated_at, number, customer_email, customer_name, customer_phone,
  shipping_address, billing_address, customer_notes, internal_notes, currency, subtotal, shipping, tax, discount,
  gift_card, total, discount_code, tax_source, price_book, payment_status, production_status, hold_reason, paid_at,
  tracking_number, carrier, request_fingerprint, tax_calculation_id, reminder_consent, access_nonce)
SELECT gen_random_uuid(), now() - n * interval '5 minutes', now(), 'RB-' || n,
  'c' || n %% 20000 || '@example.com', 'C', '', '{}', '{}', '', '', 'usd', 12.98, 4.98, 0, 0, 0, 17.96, '', 'offline',
  'storefront@1', CASE WHEN n %% 10 = 0 THEN (ARRAY['pending', 'failed'])[1 + n / 10 %% 2]
       WHEN n %% 5000 = 3 THEN 'refunded' ELSE 'paid' END,
  CASE WHEN n %% 10 = 0 THEN (CASE WHEN n < 3000 THEN 'pending' ELSE 'cancelled' END)
       WHEN n < 500 THEN 'in_production' ELSE 'delivered' END,
  CASE WHEN n %% 1000 = 1 THEN 'amount_mismatch' ELSE '' END,
  CASE WHEN n %% 10 = 0 THEN NULL ELSE now() - n * interval '5 minutes' END, '', '', '',
  '', false, md5(n::text)
FROM generate_series(1, %s) AS n
"""
_FILL_THE_REST = """
INSERT INTO orders_outboxmail (id, created_at, updated_at, status, attempts, available_at, error_code, error_message,
  kind, order_id)
SELECT gen_random_uuid(), created_at, created_at, CASE WHEN number LIKE '%777' THEN 'queued' ELSE 'done' END, 1,
  created_at, '', '', 'order_placed', id FROM orders_order;
INSERT INTO orders_stripeevent (id, created_at, updated_at, status, attempts, available_at, error_code,
  error_message, event_id, type, payload)
SELECT gen_random_uuid(), created_at, created_at, 'done', 1, created_at, '', '', 'evt_' || number,
  'payment_intent.succeeded', '{}' FROM orders_order;
ANALYZE orders_order; ANALYZE orders_outboxmail; ANALYZE orders_stripeevent;
"""


@pytest.fixture
def a_year_of_orders(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FILL, [ORDERS])
        cursor.execute(_FILL_THE_REST)


# The year of orders has no row in it, so PostgreSQL reads it from end to end, as it should.
_EMPTY = {"orders_payment"}


def _read_whole(node: dict[str, Any]) -> set[str]:
    """The tables that this node and those below it read from end to end."""
    own = {node["Relation Name"]} if node["Node Type"] == "Seq Scan" else set()
    return own.union(*(_read_whole(below) for below in node.get("Plans", [])))


def plan(queryset: Any) -> dict[str, Any]:
    """What PostgreSQL does for this query: the indexes it uses, whether it reads a whole table, whether it sorts."""
    explained = json.loads(queryset.explain(format="json"))[0]["Plan"]
    text = json.dumps(explained)
    return {
        "indexes": set(re.findall(r'"Index Name": "([^"]+)"', text)),
        "whole": bool(_read_whole(explained) - _EMPTY),
        "sorts": '"Node Type": "Sort"' in text,
        "cost": explained["Total Cost"],
    }


@pytest.mark.usefixtures("a_year_of_orders")
def test_the_lists_of_orders() -> None:
    now = NOW()
    staff = orders_for_staff()
    lists = {
        "newest": (staff[:50], "order_newest"),
        "next page": (staff.filter(created_at__lt=now - timedelta(days=90))[:50], "order_newest"),
        "in production": (orders_for_staff(production_status="in_production")[:50], "order_by_production"),
        "refunded": (orders_for_staff(payment_status="refunded")[:50], "order_by_payment"),
        "to expire": (orders_unpaid_since(now - timedelta(days=1))[:100], "order_unpaid"),
        "held": (Order.objects.exclude(hold_reason="")[:50], "order_held"),
        "paid today": (
            Order.objects.filter(paid_at__gte=now - timedelta(days=1)).order_by("paid_at"),
            "paid_at",
        ),
        "of a customer": (Order.objects.filter(customer_email="c7@example.com").order_by(), "customer_email"),
        "by number": (Order.objects.filter(number="RB-77").order_by(), "number"),
        "mail that is due": (OutboxMail.due(now).order_by("available_at")[:100], "mail_due"),
        "events that are due": (StripeEvent.due(now).order_by("available_at")[:100], "stripe_event_due"),
    }
    assert Order.objects.count() == ORDERS
    in_order = ("newest", "next page", "in production", "refunded", "to expire", "held", "paid today")
    wrong = {}
    for name, (queryset, index) in lists.items():
        found = plan(queryset)
        is_good = (
            any(index in used for used in found["indexes"]) and not found["whole"] and found["cost"] < 2500
        )
        if not is_good or (name in in_order and found["sorts"]):
            wrong[name] = found
    assert wrong == {}


@pytest.mark.usefixtures("a_year_of_orders")
def test_the_figures_for_prometheus_do_not_read_the_whole_past() -> None:
    day = NOW() - timedelta(days=1)
    for queryset in (
        Order.objects.filter(created_at__gte=day).order_by().values("payment_status"),
        Order.objects.filter(paid_at__gte=day).order_by().values("total"),
        OutboxMail.objects.filter(status__in=["queued", "running"]).order_by().values("available_at"),
    ):
        found = plan(queryset)
        assert not found["whole"] and found["cost"] < 2500, (str(queryset.query)[:200], found)


def test_the_lists_of_the_rest() -> None:
    """Small tables here, so PostgreSQL is asked what it could use if it were forbidden to read all of them."""
    user = "00000000-0000-4000-8000-000000000000"
    lists = {
        "jobs of a user": (Job.objects.filter(user_id=user)[:50], "job_of_user"),
        "jobs that are due": (
            Job.objects.filter(status="queued", available_at__lte=NOW()).order_by(),
            "job_due",
        ),
        "cut-outs, newest": (Asset.objects.filter(kind="transparent")[:50], "asset_by_kind"),
        "designs of a user": (Design.objects.filter(user_id=user)[:50], "design_of_user"),
        "packs that are due": (
            ProductionPack.objects.filter(status="queued", available_at__lte=NOW()).order_by(),
            "pack_due",
        ),
        "samples": (HealthSample.objects.filter(at__gte=NOW())[:10], "at"),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for name, (queryset, index) in lists.items():
            found = plan(queryset)
            assert any(index in used for used in found["indexes"]), (name, found)
            assert not found["sorts"], (name, found)
