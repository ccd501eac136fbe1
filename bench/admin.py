"""`python -m bench.admin`: queries and time of each list and page of the staff's admin at 100,000 orders.

Run it on PostgreSQL: `python -m tests.services run -- python -m bench.admin`. The rows are written by SQL; each
page is asked for by the test client, as the owner, so that the time is the server's own. The storefront's admin API
is measured with 10,000 orders, which it answers whole, and page by page.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

from bench.shop import open_shop, percentile, queries_of, seconds

_TIMES = 5
_LINE_COLUMNS = (
    "production_status, quantity, unit_price, total_price, charges, customization, design_hash, print_quality,"
    " method, product_title, product_slug, garment, colour_name, colour_hex, size_name, sku, front_mockup_name,"
    " back_mockup_name, variant_id, quote_id"
)


def fill(orders: int, *, first: int = 1) -> str:
    """Copies one real order so many times, spread over a year; returns the id of one in the middle."""
    from django.db import connection

    from orders.models import Order
    from tests.factories import OrderFactory, OrderLineFactory

    model = OrderFactory(paid=True)
    OrderLineFactory(order=model, number=1)
    fields = [
        f.column
        for f in Order._meta.concrete_fields
        if f.column
        not in (
            "id", "number", "created_at", "updated_at", "customer_email", "customer_name", "open_basket_key",
            "idempotency_key", "access_hash", "access_nonce", "tracking_number", "hold_reason", "production_status",
            "paid_at",
        )
    ]  # fmt: skip
    names = ", ".join(fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO orders_order (id, number, created_at, updated_at, paid_at, customer_email, customer_name,
                    access_nonce, tracking_number, hold_reason, production_status, {names})
                SELECT gen_random_uuid(), 'RB-' || upper(substr(md5(n::text), 1, 16)), moment, moment, moment,
                    'person' || (n %% 30000) || '@example.com', 'Person ' || (n %% 30000), md5(n::text || 'x'),
                    'T' || n, CASE WHEN n %% 2000 = 0 THEN 'held_by_staff' ELSE '' END,
                    (ARRAY['pending', 'in_production', 'shipped', 'delivered'])[1 + n %% 4], {names}
                FROM orders_order, generate_series(%s, %s) AS n,
                    LATERAL (SELECT now() - interval '365 days' * n / %s AS moment) AS at
                WHERE orders_order.id = %s""",  # noqa: S608  (names of columns, from the model)
            [first, first + orders - 1, first + orders, model.pk],
        )
        cursor.execute(
            f"""INSERT INTO orders_orderline (id, created_at, updated_at, order_id, number, {_LINE_COLUMNS})
                SELECT gen_random_uuid(), o.created_at, o.created_at, o.id, 1, {
                ", ".join("l." + name.strip() for name in _LINE_COLUMNS.split(","))
            }
                FROM orders_order o CROSS JOIN orders_orderline l
                WHERE l.order_id = %s AND NOT EXISTS (SELECT 1 FROM orders_orderline x WHERE x.order_id = o.id)""",  # noqa: S608
            [model.pk],
        )
        cursor.execute(
            """INSERT INTO orders_orderevent (id, created_at, updated_at, order_id, kind, actor, before, after, note)
                SELECT gen_random_uuid(), o.created_at, o.created_at, o.id, kind, 'system', '{}', '{}', ''
                FROM orders_order o CROSS JOIN unnest(ARRAY['order.created', 'order.paid']) AS kind
                WHERE NOT EXISTS (SELECT 1 FROM orders_orderevent x WHERE x.order_id = o.id)"""
        )
        cursor.execute(
            """INSERT INTO orders_outboxmail (id, created_at, updated_at, status, attempts, available_at,
                    error_code, error_message, kind, order_id, completed_at)
                SELECT gen_random_uuid(), o.created_at, o.created_at, 'done', 1, o.created_at, '', '',
                    'order_placed', o.id, o.created_at FROM orders_order o
                WHERE NOT EXISTS (SELECT 1 FROM orders_outboxmail x WHERE x.order_id = o.id)"""
        )
        cursor.execute("ANALYZE")
        cursor.execute("SELECT id FROM orders_order ORDER BY created_at OFFSET %s LIMIT 1", [orders // 2])
        return str(cursor.fetchone()[0])


def measured(client: Any, name: str, address: str) -> str:
    """One row of the table: the page once for its queries, then several times for its time."""
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    count = queries_of(lambda: client.get(address))
    taken = seconds(lambda: client.get(address), _TIMES)
    size = len(answer.content) / 1024
    return f"{name:<46}{count:>8}{percentile(taken, 50) * 1000:>9.0f}{max(taken) * 1000:>9.0f}{size:>9.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--api-orders", type=int, default=10_000)
    options = parser.parse_args()
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        parser.error("PostgreSQL is needed: python -m tests.services run -- python -m bench.admin")
    open_shop()
    from django.contrib import admin
    from django.test import Client
    from django.urls import reverse

    from accounts.models import User
    from accounts.tokens import issue_token
    from orders.models import Order

    owner = User.objects.create_user("owner@example.com", None, name="Owner", role=User.Role.OWNER)
    started = time.perf_counter()
    api_order = fill(options.api_orders)
    browser = Client(headers={"authorization": f"Bearer {issue_token(owner.pk, owner.token_version)}"})
    print(f"{'page':<46}{'queries':>8}{'p50 ms':>9}{'max ms':>9}{'KiB':>9}")
    print(measured(browser, f"API: all {options.api_orders:,} orders", "/api/admin/orders"))
    print(measured(browser, "API: a page of 100", "/api/admin/orders?limit=100"))
    print(measured(browser, "API: one order", f"/api/admin/orders/{api_order}"))
    middle = fill(options.orders - options.api_orders, first=options.api_orders + 1)
    print(f"{Order.objects.count():,} orders, filled in {time.perf_counter() - started:.0f} s")
    staff = Client()
    staff.force_login(owner)
    order = Order.objects.get(pk=middle)
    print(measured(staff, "Dashboard", "/admin/"))
    print(measured(staff, "One order", reverse("admin:orders_order_change", args=[middle])))
    listed = reverse("admin:orders_order_changelist")
    for name, query in (
        ("by number", f"q={order.number}"),
        ("by e-mail", f"q={order.customer_email}"),
        ("by tracking", f"q={order.tracking_number}"),
        ("by name", "q=person 29999"),
        ("nothing found", "q=nobody at all"),
        ("on hold", "hold=yes"),
        ("shipped", "production_status__exact=shipped"),
        ("page 900", "p=900"),
    ):
        print(measured(staff, f"Orders, {name}", f"{listed}?{query}"))
    for model in sorted(admin.site._registry, key=lambda m: m._meta.label_lower):
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        print(measured(staff, f"List: {model._meta.verbose_name_plural}", address))


if __name__ == "__main__":
    main()
