"""What an idle shop costs at a Redis that bills each command: counted by a real one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from kombu import Connection

from stolentee.queue import redis_transport
from tests import services
from tests.stolentee.production import CELERY, QUIET, Server, wait_until

pytestmark = [pytest.mark.production, pytest.mark.timeout(180)]
POLLS = 8
POLL_S = 1  # of the worker that is counted; what it does per poll and per look holds for every interval
# docs/MONITORING.md has what this comes to; this is what it may not exceed.
WORKER_PER_HOUR_AT_MOST = 1000
OWN = {"info", "client|setinfo", "hello", "client", "command", "command|docs"}  # this test's own


def commands(url: str) -> dict[str, int]:
    with redis.Redis.from_url(url) as client:
        found = client.info("commandstats")
    counted = {name.removeprefix("cmdstat_"): int(stats["calls"]) for name, stats in found.items()}
    return {name: calls for name, calls in counted.items() if name not in OWN}


def since(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: calls - before.get(name, 0) for name, calls in after.items() if calls > before.get(name, 0)}


@pytest.fixture
def server_url(tmp_path: Path) -> Iterator[str]:
    programs = services._find_or_install(need_postgresql=False, need_redis=True)
    port = str(services._free_port())
    server = Server(
        [str(programs.redis_server), "--port", port, "--bind", "127.0.0.1", "--save", ""],
        dict(os.environ),
        tmp_path / "redis.log",
    )
    server.start()
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.end()


def test_an_idle_worker_is_quiet(tmp_path: Path, server_url: str) -> None:
    own = {"REDIS_URL": server_url, "VAR_DIR": str(tmp_path), "REDIS_POLL_INTERVAL_S": str(POLL_S)}
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | own
    worker = Server(
        [CELERY, "-A", "stolentee", "worker", "-c", "1", "-Q", "payments,mail,ops", *QUIET],
        environment,
        tmp_path / "worker.log",
    )
    try:
        worker.start()
        # The window begins with a poll and ends with one, however slow the machine is.
        wait_until(lambda: commands(server_url).get("brpop", 0) >= 2, "the worker's second poll", 60)
        before = commands(server_url)
        wait_until(
            lambda: commands(server_url)["brpop"] >= before["brpop"] + POLLS, "the window's last poll", 60
        )
        used = since(before, commands(server_url))
    finally:
        worker.end()
    # A poll is one command; the connection is looked after now and then; nothing else happens.
    assert set(used) <= {"brpop", "ping"} and used.get("ping", 0) <= 2, used

    look = cost_of_a_look_for_lost_messages(server_url)
    options = redis_transport(poll_interval_s=settings.CELERY_BROKER_TRANSPORT_OPTIONS["polling_interval"])
    per_hour = {
        "polls": 3600 / options["polling_interval"],
        "looks for lost messages": look * 3600 / options["unacked_restore_interval"],
        "pings": 3600 / options["health_check_interval"],
    }
    print(f"idle worker: {sum(per_hour.values()):.0f} commands an hour: {per_hour}")
    assert options["polling_interval"] == 5
    assert sum(per_hour.values()) <= WORKER_PER_HOUR_AT_MOST, per_hour


def cost_of_a_look_for_lost_messages(url: str) -> int:
    """How many commands Kombu's `restore_visible` is, which the worker runs at its interval."""
    with Connection(url, transport_options=redis_transport(poll_interval_s=POLL_S)) as connection:
        channel = connection.channel()
        channel.client.ping()
        before = commands(url)
        channel.qos.restore_visible(num=channel.unacked_restore_limit, interval=1)
        used = since(before, commands(url))
    assert used["zrange"] == 1, used
    return sum(used.values())


def test_the_transport_waits_longer_than_the_longest_task() -> None:
    options = redis_transport(poll_interval_s=7)
    assert options["polling_interval"] == 7
    assert options["visibility_timeout"] > 120
    assert options["socket_timeout"] > 7
