"""Connections, time-outs, slow queries, the replica: what becomes of a URL, and what PostgreSQL does with it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError, OperationalError, connection, connections
from django.test import Client
from structlog.testing import capture_logs

from accounts.models import User
from common.metrics import DATABASE_QUERIES
from products.models import Product
from stolentee.db import replica as replica_module
from stolentee.db import timing
from stolentee.db.options import postgresql
from stolentee.db.postgresql.base import DatabaseWrapper
from stolentee.db.replica import Replica
from stolentee.db.sizing import connections_at_most, pool_max
from stolentee.db.watchdog import Watchdog, watchdog
from stolentee.router import ReplicaRouter, replica_serves

OPTIONS: dict[str, Any] = {
    "pooler": "auto",
    "pool_min": 2,
    "pool_max": 15,
    "pool_idle_s": 10,
    "connect_timeout_s": 5,
    "statement_timeout_s": 30,
}


@pytest.mark.parametrize(
    ("wanted", "limit", "reserved", "instances", "processes", "size"),
    [
        (None, 0, 0, 1, 1, 15),  # nobody said how many there are: the document's 15
        (None, 15, 0, 1, 1, 15),
        (None, 15, 0, 3, 1, 5),
        (None, 60, 10, 5, 2, 5),
        (None, 60, 10, 5, 4, 2),
        (None, 15, 0, 5, 4, 1),  # one at least, or nothing would work
        (None, 15, 20, 1, 1, 1),
        (8, 15, 0, 3, 1, 8),  # the operator's word; check E012 tells him if it is too much
    ],
)
def test_the_pool_is_the_limit_shared(
    wanted: int | None, limit: int, reserved: int, instances: int, processes: int, size: int
) -> None:
    shared = {"reserved": reserved, "instances": instances, "processes": processes}
    assert pool_max(wanted=wanted, default=15, limit=limit, **shared) == size
    assert connections_at_most(size=size, **shared) == size * instances * processes + reserved


def test_what_a_url_becomes() -> None:
    made = postgresql({"PORT": 5432, "OPTIONS": {"sslmode": "require"}}, **OPTIONS)
    assert made["ENGINE"] == "stolentee.db.postgresql"
    assert (made["CONN_MAX_AGE"], made["CONN_HEALTH_CHECKS"]) == (0, True)
    assert made["DISABLE_SERVER_SIDE_CURSORS"] is False
    options = made["OPTIONS"]
    assert options["pool"] == {"min_size": 2, "max_size": 15, "max_idle": 10, "timeout": 5}
    assert (options["connect_timeout"], options["options"]) == (5, "-c statement_timeout=30000")
    assert options["sslmode"] == "require"


@pytest.mark.parametrize(
    ("port", "pooler", "by_transaction"),
    [
        (6543, "auto", True),
        (5432, "auto", False),
        ("", "auto", False),
        (5432, "transaction", True),
        (6543, "session", False),
        (6543, "none", False),
    ],
)
def test_a_pooler_by_transaction_gets_nothing_that_it_refuses(
    port: Any, pooler: str, by_transaction: bool
) -> None:
    made = postgresql({"PORT": port}, **OPTIONS | {"pooler": pooler})
    assert made["DISABLE_SERVER_SIDE_CURSORS"] is by_transaction
    assert ("options" in made["OPTIONS"]) is not by_transaction
    assert made["OPTIONS"]["prepare_threshold"] is None


def observed(operation: str) -> float:
    samples = DATABASE_QUERIES.labels("default", operation)._child_samples()
    return next(sample.value for sample in samples if sample.name == "_count")


@pytest.mark.django_db
def test_every_query_is_measured() -> None:
    before = observed("SELECT"), observed("INSERT")
    User.objects.create_user("ada@example.com", None, name="Ada")
    assert User.objects.count() == 1
    assert observed("SELECT") > before[0] and observed("INSERT") > before[1]
    assert connection.execute_wrappers.count(timing.timed) == 1


@pytest.mark.django_db
def test_a_slow_query_is_logged_without_its_data(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.1004])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    with capture_logs() as logs:
        assert not User.objects.filter(email="secret@example.com").exists()
    (line,) = (line for line in logs if line["event"] == "database.slow_query")
    assert (line["duration_ms"], line["database"]) == (100.4, "default")
    assert "accounts_user" in line["sql"] and "%s" in line["sql"]
    assert "secret@example.com" not in str(line)


@pytest.mark.django_db
def test_a_query_within_the_limit_is_not_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.0999])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    with capture_logs() as logs:
        assert not User.objects.exists()
    assert logs == []


# --- The replica: which reads may go there ----------------------------------------------------------------------------


@pytest.fixture
def replica(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES, "replica", settings.DATABASES["default"])


@pytest.mark.usefixtures("replica")
def test_only_what_a_request_may_read_there_is_read_there() -> None:
    router = ReplicaRouter()
    assert router.db_for_read(Product) is None
    with replica_serves(frozenset({"products"})):
        assert router.db_for_read(Product) == "replica"
        assert router.db_for_read(User) is None
        assert router.db_for_write(User) == "default"
        assert router.db_for_read(Product) is None, "after a write the request reads what it wrote"
    assert router.db_for_read(Product) is None
    with replica_serves(frozenset({"products"})):
        assert router.db_for_read(Product) == "replica", "the next request is free again"
    assert router.allow_migrate("default", "products") and not router.allow_migrate("replica", "products")


def test_without_a_replica_nothing_is_sent_to_one() -> None:
    with replica_serves(frozenset({"products"})):
        assert ReplicaRouter().db_for_read(Product) is None


@pytest.mark.django_db
@pytest.mark.usefixtures("replica")
def test_a_client_who_has_written_reads_from_the_primary_for_a_while(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stolentee.middleware import replica as middleware

    served: list[frozenset[str]] = []
    monkeypatch.setattr(
        middleware, "replica_serves", lambda apps: served.append(apps) or replica_serves(frozenset())
    )
    monkeypatch.setattr(middleware.replica, "is_usable", lambda: True)
    settings.REPLICA_STICKY_S = 1

    def read(address: str, path: str = "/api/products", token: str = "") -> int:
        served.clear()
        client = Client(REMOTE_ADDR=address)
        client.get(path, headers={"authorization": f"Bearer {token}"} if token else {})
        return len(served)

    assert read("192.0.2.1") == 1
    Client(REMOTE_ADDR="192.0.2.1").post("/api/auth/login", {}, content_type="application/json")
    assert read("192.0.2.1") == 0
    assert read("192.0.2.2") == 1, "another client"
    assert read("192.0.2.1", token="another") == 1, "another user at the same address"
    time.sleep(1.1)
    assert read("192.0.2.1") == 1
    assert read("192.0.2.2", "/api/orders/RB-X") == 0


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_database(django_db_blocker: Any) -> Any:
    """A connection with a pool of its own to this run's server, outside of the tests' transaction."""
    found = dict(connections["default"].settings_dict)
    found["OPTIONS"] = {**found["OPTIONS"], "pool": {"min_size": 3, "max_size": 5, "timeout": 5}}
    with django_db_blocker.unblock():
        wrapper = DatabaseWrapper(found, alias="own")
        timing.install(None, wrapper)
        yield wrapper
        wrapper.close()
        wrapper.close_pool()


def kill_others(wrapper: Any) -> int:
    """Ends every connection of the pool but the one that asks: what a restart of the server does to them."""
    found = wrapper.settings_dict
    with psycopg.connect(
        host=found["HOST"],
        port=found["PORT"],
        user=found["USER"],
        password=found["PASSWORD"],
        dbname=found["NAME"],
        autocommit=True,
    ) as admin:
        rows = admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'own-pool'"
        ).fetchall()
    return len(rows)


@pytest.mark.production
def test_the_first_query_after_a_restart_is_answered_at_once(own_database: Any) -> None:
    own_database.settings_dict["OPTIONS"]["application_name"] = "own-pool"
    own_database.pool.open()
    own_database.pool.wait(5)
    assert kill_others(own_database) >= 3
    started = time.perf_counter()
    with own_database.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert time.perf_counter() - started < 1.5, "stock psycopg needs a second for each dead connection"


@pytest.mark.production
def test_after_a_longer_outage_the_pool_is_back_within_a_second_or_two(
    own_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stock psycopg tries after 1, 3 and 7 seconds, and after minutes in the end."""
    pool = own_database.pool
    pool.open()
    pool.wait(5)
    with monkeypatch.context() as outage:

        def refused(timeout: float | None = None) -> Any:
            raise psycopg.OperationalError("the database system is starting up")

        outage.setattr(pool, "_connect", refused)
        pool.drain()
        time.sleep(3.4)
    started = time.perf_counter()
    with own_database.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert time.perf_counter() - started < 2


@pytest.mark.production
def test_thirty_threads_share_the_pool(own_database: Any) -> None:
    seen: list[int] = []
    own_database.pool.open()

    def ask(number: int) -> int:
        with own_database.pool.connection() as raw:
            raw.execute("SELECT pg_sleep(0.05)")
            seen.append(own_database.pool.get_stats()["pool_size"])
        return number

    with ThreadPoolExecutor(30) as threads:
        assert sorted(threads.map(ask, range(30))) == list(range(30))
    assert max(seen) == 5


@pytest.mark.production
def test_the_watchdog_cancels_what_takes_too_long_and_nothing_else(
    own_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dog = Watchdog()
    dog.limit(0.4)
    monkeypatch.setattr(timing, "watchdog", dog)
    with own_database.cursor() as cursor:
        started = time.perf_counter()
        with pytest.raises(DatabaseError, match="canceling statement due to user request"):
            cursor.execute("SELECT pg_sleep(20)")
        assert time.perf_counter() - started < 3
    own_database.close()
    with own_database.cursor() as cursor:
        for _ in range(20):
            cursor.execute("SELECT pg_sleep(0.02)")
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


@pytest.mark.production
def test_the_server_ends_a_statement_after_its_own_time(own_database: Any) -> None:
    with own_database.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("30s",)
        cursor.execute("SET statement_timeout = 100")
        with pytest.raises(OperationalError, match="statement timeout"):
            cursor.execute("SELECT pg_sleep(5)")


def test_the_watchdog_lets_a_process_that_does_not_serve_take_its_time() -> None:
    assert watchdog._timeout_s == 0
    assert django_settings.DATABASE_QUERY_TIMEOUT_S == 10
    started = threading.active_count()
    with Watchdog().watches(object()):
        assert threading.active_count() == started


@pytest.mark.production
def test_a_replica_is_asked_until_it_fails_and_then_left_alone(
    own_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica_module, "connections", {"own": own_database})
    known = Replica("own")
    assert known.is_usable(), "a primary is never behind itself"
    with own_database.cursor() as cursor, pytest.raises(OperationalError) as cancelled:
        cursor.execute("SET statement_timeout = 50")
        cursor.execute("SELECT pg_sleep(5)")
    known.failed(cancelled.value)
    assert (known.is_usable(), known.losses) == (True, 0), (
        "a query that takes too long is not the replica's fault"
    )
    known.failed(OperationalError("the connection is lost"))
    assert (known.is_usable(), known.losses) == (False, 1)


@pytest.mark.production
def test_a_replica_further_behind_than_clients_stay_away_is_not_asked(
    own_database: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(replica_module, "connections", {"own": own_database})
    settings.REPLICA_STICKY_S = 5
    for behind_s, usable in ((5.0, True), (5.1, False), (float("inf"), False)):
        known = Replica("own")
        monkeypatch.setattr(known, "_behind_s", lambda behind_s=behind_s: behind_s)
        assert known.is_usable() is usable, behind_s
