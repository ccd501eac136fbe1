"""What may stand between the shop and its database: a pooler by transaction, as Supabase's, and a streaming replica."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import stripe as stripe_library

from demo.storefront import Storefront
from tests import database_servers, services
from tests.fakes.stripe import FakeStripe
from tests.stolentee.production import (
    KEYS,
    PROJECT,
    PROXY,
    QUIET,
    Production,
    place_order,
    second_web_server,
    wait_until,
)

pytestmark = [pytest.mark.production, pytest.mark.timeout(400)]
STICKY_S = 8
LEFT_ALONE_S = 10.5  # so long nobody asks a replica that has been found wanting

# What a session-less connection could get wrong, each in its own transaction or in none.
_QUESTIONS = """
import django, json; django.setup()
from django.db import DatabaseError, connection, transaction
from products.models import Product, Variant
from stolentee.db.watchdog import watchdog

def ask(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None

found = {"statement_timeout": ask("SHOW statement_timeout")}
with transaction.atomic():
    ask("SET LOCAL lock_timeout = '7s'")
    found["local"] = ask("SHOW lock_timeout")
found["after"] = ask("SHOW lock_timeout")
with transaction.atomic():
    found["locked_rows"] = len(Product.objects.select_for_update())
    found["advisory"] = ask("SELECT pg_try_advisory_xact_lock(4711)")
found["streamed"] = sum(1 for _ in Variant.objects.iterator(chunk_size=5)) == Variant.objects.count()
found["repeated"] = sorted({Product.objects.filter(slug="classic-tee").count() for _ in range(20)})
watchdog.limit(0.5)
try:
    ask("SELECT pg_sleep(20)")
except DatabaseError as error:
    found["cancelled"] = str(error).strip()
watchdog.limit(0)
found["goes_on"] = ask("SELECT 1")
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def pooled(shop: Production) -> Iterator[Production]:
    """The shop through the pooler, whose four connections serve two processes with pools of fifteen."""
    shop.sql("ALTER ROLE stolentee SET statement_timeout = '30s'")  # what .env.example tells to do
    try:
        with (
            database_servers.pgbouncer(shop.database_url) as url,
            second_web_server(shop, "pooled", DATABASE_URL=url, DATABASE_POOLER="transaction") as web,
        ):
            yield web
    finally:
        shop.sql("ALTER ROLE stolentee RESET statement_timeout")


def customer(web: Production, address: str) -> Storefront:
    browser = Storefront(web.url, origin="https://stolentee.com")
    browser.session.headers.update(PROXY | {"X-Forwarded-For": address})
    return browser


def test_the_shop_sells_through_a_pooler_by_transaction(
    shop: Production, pooled: Production, stripe: FakeStripe
) -> None:
    with ThreadPoolExecutor(8) as threads:
        reads = list(
            threads.map(
                lambda _: pooled.get("/api/products", **{"X-Forwarded-For": "203.0.113.1"}), range(40)
            )
        )
        orders = list(
            threads.map(lambda number: place_order(customer(pooled, f"203.0.113.{number}")), range(10, 14))
        )
    assert {answer.status_code for answer in reads} == {200}
    numbers = {order["order"]["order_number"] for order in orders}
    assert len(numbers) == 4
    for order in orders:
        body = json.dumps(stripe.pay(order["client_secret"].split("_secret_")[0]))
        signature = stripe_library.WebhookSignature.generate_signature_header(
            body, KEYS["STRIPE_WEBHOOK_SECRET"]
        )
        sent = [
            pooled.post("/api/webhooks/stripe", body, **{"Stripe-Signature": header})
            for header in ("t=1,v1=0", signature, signature)
        ]
        assert [answer.status_code for answer in sent] == [400, 200, 200]
    worker = pooled.celery("worker", "-Q", "payments", "-c", "2", *QUIET, log="pooled-worker.log")
    worker.start()
    paid = "SELECT count(*) FROM orders_order WHERE number = ANY(%s) AND payment_status = 'paid'"
    try:
        wait_until(lambda: shop.sql(paid, sorted(numbers)) == [(4,)], "the payments", 90)
    finally:
        assert worker.stop()[0] == 0


def test_what_a_session_would_keep_is_neither_needed_nor_left_behind(pooled: Production) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _QUESTIONS],
        cwd=PROJECT,
        env=pooled.environment | {"DJANGO_SETTINGS_MODULE": "stolentee.settings"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found.pop("locked_rows") > 0
    assert found == {
        "statement_timeout": "30s",
        "local": "7s",
        "after": "0",
        "advisory": True,
        "streamed": True,
        "repeated": [1],
        "cancelled": "canceling statement due to user request",
        "goes_on": 1,
    }


def test_migrations_go_around_the_pooler(shop: Production, pooled: Production) -> None:
    """Through it they leave no setting in a stranger's session, and say what is missing."""
    assert "migrate.waits_for_locks" in pooled.manage("migrate")
    assert "migrate.waits_for_locks" not in pooled.manage("migrate", DATABASE_DIRECT_URL=shop.database_url)


def test_reads_of_the_catalogue_go_to_the_replica_unless_it_is_behind_or_gone(
    shop: Production, tmp_path: Path
) -> None:
    programs = services._find_or_install(need_postgresql=True, need_redis=False)
    assert programs.postgresql_folder is not None
    with (
        database_servers.replica(programs.postgresql_folder, shop.database_url) as standby,
        second_web_server(
            shop, "replicated", DATABASE_REPLICA_URL=standby.url, REPLICA_STICKY_S=str(STICKY_S)
        ) as web,
    ):
        writer, reader = customer(web, "203.0.113.30"), customer(web, "203.0.113.31")
        original = reader.product("classic-tee")["title"]

        def rename(title: str) -> None:
            shop.sql("UPDATE products_product SET title = %s WHERE slug = 'classic-tee'", title)

        try:
            rename("Before")
            wait_until(lambda: titles(reader) == {"Before"}, "the replica to follow", 20)
            # It stops following. The primary goes on, and a reader sees what the replica has.
            replay(standby, "pause")
            rename("Renamed")
            assert titles(reader) == {"Before"}
            # Who has written reads the primary.
            writer.call(
                "POST", "/api/auth/login", json={"email": "nobody@example.com", "password": "Wrong-1"}
            )
            assert titles(writer) == {"Renamed"}
            # Once it is further behind than that lasts, nobody is sent there.
            wait_until(lambda: titles(reader) == {"Renamed"}, "the primary in its place", 20)
            assert '"reason": "behind"' in web.web.log.read_text()
            replay(standby, "resume")
        finally:
            rename(original)
        time.sleep(LEFT_ALONE_S)
        assert titles(reader) == {original}
        standby.lose()
        answers = [web.get("/api/products", **{"X-Forwarded-For": "203.0.113.32"}) for _ in range(20)]
        assert [answer.status_code for answer in answers] == [200] * 20
        assert max(answer.elapsed.total_seconds() for answer in answers) < 4
        assert titles(reader) == {original}
        assert re.search(r'"reason": "(OperationalError|PoolTimeout)"', web.web.log.read_text())
        assert place_order(customer(web, "203.0.113.33"))["client_secret"]


def titles(browser: Storefront) -> set[str]:
    """What both processes say of the tee."""
    found = set()
    for _ in range(6):
        browser.session.close()  # a new connection may reach the other process
        found.add(browser.product("classic-tee")["title"])
    return found


def replay(standby: database_servers.Standby, verb: str) -> None:
    standby.ask(f"SELECT pg_wal_replay_{verb}()")
