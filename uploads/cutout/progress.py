"""Where a job stands: each step is timed, shown to the customer, and a chance to notice that the job is not ours."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from django.conf import settings

from uploads.cutout.recording import Superseded
from uploads.models import Job


class TookTooLong(Exception):
    """The job has run for longer than a job may."""


@dataclass
class Progress:
    """The stages of one attempt and how many milliseconds each has taken."""

    job: Job
    started: float = field(default_factory=time.monotonic)
    stages: dict[str, int] = field(default_factory=dict)
    _stage: str = ""
    _since: float = 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def step(self, step: Job.Step) -> None:
        """Begins a step. Raises Superseded where the job was cancelled or taken over, TookTooLong past its time."""
        self.stage(step.value)
        if self.seconds > settings.CUTOUT_TIME_LIMIT_S:
            raise TookTooLong
        if not self.job.note(step=step):
            raise Superseded

    def stage(self, name: str) -> None:
        """Begins a stage that the customer does not see."""
        self.close()
        self._stage, self._since = name, time.monotonic()

    def close(self) -> dict[str, int]:
        """Ends the stage that runs; returns the times of all."""
        if self._stage:
            spent_ms = round((time.monotonic() - self._since) * 1000)
            self.stages[self._stage] = self.stages.get(self._stage, 0) + spent_ms
            self._stage = ""
        return self.stages
