"""A throw-away shop for a benchmark: a database of its own in a temporary folder, or the one of DATABASE_URL."""

from __future__ import annotations

import os
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from typing import Any


def open_shop() -> None:
    """Sets Django up over an empty database and seeds it. Call it before anything of the shop is imported."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stolentee.settings")
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="stolentee-bench-")
    os.environ["RATE_LIMITS"] = "false"
    os.environ["LOG_LEVEL"] = "ERROR"
    import django

    django.setup()
    from django.core.management import call_command

    with redirect_stdout(StringIO()):
        call_command("migrate", verbosity=0)
        call_command("seed_catalogue")
        call_command("seed_prices")


def seconds(call: Callable[[], Any], times: int) -> list[float]:
    """How long each of `times` calls took."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return taken


def percentile(taken: list[float], percent: int) -> float:
    """In seconds; of one measurement, that one."""
    return statistics.quantiles(taken, n=100)[percent - 1] if len(taken) > 1 else taken[0]


def queries_of(call: Callable[[], Any]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for_port(port: int) -> None:
    """Returns when a server listens there. Raises TimeoutError."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server did not start")
