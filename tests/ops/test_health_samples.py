"""One sample a minute, whoever is first; old ones go; signs of life come and go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from ops import health_samples, probes
from ops.health_samples import KEPT, health_sample_record, worker_gone, worker_seen
from ops.models import HealthSample, WorkerBeat
from ops.tasks import sweep
from tests.factories.uploads import AssetFactory, JobFactory

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 24, 12, 30, 41, tzinfo=UTC)


def test_one_sample_a_minute() -> None:
    first = health_sample_record(AT)
    assert first is not None and first.at == AT.replace(second=0)
    assert first.status == HealthSample.Status.HEALTHY
    assert first.database_ms > 0
    assert health_sample_record(AT + timedelta(seconds=18)) is None
    second = health_sample_record(AT + timedelta(seconds=19))
    assert second is not None and second.at == AT.replace(minute=31, second=0)
    assert HealthSample.objects.count() == 2


def test_a_worker_that_is_second_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked before either has written."""
    assert health_sample_record(AT) is not None
    monkeypatch.setattr(type(HealthSample.objects.all()), "exists", lambda self: False)
    assert health_sample_record(AT) is None
    assert HealthSample.objects.count() == 1


def test_what_waits_is_in_the_sample() -> None:
    JobFactory(source=AssetFactory(), available_at=AT - timedelta(seconds=90))
    sample = health_sample_record(AT)
    assert sample is not None
    assert (sample.waiting["Job"], sample.oldest_s["Job"]) == (1, 90.0)
    assert sample.waiting["StripeEvent"] == 0


@pytest.mark.parametrize("fault", ["redis away", "slow database", "slow redis", "stuck", "workers silent"])
def test_what_makes_a_minute_a_bad_one(fault: str, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    if fault == "redis away":
        settings.REDIS_URL = "redis://127.0.0.1:9/0"
    elif fault == "slow database":
        monkeypatch.setattr(health_samples, "database_ms", lambda: 1000.1)
    elif fault == "slow redis":
        monkeypatch.setattr(health_samples, "redis_ms", lambda: 500.1)
    elif fault == "stuck":
        JobFactory.create_batch(11, source=AssetFactory(), available_at=AT - timedelta(seconds=1))
    else:
        WorkerBeat.objects.create(name="celery@gone", seen_at=AT - timedelta(minutes=4))
    sample = health_sample_record(AT)
    assert sample is not None and sample.status == HealthSample.Status.DEGRADED
    if fault == "redis away":
        assert sample.redis_ms is None


def test_old_samples_and_workers_are_forgotten() -> None:
    for at in (AT - KEPT - timedelta(minutes=1), AT - KEPT + timedelta(minutes=1)):
        HealthSample.objects.create(at=at, status="healthy", database_ms=1)
    WorkerBeat.objects.create(name="celery@long-gone", seen_at=AT - timedelta(days=2))
    assert health_sample_record(AT) is not None
    assert HealthSample.objects.count() == 2
    assert not WorkerBeat.objects.exists()


def test_the_sweeper_writes_it() -> None:
    sweep()
    assert HealthSample.objects.count() == 1


def test_signs_of_life() -> None:
    started = timezone.now()
    for _ in range(2):
        worker_seen("celery@one", ["mail"], started_at=started)
    facts = probes.work_facts(timezone.now())
    assert (facts.workers_alive, facts.worker_state) == (1, "ok")
    assert probes.work_facts(timezone.now() + timedelta(minutes=4)).worker_state == "down"
    worker_gone("celery@one")
    assert probes.work_facts(timezone.now()).worker_state == "none"


def test_a_sign_of_life_that_cannot_be_written_is_only_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(WorkerBeat.objects, "update_or_create", away)
    worker_seen("celery@one", [], started_at=timezone.now())
    assert not WorkerBeat.objects.exists()
