"""What an idle shop costs at a Redis that bills each command: counted by a real one."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import redis

from stolentee.queue import redis_transport
from tests import services
from tests.stolentee.production import CELERY, QUIET, Server, wait_until

pytestmark = [pytest.mark.production, pytest.mark.timeout(180)]
WINDOW_S = 60.0
POLL_S = 5
# docs/MONITORING.md has what was measured; this is what it may not exceed.
WORKER_PER_HOUR_AT_MOST = 1500


def commands(url: str) -> dict[str, int]:
    with redis.Redis.from_url(url) as client:
        found = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): int(stats["calls"]) for name, stats in found.items()}


def test_an_idle_worker_is_quiet(tmp_path: Path) -> None:
    programs = services._find_or_install(need_postgresql=False, need_redis=True)
    port = str(services._free_port())
    server = Server(
        [str(programs.redis_server), "--port", port, "--bind", "127.0.0.1", "--save", ""],
        dict(os.environ),
        tmp_path / "redis.log",
    )
    server.start()
    url = f"redis://127.0.0.1:{port}/0"
    own = {"REDIS_URL": url, "VAR_DIR": str(tmp_path), "REDIS_POLL_INTERVAL_S": str(POLL_S)}
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | own
    worker = Server(
        [CELERY, "-A", "stolentee", "worker", "-c", "1", "-Q", "payments,mail,ops", *QUIET],
        environment,
        tmp_path / "worker.log",
    )
    try:
        worker.start()
        wait_until(lambda: commands(url).get("brpop", 0) >= 1, "the worker's first poll", 60)
        time.sleep(2)
        before = commands(url)
        time.sleep(WINDOW_S)
        after = commands(url)
    finally:
        worker.end()
        server.end()
    ignored = {"info", "client|setinfo", "hello", "client"}  # these are this test's own
    used = {
        name: calls - before.get(name, 0)
        for name, calls in after.items()
        if name not in ignored and calls > before.get(name, 0)
    }
    per_hour = sum(used.values()) * 3600 / WINDOW_S
    print(f"idle worker: {per_hour:.0f} commands an hour: {used}")
    assert 0 < per_hour <= WORKER_PER_HOUR_AT_MOST, used
    assert used["brpop"] >= 0.7 * sum(used.values()), "mostly it waits for work"


def test_the_transport_waits_longer_than_the_longest_task() -> None:
    options = redis_transport(poll_interval_s=7)
    assert options["polling_interval"] == 7
    assert options["visibility_timeout"] > 120
    assert options["socket_timeout"] > 7
