"""The document's phases to the letter, figures out of real answers, and honest gaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command
from django.test import Client

from ops import kpi_figures
from ops.costs import Plan, Usage
from ops.kpis import PHASES, Kpi, Measured, Target, http_figures, phase_of, quantile, verdicts
from ops.management.commands import kpis as command
from ops.models import HealthSample
from tests.factories.accounts import UserFactory
from tests.factories.uploads import AssetFactory, JobFactory
from uploads.models import Job

NOW = datetime(2026, 11, 24, 12, 30, 20, tzinfo=UTC)
EXPOSITION = """# TYPE stolentee_http_requests_total counter
stolentee_http_requests_total{method="GET",route="api/products",status="200"} 90.0
stolentee_http_requests_total{method="POST",route="api/orders/create",status="500"} 6.0
stolentee_http_requests_total{method="POST",route="api/orders/create",status="409"} 4.0
stolentee_http_requests_total{method="GET",route="health",status="503"} 50.0
# TYPE stolentee_http_request_seconds histogram
stolentee_http_request_seconds_bucket{le="0.1",method="GET",route="api/products"} 80.0
stolentee_http_request_seconds_bucket{le="0.2",method="GET",route="api/products"} 90.0
stolentee_http_request_seconds_bucket{le="+Inf",method="GET",route="api/products"} 90.0
stolentee_http_request_seconds_bucket{le="0.1",method="POST",route="api/orders/create"} 0.0
stolentee_http_request_seconds_bucket{le="0.2",method="POST",route="api/orders/create"} 10.0
stolentee_http_request_seconds_bucket{le="+Inf",method="POST",route="api/orders/create"} 10.0
"""


def test_the_targets_are_the_documents() -> None:
    """INFRASTRUCTURE.md, Scaling Strategy."""
    stated = {phase.number: {target.kpi.name: target.bound for target in phase.targets} for phase in PHASES}
    assert stated == {
        1: {"RESPONSE_P95_S": 1.0, "UPTIME_PERCENT": 99.0, "ERRORS_PERCENT": 5},
        2: {"RESPONSE_P95_S": 0.5, "UPTIME_PERCENT": 99.5, "JOB_S": 300, "COST_PER_USER": 5.0},
        3: {"RESPONSE_P95_S": 0.3, "UPTIME_PERCENT": 99.9, "JOB_S": 180, "COST_PER_USER": 2.5},
        4: {"RESPONSE_P95_S": 0.2, "UPTIME_PERCENT": 99.95, "JOB_S": 120, "COST_PER_USER": 1.5},
    }


@pytest.mark.parametrize(
    ("users", "number"), [(0, 1), (99, 1), (100, 2), (499, 2), (500, 3), (999, 3), (1000, 4), (90_000, 4)]
)
def test_the_phase_follows_from_the_users(users: int, number: int) -> None:
    assert phase_of(users).number == number


@pytest.mark.parametrize(
    ("kpi", "bound", "value", "is_met"),
    [
        (Kpi.RESPONSE_P95_S, 0.5, 0.4999, True),
        (Kpi.RESPONSE_P95_S, 0.5, 0.5, False),
        (Kpi.UPTIME_PERCENT, 99.9, 99.9, True),
        (Kpi.UPTIME_PERCENT, 99.9, 99.89, False),
        (Kpi.COST_PER_USER, 1.5, 1.49, True),
    ],
)
def test_a_bound(kpi: Kpi, bound: float, value: float, is_met: bool) -> None:
    assert Target(kpi, bound).is_met(value) == is_met


def test_what_nobody_measured_is_neither_met_nor_missed() -> None:
    found = verdicts(
        PHASES[:1], {Kpi.UPTIME_PERCENT: Measured(100.0, "x"), Kpi.ERRORS_PERCENT: Measured(9, "y")}
    )
    assert {each.target.kpi: each.word for each in found} == {
        Kpi.RESPONSE_P95_S: "no data",
        Kpi.UPTIME_PERCENT: "met",
        Kpi.ERRORS_PERCENT: "NOT MET",
    }


def test_figures_out_of_metrics() -> None:
    found = http_figures(EXPOSITION)
    # 95 of 100 lie below; 80 end at 0.1 s, the other 20 within the next 0.1 s: 0.1 + 0.1 * 15 / 20.
    assert found[Kpi.RESPONSE_P95_S].value == pytest.approx(0.175)
    assert found[Kpi.ERRORS_PERCENT] == Measured(6.0, "6 of 100 requests")


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        ({}, None),
        ({1.0: 0.0, float("inf"): 0.0}, None),
        ({1.0: 0.0, float("inf"): 3.0}, 1.0),
        ({1.0: 10.0, float("inf"): 10.0}, 0.95),
    ],
)
def test_a_quantile(buckets: dict[float, float], expected: float | None) -> None:
    assert quantile(0.95, buckets) == (None if expected is None else pytest.approx(expected))


def test_no_requests_are_no_data() -> None:
    assert [each.value for each in http_figures("").values()] == [None, None]


@pytest.mark.django_db
def test_the_names_are_those_of_the_live_metrics() -> None:
    client = Client()
    for _ in range(3):
        assert client.get("/api/products").status_code == 200
    found = http_figures(client.get("/metrics").content.decode())
    p95 = found[Kpi.RESPONSE_P95_S].value
    assert p95 is not None and 0 < p95 < 30
    assert found[Kpi.ERRORS_PERCENT].value is not None


@pytest.mark.django_db
def test_uptime_counts_silent_minutes_as_bad() -> None:
    assert kpi_figures.uptime(NOW).value is None
    start = NOW.replace(second=0) - timedelta(minutes=10)
    for minute in (0, 1, 2, 3, 4, 5, 6):
        HealthSample.objects.create(
            at=start + timedelta(minutes=minute),
            status="unhealthy" if minute == 3 else "degraded" if minute == 4 else "healthy",
            database_ms=1,
        )
    assert kpi_figures.uptime(NOW) == Measured(60.0, "6 of 10 minutes")


@pytest.mark.django_db
def test_job_time_is_the_mean_of_what_was_finished() -> None:
    assert kpi_figures.job_seconds(NOW).value is None
    source = AssetFactory()
    for seconds, status in ((10, "done"), (50, "done"), (900, "failed")):
        job = JobFactory(source=source, status=status)
        Job.objects.filter(pk=job.pk).update(
            created_at=NOW - timedelta(hours=1),
            completed_at=NOW - timedelta(hours=1) + timedelta(seconds=seconds),
        )
    assert kpi_figures.job_seconds(NOW) == Measured(30.0, "mean of 2 jobs, longest 50.0 s")


def test_cost_per_user_is_the_models_without_stripe() -> None:
    usage = Usage(1000, 2000, 10_000, Decimal(57), Decimal("0.1"), 403_000, api_instances=3)
    found = kpi_figures.cost_per_user(usage, Plan.OPTIMIZED)
    # 60.00 + 25.00 + 1.03 + 0.81 of scenario B.
    assert found.value == pytest.approx(0.08684)
    assert found.basis.startswith("$86.84 for 1,000 users")
    assert kpi_figures.cost_per_user(Usage(0, 0, 0, Decimal(0), Decimal(0), 0), Plan.OPTIMIZED).value is None


class Answer:
    def __init__(self, text: str, status: int = 200) -> None:
        self.text, self.status_code = text, status

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise requests.HTTPError(response=self)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: Any
) -> None:
    UserFactory.create_batch(3)
    settings.METRICS_KEY = "key"
    asked: list[Any] = []

    def get(url: str, **options: Any) -> Answer:
        asked.append((url, options["headers"]))
        return Answer(EXPOSITION)

    monkeypatch.setattr(command.requests, "get", get)
    call_command("kpis", metrics_url="http://127.0.0.1:1/metrics")
    assert asked == [("http://127.0.0.1:1/metrics", {"Authorization": "Bearer key"})]
    said = capsys.readouterr().out
    assert said.startswith("3 users: phase 1")
    assert "0.175 s" in said and "6.00 %" in said and said.count("no data") == 4 + 3
    with pytest.raises(CommandError, match="1 figures of phase 1"):
        call_command("kpis", "--phase", "1", "--strict")


@pytest.mark.django_db
def test_a_shop_that_does_not_answer_leaves_gaps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command.requests, "get", lambda url, **options: Answer("", 403))
    call_command("kpis", "--phase", "1", "--strict")
    said = capsys.readouterr().out
    assert said.count("/metrics: 403") == 2 and "NOT MET" not in said
