"""What watches over the shop reads: alive, ready, healthy, and the details."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import Storage
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from common.errors import problem_json
from common.storage import private_storage

_STARTED = time.monotonic()
_CACHE_S = 10
_PROBE_KEY = "health:probe"
# Milliseconds from which a dependency counts as degraded (CONTRACT 9).
_SLOW_MS = {"database": 1000, "redis": 500, "storage": 1000}
_last: dict[str, tuple[float, dict[str, Any]]] = {}


def _timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _probe(name: str, ask: Callable[[], None]) -> dict[str, Any]:
    """One check: its state and how long it took. Whatever goes wrong in it is what it reports."""
    started = time.perf_counter()
    try:
        ask()
    except Exception as error:  # the kind of error is the finding; its text may hold addresses or secrets
        return {"status": "down", "latency": 0, "error": type(error).__name__}
    latency_ms = round((time.perf_counter() - started) * 1000, 2)
    return {"status": "degraded" if latency_ms > _SLOW_MS[name] else "ok", "latency": latency_ms}


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def _ask_redis() -> None:
    if not settings.REDIS_URL:
        return
    # The cache swallows errors, so what was written is read back.
    value = str(time.time_ns())
    cache.set(_PROBE_KEY, value, 30)
    if cache.get(_PROBE_KEY) != value:
        raise ConnectionError("the cache forgot")


def _ask_storage() -> None:
    storage: Storage = private_storage()
    storage.exists("health-probe")


def _memory() -> dict[str, Any]:
    percent = _memory_facts()["usedPercent"]
    status = "down" if percent > 90 else "degraded" if percent > 80 else "ok"
    return {"status": status, "latency": percent}


def _disk() -> dict[str, Any]:
    usage = shutil.disk_usage(settings.BASE_DIR)
    percent = round(usage.used / usage.total * 100, 1)
    status = "down" if percent > 95 else "degraded" if percent > 90 else "ok"
    return {"status": status, "latency": percent}


def _memory_facts() -> dict[str, Any]:
    """Megabytes of this process and of the machine, from the kernel's own accounts."""
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    total = os.sysconf("SC_PHYS_PAGES") * page_bytes
    available = _available_bytes(default=total)
    with open("/proc/self/statm") if os.path.exists("/proc/self/statm") else open(os.devnull) as statm:
        fields = statm.read().split()
    rss = int(fields[1]) * page_bytes if fields else 0
    used_percent = round((total - available) / total * 100, 1)
    return {
        "used": rss // 2**20,
        "total": total // 2**20,
        "external": 0,
        "rss": rss // 2**20,
        "usedPercent": used_percent,
        "system": {"total": total // 2**30, "free": available // 2**30, "usedPercent": used_percent},
    }


def _available_bytes(*, default: int) -> int:
    """Memory that can be had without swapping, or `default` where the kernel does not tell."""
    if not os.path.exists("/proc/meminfo"):
        return default
    with open("/proc/meminfo") as meminfo:
        for line in meminfo:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return default


def _checks() -> dict[str, Any]:
    """All checks, at most once in ten seconds: probes are cheap, but not free."""
    at, known = _last.get("checks", (-_CACHE_S, {}))
    if time.monotonic() - at < _CACHE_S:
        return known
    checks = {
        "database": _probe("database", _ask_database),
        "redis": _probe("redis", _ask_redis),
        "storage": _probe("storage", _ask_storage),
        "memory": _memory(),
        "disk": _disk(),
    }
    _last["checks"] = (time.monotonic(), checks)
    return checks


def overall(checks: dict[str, Any]) -> str:
    """Unhealthy without the database; degraded by anything else that is not ok (without Redis the shop still sells)."""
    if checks["database"]["status"] == "down":
        return "unhealthy"
    return "healthy" if all(check["status"] == "ok" for check in checks.values()) else "degraded"


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    checks = _checks()
    status = overall(checks)
    body = {
        "status": status,
        "timestamp": _timestamp(),
        "uptime": round(time.monotonic() - _STARTED, 3),
        "version": settings.VERSION,
        "environment": settings.ENVIRONMENT,
        "checks": checks,
    }
    return _compact(body, 503 if status == "unhealthy" else 200)


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    return _compact({"status": "alive", "timestamp": _timestamp()})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    if _probe("database", _ask_database)["status"] == "down":
        return _compact(
            {"status": "not ready", "timestamp": _timestamp(), "reason": "Database unavailable"}, 503
        )
    return _compact({"status": "ready", "timestamp": _timestamp()})


@require_safe
def detailed(request: HttpRequest) -> JsonResponse:
    """Guarded by `HEALTH_KEY` (header `X-Health-Key`); without a key it answers in development only."""
    given = request.headers.get("X-Health-Key", "")
    is_open = not settings.HEALTH_KEY and not settings.PRODUCTION
    if not is_open and not (settings.HEALTH_KEY and constant_time_compare(given, settings.HEALTH_KEY)):
        return problem_json(403, "The details need the health key.", code="health_key_wrong")
    database = _probe("database", _ask_database)
    if database["status"] == "down":
        return _compact({"status": "unhealthy", "error": database["error"], "timestamp": _timestamp()}, 503)
    latency = database["latency"]
    body = {
        "status": overall(_checks()),
        "timestamp": _timestamp(),
        "uptime": round(time.monotonic() - _STARTED, 3),
        "environment": settings.ENVIRONMENT,
        "memory": _memory_facts(),
        "cpu": {"loadAverage": [round(load, 2) for load in os.getloadavg()], "cores": os.cpu_count()},
        "database": {
            "latency": latency,
            "status": "healthy" if latency < 100 else "degraded" if latency < 500 else "slow",
            "pool": _pool_facts(),
        },
        "process": {
            "pid": os.getpid(),
            "version": platform.python_version(),
            "platform": sys.platform,
            "arch": platform.machine(),
        },
        "infrastructure": {
            "rembgSelfHosted": True,
            "r2Storage": bool(settings.S3_BUCKET or settings.R2_BUCKET_NAME),
        },
    }
    return _compact(body)


def _pool_facts() -> dict[str, int]:
    """Connections of this process: open, idle, and requests that wait for one. SQLite has no pool."""
    pool = getattr(connection, "pool", None)
    stats = pool.get_stats() if pool else {}
    return {
        "total": stats.get("pool_size", 1),
        "idle": stats.get("pool_available", 0),
        "waiting": stats.get("requests_waiting", 0),
    }


def _compact(body: dict[str, Any], status: int = 200) -> JsonResponse:
    """Without spaces and with `status` first: monitors look for `"database":{"status":"ok"`."""
    response = JsonResponse(body, status=status, json_dumps_params={"separators": (",", ":")})
    response["Cache-Control"] = "no-store"
    return response
