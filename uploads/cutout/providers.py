"""The background removers that the settings allow, in the order in which a picture is shown to them.

Every call is guarded by the vendor's circuit breaker, paid from the day's budget where it costs money, written into
the ledger, and remembered as an `Attempt` for the A/B comparison.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

import numpy as np
import structlog
from django.conf import settings
from numpy.typing import NDArray

from common import allowances, ledger
from common.breaker import Breaker, background_removal
from common.errors import ProviderError
from uploads.cutout.backends.interface import BackgroundRemover, Removal
from uploads.cutout.backends.rembg import Engine, RembgBackend
from uploads.cutout.backends.rembg_service import RembgServiceBackend
from uploads.cutout.backends.removebg import (
    FULL_CREDITS,
    PREVIEW_CREDITS,
    RemoveBgBackend,
    RemoveBgReply,
)
from uploads.cutout.rollout import arm_of
from uploads.models import CutoutTrial, Job, PhotoDisclosure

log = structlog.get_logger(__name__)

BUDGET = "removebg_usd"
ByteArray = NDArray[np.uint8]
FloatArray = NDArray[np.float32]


@lru_cache(maxsize=1)
def rembg_backend() -> RembgBackend:
    """Real rembg in this process, with the permitted model of `REMBG_MODEL`."""
    return RembgBackend(
        model=settings.REMBG_MODEL,
        home=settings.REMBG_HOME,
        engine=cast(Engine, settings.REMBG_ENGINE),
    )


def warm_up() -> bool:
    """Loads the network now, so that a worker pays for it at its start and not in its first job.

    False where this process needs none, because our own service has it, or cannot have one.
    """
    if settings.REMBG_SERVICE_URL:
        return False
    try:
        rembg_backend().load()
    except ProviderError as error:  # the jobs will say so, and remove.bg may step in
        log.warning("cutout.not_warm", error=str(error))
        return False
    return True


def rembg_service_backend() -> RembgServiceBackend | None:
    """Our own service, where the settings name one."""
    if not settings.REMBG_SERVICE_URL:
        return None
    return RembgServiceBackend(settings.REMBG_SERVICE_URL, secret=settings.REMBG_SERVICE_SECRET)


def removebg_backend() -> RemoveBgBackend | None:
    """The paid service, where the shop has a key."""
    if not settings.REMOVEBG_API_KEY:
        return None
    return RemoveBgBackend(api_key=settings.REMOVEBG_API_KEY, base_url=settings.REMOVEBG_API_URL)


class InProcessRembg:
    """rembg in this process behind the interface of all removers."""

    name = "rembg"

    def remove(self, rgb: ByteArray) -> Removal:
        return Removal(rembg_backend().mask(rgb))


class BudgetSpent(ProviderError):
    """Today's money for the paid service is spent."""

    def __init__(self) -> None:
        super().__init__(
            "the budget of today is spent", provider="removebg", retryable=False, code="budget_spent"
        )


@dataclass
class Attempt:
    """One call of one remover: how it went and what it took."""

    provider: str
    role: CutoutTrial.Role
    succeeded: bool = False
    code: str = ""
    duration_ms: int = 0
    input_bytes: int = 0
    output_bytes: int = 0
    cost_usd: Decimal = Decimal(0)


@dataclass
class Removers:
    """The removers of one job, and what they did. `mask` is what the cut-out's core asks."""

    job: Job
    arm: CutoutTrial.Arm
    attempts: list[Attempt] = field(default_factory=list)

    @classmethod
    def of(cls, job: Job) -> Removers:
        return cls(job, CutoutTrial.Arm(job.wanted_arm) if job.wanted_arm else arm_of(job.source_id))

    def mask(self, rgb: ByteArray) -> FloatArray:
        """What the first remover that works keeps of the picture: float32 (H, W) in 0..1.

        Raises ProviderError where none works: retryable, if that of any of them is.
        """
        refusals: list[ProviderError] = []
        for remover in self._order():
            role = CutoutTrial.Role.FALLBACK if refusals else CutoutTrial.Role.PRIMARY
            try:
                return self._asked(remover, rgb, role).alpha
            except ProviderError as error:
                refusals.append(error)
                log.warning(
                    "cutout.provider_failed",
                    job_id=str(self.job.pk),
                    provider=remover.name,
                    code=error.code,
                    error=str(error),
                )
        raise _worst(refusals)

    def removebg_cut_out(self, rgb: ByteArray) -> ByteArray | None:
        """remove.bg's own full-size cut-out, uint8 (H, W, 4), for the gate; None without a key, money or an answer."""
        backend = removebg_backend()
        if backend is None:
            return None
        picture = backend.lossless(rgb)
        attempt = Attempt("removebg", CutoutTrial.Role.GATE, input_bytes=len(picture))
        try:
            with self._noted(attempt), _paid(attempt, FULL_CREDITS, "remove", str(self.job.pk)) as charge:
                disclose(
                    self.job, picture, PhotoDisclosure.Ground.PROCESSOR, "remove.bg", "background removal"
                )
                reply: RemoveBgReply = backend.cut_out(picture)
                charge(reply.credits_charged)
                attempt.output_bytes = len(reply.png)
                return backend.pixels(reply)
        except ProviderError as error:
            log.info("cutout.gate_unavailable", job_id=str(self.job.pk), code=error.code, error=str(error))
            return None

    def removebg_mask(self, rgb: ByteArray) -> FloatArray:
        """remove.bg's mask for the gate. Raises ProviderError."""
        backend = removebg_backend()
        if backend is None:
            raise ProviderError("there is no key", provider="removebg", retryable=False, code="no_key")
        return self._asked(backend, rgb, CutoutTrial.Role.GATE).alpha

    def _order(self) -> list[BackgroundRemover]:
        """Our own first or last, as the rollout says. rembg in this process backs up the service at the end."""
        service, paid = rembg_service_backend(), removebg_backend()
        own: list[BackgroundRemover] = [service or InProcessRembg()]
        bought: list[BackgroundRemover] = [paid] if paid else []
        last: list[BackgroundRemover] = [InProcessRembg()] if service else []
        if self.arm == CutoutTrial.Arm.REMOVEBG:
            return [*bought, *own, *last]
        return [*own, *bought, *last]

    def _asked(self, remover: BackgroundRemover, rgb: ByteArray, role: CutoutTrial.Role) -> Removal:
        attempt = Attempt(remover.name, role)
        with self._noted(attempt):
            if remover.name == RemoveBgBackend.name:
                with _paid(attempt, PREVIEW_CREDITS, "mask", str(self.job.pk)) as charge:
                    disclose(
                        self.job,
                        RemoveBgBackend.encoded(rgb),
                        PhotoDisclosure.Ground.PROCESSOR,
                        "remove.bg",
                        "background mask",
                    )
                    removal = remover.remove(rgb)
                    charge(removal.credits)
            else:
                removal = _own(remover, attempt, rgb, str(self.job.pk))
            attempt.input_bytes = removal.sent_bytes or rgb.nbytes
            attempt.output_bytes = removal.received_bytes or removal.alpha.nbytes
            return removal

    @contextmanager
    def _noted(self, attempt: Attempt) -> Iterator[None]:
        self.attempts.append(attempt)
        started = time.perf_counter()
        try:
            yield
            attempt.succeeded = True
        except ProviderError as error:
            attempt.code = error.code or "failed"
            raise
        finally:
            attempt.duration_ms = round((time.perf_counter() - started) * 1000)


def _own(remover: BackgroundRemover, attempt: Attempt, rgb: ByteArray, subject: str) -> Removal:
    """A call of our own rembg: charged with the time that it takes. Only the service has a circuit to break."""
    started = time.perf_counter()
    with ledger.metered(remover.name, "mask", unit="cpu_s", subject=subject) as call:
        try:
            if remover.name == RembgServiceBackend.name:
                with background_removal(remover.name).guard():
                    return remover.remove(rgb)
            return remover.remove(rgb)
        finally:
            seconds = time.perf_counter() - started
            call.units = Decimal(str(round(seconds, 4)))
            call.cost_usd = attempt.cost_usd = ledger.processor_cost_usd(seconds)


@contextmanager
def _paid(
    attempt: Attempt, expected_credits: Decimal, operation: str, subject: str
) -> Iterator[Callable[[Decimal], None]]:
    """A call of remove.bg within the day's budget; the caller says what was charged, which then replaces the guess."""
    breaker: Breaker = background_removal(RemoveBgBackend.name)
    reserved = expected_credits * settings.REMOVEBG_CREDIT_USD
    if not allowances.reserve(BUDGET, reserved, limit=settings.REMOVEBG_DAILY_BUDGET_USD):
        raise BudgetSpent
    try:
        with breaker.guard(), ledger.metered("removebg", operation, unit="credit", subject=subject) as call:

            def charge(credits: Decimal) -> None:
                call.units = credits
                call.cost_usd = attempt.cost_usd = credits * settings.REMOVEBG_CREDIT_USD

            yield charge
    finally:
        allowances.settle(BUDGET, reserved=reserved, spent=attempt.cost_usd)


def disclose(job: Job, sent: bytes, ground: PhotoDisclosure.Ground, recipient: str, purpose: str) -> Any:
    """Writes down that a customer's picture leaves, before it does."""
    return PhotoDisclosure.objects.create(
        asset_id=job.source_id,
        job_id=job.pk,
        recipient=recipient,
        purpose=purpose,
        ground=ground,
        sent_sha256=hashlib.sha256(sent).hexdigest(),
        sent_bytes=len(sent),
    )


def _worst(refusals: list[ProviderError]) -> ProviderError:
    """The refusal to report: one that may pass, if there is one, with the shortest wish to be left alone."""
    passing = [error for error in refusals if error.retryable]
    return min(passing or refusals, key=lambda error: error.retry_after_s or 0)
