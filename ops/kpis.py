"""The operations document's four phases and their key figures, held against what was measured. Pure.

A figure that nobody has measured is neither met nor missed: it is said that there is no data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

REQUEST_SECONDS = "stolentee_http_request_seconds"
REQUESTS = "stolentee_http_requests"
# The probes of monitors are no customers.
_NOT_API = ("health", "metrics", "static")


class Kpi(StrEnum):
    RESPONSE_P95_S = "response time, p95"
    UPTIME_PERCENT = "uptime"
    ERRORS_PERCENT = "error rate"
    JOB_S = "job processing"
    COST_PER_USER = "cost per user and month"


@dataclass(frozen=True, slots=True)
class Target:
    """The bound of one figure. Below it is good, except for the uptime."""

    kpi: Kpi
    bound: float

    def is_met(self, value: float) -> bool:
        return value >= self.bound if self.kpi is Kpi.UPTIME_PERCENT else value < self.bound


@dataclass(frozen=True, slots=True)
class Phase:
    number: int
    users: tuple[int, int]
    aim: str
    targets: tuple[Target, ...]


def _targets(
    p95_s: float, uptime: float, *, errors: float = 0, job_s: float = 0, cost: float = 0
) -> tuple[Target, ...]:
    bounds = {
        Kpi.RESPONSE_P95_S: p95_s,
        Kpi.UPTIME_PERCENT: uptime,
        Kpi.ERRORS_PERCENT: errors,
        Kpi.JOB_S: job_s,
        Kpi.COST_PER_USER: cost,
    }
    return tuple(Target(kpi, bound) for kpi, bound in bounds.items() if bound)


# INFRASTRUCTURE.md, "Scaling Strategy", phases 1 to 4.
PHASES = (
    Phase(1, (0, 100), "stable basics", _targets(1.0, 99.0, errors=5)),
    Phase(2, (100, 500), "lower costs, faster answers", _targets(0.5, 99.5, job_s=300, cost=5.00)),
    Phase(3, (500, 1000), "the target's cost structure", _targets(0.3, 99.9, job_s=180, cost=2.50)),
    Phase(4, (1000, 5000), "horizontal scaling", _targets(0.2, 99.95, job_s=120, cost=1.50)),
)


def phase_of(users: int) -> Phase:
    """The phase that a shop with this many users is in; the last one for all beyond it."""
    return next((phase for phase in PHASES if users < phase.users[1]), PHASES[-1])


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured figure, or None where there is none, and what it was measured on."""

    value: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class Verdict:
    phase: int
    target: Target
    measured: Measured

    @property
    def word(self) -> str:
        if self.measured.value is None:
            return "no data"
        return "met" if self.target.is_met(self.measured.value) else "NOT MET"


def verdicts(phases: Iterable[Phase], figures: Mapping[Kpi, Measured]) -> list[Verdict]:
    nothing = Measured(None, "not measured")
    return [
        Verdict(phase.number, target, figures.get(target.kpi, nothing))
        for phase in phases
        for target in phase.targets
    ]


def http_figures(text: str) -> dict[Kpi, Measured]:
    """Response time and error rate out of an answer of `/metrics`, over all API routes since its counters began.

    The p95 is interpolated inside its bucket, as Prometheus' `histogram_quantile` does. Raises ValueError for a text
    that is no exposition.
    """
    families = {family.name: family for family in text_string_to_metric_families(text)}
    buckets = _buckets(families.get(REQUEST_SECONDS))
    answered, failed = _answers(families.get(REQUESTS))
    timed = max(buckets.values(), default=0.0)
    return {
        Kpi.RESPONSE_P95_S: Measured(quantile(0.95, buckets), f"{timed:,.0f} requests"),
        Kpi.ERRORS_PERCENT: Measured(
            failed / answered * 100 if answered else None, f"{failed:,.0f} of {answered:,.0f} requests"
        ),
    }


def _is_api(labels: Mapping[str, str]) -> bool:
    return not labels.get("route", "").startswith(_NOT_API)


def _buckets(family: Metric | None) -> dict[float, float]:
    """Upper bound to cumulative count, over all routes and methods."""
    found: dict[float, float] = {}
    for sample in family.samples if family else []:
        if sample.name.endswith("_bucket") and _is_api(sample.labels):
            bound = float(sample.labels["le"])
            found[bound] = found.get(bound, 0.0) + sample.value
    return found


def _answers(family: Metric | None) -> tuple[float, float]:
    """Answered requests, and those of them that were answered with a 5xx."""
    answered = failed = 0.0
    for sample in family.samples if family else []:
        if sample.name.endswith("_total") and _is_api(sample.labels):
            answered += sample.value
            failed += sample.value if sample.labels["status"].startswith("5") else 0.0
    return answered, failed


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """The value below which `share` of the observations lie; None without observations.

    Beyond the last finite bound nothing is known but that: its bound is returned.
    """
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0.0
    if not total:
        return None
    rank, lower, below = share * total, 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= rank:
            if bound == float("inf"):
                return lower
            inside = buckets[bound] - below
            return lower + (bound - lower) * (rank - below) / inside
        lower, below = bound, buckets[bound]
    return lower
