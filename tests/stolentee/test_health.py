"""Health under faults: the truth, soon, and without a secret."""

from __future__ import annotations

import io
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.storage import Storage
from django.core.management import call_command
from django.db.utils import ConnectionHandler
from django.test import Client
from django.utils import timezone

from ops import probes
from ops.health_samples import worker_gone, worker_model_warm, worker_seen
from ops.models import WorkerBeat
from stolentee import health
from tests.factories.uploads import AssetFactory, JobFactory
from uploads.models import Job

pytestmark = pytest.mark.django_db
SECRET = "hunter2-hunter2"
# The discard port: nobody listens there.
NO_DATABASE = {
    "ENGINE": "django.db.backends.postgresql",
    "HOST": "127.0.0.1",
    "PORT": "9",
    "NAME": "shop",
    "USER": "shop",
    "PASSWORD": SECRET,
    "OPTIONS": {"connect_timeout": 2},
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered of earlier checks, and the machine has memory and disk to spare."""
    monkeypatch.setattr(health, "_last", {})
    for name in ("_memory", "_disk"):
        monkeypatch.setattr(health, name, lambda: {"status": "ok", "latency": 10.0})


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "connection", ConnectionHandler({"default": NO_DATABASE})["default"])


@pytest.fixture
def no_redis(settings: Any) -> None:
    settings.REDIS_URL = f"redis://:{SECRET}@127.0.0.1:9/0"
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": settings.REDIS_URL,
            "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1},
        }
    }


class _NoStorage(Storage):
    def exists(self, name: str) -> bool:
        raise ConnectionError(f"https://key:{SECRET}@storage.example refused")


@pytest.fixture
def no_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "private_storage", _NoStorage)


def get(path: str = "/health") -> Any:
    answer = Client().get(path)
    assert SECRET not in answer.content.decode()
    assert "127.0.0.1" not in answer.content.decode()
    return answer


def test_everything_is_well() -> None:
    answer = get()
    assert (answer.status_code, answer.json()["status"]) == (200, "healthy")
    assert {check["status"] for check in answer.json()["checks"].values()} == {"ok"}


@pytest.mark.usefixtures("no_database")
def test_without_a_database_the_shop_is_unhealthy_and_not_ready_but_alive() -> None:
    answer = get()
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert answer.json()["message"] == "The database does not answer."
    assert answer.json()["checks"]["database"] == {
        "status": "down",
        "latency": 0,
        "error": "OperationalError",
    }
    ready = get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
    assert ready.json()["reason"] == "Database unavailable"
    assert get("/health/live").status_code == 200
    detailed = get("/health/detailed")
    assert (detailed.status_code, detailed.json()["status"]) == (503, "unhealthy")
    assert detailed.json()["error"] == "OperationalError"


def test_a_fault_is_asked_about_again_after_a_second_and_health_after_ten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(health, "time", SimpleNamespace(monotonic=lambda: now, perf_counter=lambda: now))
    broken = ConnectionHandler({"default": NO_DATABASE})["default"]
    with monkeypatch.context() as fault:
        fault.setattr(probes, "connection", broken)
        assert get().status_code == 503
    now = 100.9
    assert get().status_code == 503
    now = 101.1
    assert get().status_code == 200
    monkeypatch.setattr(probes, "connection", broken)
    now = 111.0
    assert get().status_code == 200
    now = 111.2
    assert get().status_code == 503


@pytest.mark.usefixtures("no_redis")
def test_without_redis_the_shop_is_degraded_and_still_sells() -> None:
    answer = get()
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["redis"]["status"] == "down"
    assert answer.json()["checks"]["database"]["status"] == "ok"
    assert get("/health/ready").status_code == 200
    assert Client().get("/api/products").status_code == 200


@pytest.mark.usefixtures("no_storage")
def test_without_storage_the_shop_is_degraded() -> None:
    """The earlier backend called itself healthy then (CONTRACT 9)."""
    answer = get()
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["storage"] == {
        "status": "down",
        "latency": 0,
        "error": "ConnectionError",
    }


@pytest.mark.usefixtures("no_storage", "no_redis", "no_database")
def test_the_worst_of_several_faults_counts() -> None:
    assert get().status_code == 503


@pytest.mark.parametrize(
    ("name", "status", "total"),
    [
        ("database", "degraded", "degraded"),
        ("database", "down", "unhealthy"),
        ("redis", "degraded", "degraded"),
        ("redis", "down", "degraded"),
        ("storage", "down", "degraded"),
        ("memory", "down", "degraded"),
        ("disk", "degraded", "degraded"),
    ],
)
def test_what_a_fault_makes_of_the_whole(name: str, status: str, total: str) -> None:
    checks = {check: {"status": "ok"} for check in ("database", "redis", "storage", "memory", "disk")}
    assert health.overall(checks) == "healthy"
    assert health.overall(checks | {name: {"status": status}}) == total


@pytest.mark.parametrize(
    ("name", "seconds", "status"),
    [
        ("database", 0.9, "ok"),
        ("database", 1.1, "degraded"),
        ("redis", 0.4, "ok"),
        ("redis", 0.6, "degraded"),
        ("storage", 1.1, "degraded"),
    ],
)
def test_slowness_counts(name: str, seconds: float, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 100.0 + seconds])
    monkeypatch.setattr(health.time, "perf_counter", lambda: next(clock))
    assert health._probe(name, lambda: None) == {"status": status, "latency": seconds * 1000}


def test_checks_are_made_once_in_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    now = [1000.0]
    monkeypatch.setattr(health, "_ask_storage", lambda: asked.append(1))
    monkeypatch.setattr(health.time, "monotonic", lambda: now[0])
    for moment in (1000.0, 1005.0, 1009.9):
        now[0] = moment
        assert get().status_code == 200
    assert len(asked) == 1
    now[0] = 1010.1
    assert get().status_code == 200
    assert len(asked) == 2


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/health/detailed"])
def test_nothing_is_written_and_nothing_is_kept(path: str) -> None:
    answer = get(path)
    assert answer["Cache-Control"] == "no-store"
    assert "RateLimit-Limit" not in answer
    assert Client().head(path).status_code == 200
    assert Client().post(path).status_code == 405


def test_production_keeps_its_details_to_itself(settings: Any) -> None:
    settings.PRODUCTION = True
    assert get("/health/detailed").status_code == 403
    settings.HEALTH_KEY = "the-health-key"
    assert Client().get("/health/detailed", headers={"x-health-key": "the-health-ke"}).status_code == 403
    opened = Client().get("/health/detailed", headers={"x-health-key": "the-health-key"}, secure=True)
    assert opened.status_code == 200
    assert "the-health-key" not in opened.content.decode()


def test_the_shops_own_settings_pass_their_checks() -> None:
    out = io.StringIO()
    call_command("check", stdout=out)
    assert "no issues" in out.getvalue()


def test_a_worker_that_shows_life_and_what_waits() -> None:
    started = timezone.now()
    worker_seen("celery@one", ["cutouts"], started_at=started)
    body = get().json()
    assert (body["status"], body["work"]["worker"], body["work"]["workers"]) == ("healthy", "ok", 1)
    assert body["work"]["modelWarm"] is False
    assert body["work"]["heartbeat"] < 5


def test_a_warm_model_is_told() -> None:
    worker_seen("celery@one", ["cutouts"], started_at=timezone.now())
    worker_model_warm("celery@one")
    assert get().json()["work"]["modelWarm"] is True
    worker_gone("celery@one")
    assert get_fresh()["work"]["modelWarm"] is False


def get_fresh() -> dict[str, Any]:
    health._last.clear()
    body: dict[str, Any] = get().json()
    return body


def test_workers_that_have_all_fallen_silent_degrade_the_shop() -> None:
    WorkerBeat.objects.create(name="celery@gone", seen_at=timezone.now() - timedelta(minutes=4))
    body = get().json()
    assert (body["status"], body["work"]["worker"]) == ("degraded", "down")
    worker_seen("celery@new", [], started_at=timezone.now())
    assert get_fresh()["status"] == "healthy"


@pytest.mark.parametrize(("waiting", "state"), [(10, "none"), (11, "stuck")])
def test_more_than_ten_that_wait_while_nobody_works_are_stuck(waiting: int, state: str) -> None:
    """The runbook's rule (CONTRACT 9)."""
    JobFactory.create_batch(waiting, source=AssetFactory())
    work = get().json()["work"]
    assert (work["worker"], work["waiting"]) == (state, waiting)


def test_one_that_is_worked_on_means_that_the_others_only_wait() -> None:
    JobFactory.create_batch(12, source=AssetFactory())
    Job.objects.filter(pk=Job.objects.values("pk")[:1]).update(
        status=Job.Status.RUNNING, lease_expires_at=timezone.now() + timedelta(minutes=2)
    )
    assert get().json()["work"]["worker"] == "none"


def test_what_has_waited_for_half_an_hour_is_stuck() -> None:
    JobFactory(source=AssetFactory(), available_at=timezone.now() - timedelta(minutes=31))
    body = get().json()
    assert (body["status"], body["work"]["worker"]) == ("degraded", "stuck")
    assert 1860 <= body["work"]["oldestSeconds"] < 1900


def test_the_savings_follow_from_what_was_used() -> None:
    """By hand: 301 photos at $0.20 and $1 are $61.20, less $25 for the worker of one's own."""

    def savings() -> str:
        health._last.clear()
        return str(get("/health/detailed").json()["infrastructure"]["estimatedMonthlySavings"])

    assert savings() == "$0"
    asset = AssetFactory()
    rows = [Job(source=asset, status=Job.Status.DONE) for _ in range(301)]
    Job.objects.bulk_create(rows)
    assert savings() == "$36"
    Job.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert savings() == "$0"


def test_the_queues_are_in_the_details_only() -> None:
    assert "queues" not in get().json()["work"]
    queues = get("/health/detailed").json()["work"]["queues"]
    assert queues["Job"] == {"waiting": 0, "running": 0, "oldest_waiting_s": 0.0, "oldest_running_s": 0.0}
