"""What watches over the shop reads: alive, ready, healthy, and the details."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.conf import settings
from django.core.files.storage import Storage
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from common.errors import problem_json
from common.storage import private_storage
from ops import probes
from ops.costs import saved_by_switches
from ops.month_usage import month_usage
from stolentee.machine import disk_percent, memory_facts
from stolentee.metrics import pool_facts

_STARTED = time.monotonic()
_CACHE_S = 10
_FAULT_KEPT_S = 1  # whoever comes back is believed at once, and an outage is not made worse by those who ask
_SAVINGS_KEPT_S = 600  # the sums of a month change slowly
_NO_WORKER_AFTER_S = 180  # so long a shop that has just started may do without one
# Milliseconds from which a dependency counts as degraded (CONTRACT 9).
_SLOW_MS = {"database": 1000, "redis": 500, "storage": 1000}
_MB, _GB = 2**20, 2**30
_last: dict[str, tuple[float, Any]] = {}


def _timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _kept(
    name: str, seconds: float, make: Callable[[], Any], *, is_fault: Callable[[Any], bool] | None = None
) -> Any:
    """What `make` says, asked for once in so many seconds by this process; a fault is asked about again soon."""
    until, known = _last.get(name, (0.0, None))
    if time.monotonic() < until:
        return known
    made = make()
    _last[name] = (time.monotonic() + (_FAULT_KEPT_S if is_fault and is_fault(made) else seconds), made)
    return made


def _probe(name: str, ask: Callable[[], Any]) -> dict[str, Any]:
    """One check: its state and how long it took. Whatever goes wrong in it is what it reports."""
    started = time.perf_counter()
    try:
        ask()
    except Exception as error:  # the kind of error is the finding; its text may hold addresses or secrets
        return {"status": "down", "latency": 0, "error": type(error).__name__}
    latency_ms = round((time.perf_counter() - started) * 1000, 2)
    return {"status": "degraded" if latency_ms > _SLOW_MS[name] else "ok", "latency": latency_ms}


def _ask_storage() -> None:
    storage: Storage = private_storage()
    storage.exists("health-probe")


def _share(percent: float, *, degraded: float, down: float) -> dict[str, Any]:
    status = "down" if percent > down else "degraded" if percent > degraded else "ok"
    return {"status": status, "latency": percent}


def _memory() -> dict[str, Any]:
    return _share(memory_facts()["used_percent"], degraded=80, down=90)


def _disk() -> dict[str, Any]:
    return _share(disk_percent(settings.VAR_DIR), degraded=80, down=90)


def _checks() -> dict[str, Any]:
    """All checks, at most once in ten seconds, or in one while something is down: probes are cheap, but not free."""

    def ask() -> dict[str, Any]:
        return {
            "database": _probe("database", probes.database_ms),
            "redis": _probe("redis", probes.redis_ms),
            "storage": _probe("storage", _ask_storage),
            "memory": _memory(),
            "disk": _disk(),
        }

    def is_fault(checks: dict[str, Any]) -> bool:
        return any(check["status"] == "down" for check in checks.values())

    checks: dict[str, Any] = _kept("checks", _CACHE_S, ask, is_fault=is_fault)
    return checks


def _work() -> dict[str, Any]:
    """How the queues and the workers do, at most once in ten seconds. Without a database nobody knows."""

    def ask() -> dict[str, Any]:
        try:
            facts = probes.work_facts(timezone.now())
        except DatabaseError as error:
            return {"status": "unknown", "worker": "unknown", "error": type(error).__name__}
        worker = facts.worker_state
        is_new = time.monotonic() - _STARTED < _NO_WORKER_AFTER_S
        is_missed = worker == "none" and settings.PRODUCTION and not is_new
        return {
            "status": "degraded" if worker in ("stuck", "down") or is_missed else "ok",
            "worker": worker,
            "workers": facts.workers_alive,
            "heartbeat": facts.last_beat_s,
            "modelWarm": facts.model_warm,
            "oldestSeconds": max((queue.oldest_waiting_s for queue in facts.queues.values()), default=0.0),
            "waiting": sum(queue.waiting for queue in facts.queues.values()),
            "queues": {name: asdict(queue) for name, queue in facts.queues.items()},
        }

    work: dict[str, Any] = _kept("work", _CACHE_S, ask, is_fault=lambda work: work["status"] == "unknown")
    return work


def overall(checks: dict[str, Any], work: dict[str, Any] | None = None) -> str:
    """Unhealthy without the database; degraded by anything else that is not ok (without Redis the shop still sells)."""
    if checks["database"]["status"] == "down":
        return "unhealthy"
    parts = [*checks.values(), *([work] if work else [])]
    return "healthy" if all(part["status"] == "ok" for part in parts) else "degraded"


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    checks, work = _checks(), _work()
    status = overall(checks, work)
    body = {
        "status": status,
        "timestamp": _timestamp(),
        "uptime": _uptime_s(),
        "version": settings.VERSION,
        "environment": settings.ENVIRONMENT,
        "maintenance": settings.MAINTENANCE_MODE,
        "checks": checks,
        "work": {name: value for name, value in work.items() if name != "queues"},
    }
    if status == "unhealthy":
        return _compact(body | {"message": "The database does not answer."}, 503)
    return _compact(body)


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    return _compact({"status": "alive", "timestamp": _timestamp()})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Asked afresh each time, because traffic is sent here or not by this answer."""
    if _probe("database", probes.database_ms)["status"] == "down":
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
    checks, work = _checks(), _work()
    database = checks["database"]
    if database["status"] == "down":
        return _compact({"status": "unhealthy", "error": database["error"], "timestamp": _timestamp()}, 503)
    latency = database["latency"]
    pool = pool_facts()
    body = {
        "status": overall(checks, work),
        "timestamp": _timestamp(),
        "uptime": _uptime_s(),
        "environment": settings.ENVIRONMENT,
        "memory": _memory_details(),
        "cpu": {"loadAverage": [round(load, 2) for load in os.getloadavg()], "cores": os.cpu_count()},
        "database": {
            "latency": latency,
            "status": "healthy" if latency < 100 else "degraded" if latency < 500 else "slow",
            "pool": {"total": pool["open"], "idle": pool["idle"], "waiting": pool["waiting"]},
            "poolMax": pool["max"],
        },
        "process": {
            "pid": os.getpid(),
            "version": platform.python_version(),
            "platform": sys.platform,
            "arch": platform.machine(),
        },
        "infrastructure": _infrastructure(),
        "work": work,
    }
    return _compact(body)


def _uptime_s() -> float:
    return round(time.monotonic() - _STARTED, 3)


def _memory_details() -> dict[str, Any]:
    """Megabytes of this process, gigabytes of the machine, as CONTRACT 9 has them."""
    facts = memory_facts()
    rss = facts["rss_bytes"] // _MB
    return {
        "used": rss,
        "total": facts["total_bytes"] // _MB,
        "external": 0,
        "rss": rss,
        "usedPercent": facts["used_percent"],
        "system": {
            "total": facts["total_bytes"] // _GB,
            "free": facts["available_bytes"] // _GB,
            "usedPercent": facts["used_percent"],
        },
    }


def _infrastructure() -> dict[str, Any]:
    """The document's two switches, and what they save by the use of the last thirty days."""
    r2_storage = bool(settings.S3_BUCKET or settings.R2_BUCKET_NAME)

    def ask() -> Decimal:
        return saved_by_switches(month_usage(timezone.now()), rembg_self_hosted=True, r2_storage=r2_storage)

    saved: Decimal = _kept("savings", _SAVINGS_KEPT_S, ask)
    return {
        "rembgSelfHosted": True,
        "r2Storage": r2_storage,
        "costOptimized": r2_storage,  # both switches are on: rembg is always our own
        "estimatedMonthlySavings": f"${saved.quantize(Decimal(1), ROUND_HALF_UP):,}",
    }


def _compact(body: dict[str, Any], status: int = 200) -> JsonResponse:
    """Without spaces and with `status` first: monitors look for `"database":{"status":"ok"`."""
    response = JsonResponse(body, status=status, json_dumps_params={"separators": (",", ":")})
    response["Cache-Control"] = "no-store"
    return response
