"""`/metrics` for Prometheus: what this machine's processes have counted, and what the database knows."""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from common.errors import problem_json
from common.metrics import DATABASE_POOL, PROCESS_MEMORY
from ops.business_figures import Figure, figures
from stolentee.machine import cpu_busy_percent, disk_percent, memory_facts

_NOTED_EVERY_S = 1.0
_FIGURES_KEPT_S = 15.0
_noted_at = 0.0
_known: tuple[float, list[Figure]] | None = None


def note_process() -> None:
    """Once a second at most: this process's memory and connections, which no other process can see."""
    global _noted_at
    now = time.monotonic()
    if now - _noted_at < _NOTED_EVERY_S:
        return
    _noted_at = now
    for state, count in pool_facts().items():
        DATABASE_POOL.labels(state).set(count)
    PROCESS_MEMORY.set(memory_facts()["rss_bytes"])


def pool_facts() -> dict[str, int]:
    """Connections of this process: at most, open, idle, and requests that wait for one. SQLite has no pool."""
    options = connections["default"].settings_dict["OPTIONS"]
    if not options.get("pool"):
        return {"max": 1, "open": 1, "idle": 0, "waiting": 0}
    pool = getattr(connections["default"], "_connection_pools", {}).get("default")
    stats = pool.get_stats() if pool is not None else {}
    return {
        "max": options["pool"]["max_size"],
        "open": stats.get("pool_size", 0),
        "idle": stats.get("pool_available", 0),
        "waiting": stats.get("requests_waiting", 0),
    }


def process_registry() -> CollectorRegistry:
    """What the processes have counted: of all that share the folder, or of this one alone."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return registry


class BusinessCollector:
    """Queues, jobs, cut-outs, orders and money, as the database has them now; asked for every 15 seconds at most."""

    def collect(self) -> Iterator[Metric]:
        global _known
        if _known is None or time.monotonic() - _known[0] >= _FIGURES_KEPT_S:
            _known = (time.monotonic(), figures())
        families: dict[str, GaugeMetricFamily] = {}
        for figure in [*_known[1], *_machine()]:
            family = families.setdefault(
                figure.name, GaugeMetricFamily(figure.name, figure.help, labels=list(figure.labels))
            )
            family.add_metric(list(figure.labels.values()), figure.value)
        return iter(families.values())


def _machine() -> Iterator[Figure]:
    yield Figure("stolentee_memory_used_percent", "Memory of the machine.", memory_facts()["used_percent"])
    yield Figure("stolentee_disk_used_percent", "Disk of VAR_DIR.", disk_percent(settings.VAR_DIR))
    yield Figure("stolentee_cpu_busy_percent", "Processors since the last time.", cpu_busy_percent())


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Guarded by `METRICS_KEY` (Authorization: Bearer); without a key, for this machine alone."""
    if not _may_read(request):
        return problem_json(403, "The metrics need the metrics key.", code="metrics_key_wrong")
    note_process()
    own = CollectorRegistry()
    own.register(BusinessCollector())  # type: ignore[arg-type]
    body = generate_latest(process_registry()) + generate_latest(own)
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_KEY:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return constant_time_compare(given, settings.METRICS_KEY)
    if request.headers.get("X-Forwarded-For"):
        return False  # a proxy on this machine speaks for somebody else
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def reset_figures(**kwargs: Any) -> None:
    """Forgets what was read from the database, for tests."""
    global _known
    _known = None
