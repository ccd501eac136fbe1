"""The A/B comparison of background removers: what is remembered of each call, and what all of them add up to."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from uploads.cutout.providers import Attempt, Removers
from uploads.models import CutoutTrial

# Enough for percentiles, and few enough to be sorted in memory.
_SAMPLE = 5000
EXPORTED = (
    "created_at", "asset_id", "job_id", "arm", "role", "provider", "succeeded", "code", "duration_ms", "input_bytes",
    "output_bytes", "score", "cost_usd", "kept",
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """What one provider has done. Durations are of calls that succeeded; scores of those that were scored."""

    provider: str
    calls: int
    failures: int
    median_ms: int | None
    p95_ms: int | None
    input_kb: int | None
    output_kb: int | None
    score: float | None
    kept: int
    cost_usd: Decimal

    @property
    def failure_percent(self) -> float:
        return round(100 * self.failures / self.calls, 1)

    @property
    def cost_per_call_usd(self) -> Decimal:
        return self.cost_usd / self.calls


@dataclass(frozen=True)
class Scores:
    """How far the two ways of a finished job are trusted, and which of them became the result."""

    own: float
    paid: float | None
    keeps_paid: bool


def trials_create(removers: Removers, scores: Scores | None) -> None:
    """A row for each call of the job's removers. scores: None where the attempt has no result."""
    CutoutTrial.objects.bulk_create([_trial(removers, attempt, scores) for attempt in removers.attempts])
    removers.attempts.clear()


def _trial(removers: Removers, attempt: Attempt, scores: Scores | None) -> CutoutTrial:
    at_gate = attempt.role == CutoutTrial.Role.GATE
    score = None
    if scores is not None and attempt.succeeded:
        score = scores.paid if at_gate else scores.own
    return CutoutTrial(
        asset_id=removers.job.source_id,
        job_id=removers.job.pk,
        arm=removers.arm,
        role=attempt.role,
        provider=attempt.provider,
        succeeded=attempt.succeeded,
        code=attempt.code,
        duration_ms=attempt.duration_ms,
        input_bytes=attempt.input_bytes,
        output_bytes=attempt.output_bytes,
        score=score,
        cost_usd=attempt.cost_usd,
        kept=scores is not None and attempt.succeeded and at_gate == scores.keeps_paid,
    )


def sides(since: datetime | None = None) -> list[Side]:
    """What each provider has done since then, over the newest calls."""
    rows = CutoutTrial.objects.all()
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    by_provider: dict[str, list[CutoutTrial]] = {}
    for trial in rows.order_by("-created_at")[:_SAMPLE]:
        by_provider.setdefault(trial.provider, []).append(trial)
    return [_side(provider, by_provider[provider]) for provider in sorted(by_provider)]


def _side(provider: str, trials: list[CutoutTrial]) -> Side:
    good = [trial for trial in trials if trial.succeeded]
    durations = sorted(trial.duration_ms for trial in good)
    scores = [trial.score for trial in trials if trial.score is not None]
    return Side(
        provider=provider,
        calls=len(trials),
        failures=len(trials) - len(good),
        median_ms=round(statistics.median(durations)) if durations else None,
        p95_ms=durations[min(len(durations) - 1, round(0.95 * len(durations)))] if durations else None,
        input_kb=round(statistics.mean(trial.input_bytes for trial in good) / 1024) if good else None,
        output_kb=round(statistics.mean(trial.output_bytes for trial in good) / 1024) if good else None,
        score=round(statistics.mean(scores), 3) if scores else None,
        kept=sum(trial.kept for trial in trials),
        cost_usd=sum((trial.cost_usd for trial in trials), Decimal(0)),
    )


def exported_rows(since: datetime | None = None) -> Iterator[list[str]]:
    """The header and then every row, as text for a CSV file."""
    yield list(EXPORTED)
    rows = CutoutTrial.objects.order_by("created_at")
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    for row in rows.values_list(*EXPORTED).iterator(chunk_size=1000):
        yield [
            "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
            for value in row
        ]
