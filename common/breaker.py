"""Circuit breakers that all processes share through the cache: a vendor that is down is asked rarely, not by every job.

    closed --(too many failures within the window)--> open --(the open time is over)--> half-open
    half-open --(enough successes)--> closed         half-open --(one failure)--> open

Without a cache that answers, every circuit is closed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from django.core.cache import cache

from common.errors import ProviderError

log = structlog.get_logger(__name__)

# A probe that never reports (its process died) must not keep the circuit half-open for ever.
_PROBE_S = 90


class CircuitOpen(ProviderError):
    """The vendor is not asked, because it has just failed too often. `retry_after_s` says when it will be."""

    def __init__(self, name: str, retry_after_s: float) -> None:
        super().__init__(
            "the circuit is open",
            provider=name,
            retryable=True,
            code="circuit_open",
            retry_after_s=retry_after_s,
        )


@dataclass(frozen=True)
class Breaker:
    """One vendor's circuit. `failures` within `window_s` open it for `open_s`; `successes` close it again."""

    name: str
    failures: int
    successes: int
    open_s: float
    window_s: int
    clock: Callable[[], float] = time.time

    @property
    def _state_key(self) -> str:
        return f"breaker:{self.name}:open-until"

    @property
    def _failures_key(self) -> str:
        return f"breaker:{self.name}:failures"

    @property
    def _successes_key(self) -> str:
        return f"breaker:{self.name}:successes"

    @property
    def _probe_key(self) -> str:
        return f"breaker:{self.name}:probe"

    def state(self) -> str:
        """`closed`, `open` or `half-open`."""
        open_until = cache.get(self._state_key)
        if open_until is None:
            return "closed"
        return "open" if self.clock() < open_until else "half-open"

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Lets the call inside through or raises CircuitOpen, and learns from how the call ends.

        Only failures that are the vendor's count: those that may pass, and a balance or a key that is refused, which
        opens the circuit at once. A picture that the vendor cannot work with says nothing about the vendor.
        """
        self._enter()
        try:
            yield
        except ProviderError as error:
            if error.code in ("credits_exhausted", "key_refused"):
                self.trip()
            elif error.retryable:
                self.failed()
            else:
                self.succeeded()
            raise
        except BaseException:
            cache.delete(self._probe_key)
            raise
        self.succeeded()

    def _enter(self) -> None:
        open_until = cache.get(self._state_key)
        if open_until is None:
            return
        wait_s = open_until - self.clock()
        if wait_s > 0:
            raise CircuitOpen(self.name, wait_s)
        if not cache.add(self._probe_key, 1, _PROBE_S):  # one call at a time finds out
            raise CircuitOpen(self.name, 5)

    def failed(self) -> None:
        """One failure of the vendor: the last that is allowed opens the circuit, and any opens a half-open one."""
        if self.state() != "closed" or _count(self._failures_key, self.window_s) >= self.failures:
            self.trip()

    def succeeded(self) -> None:
        if self.state() == "closed":
            return
        if _count(self._successes_key, self.window_s) >= self.successes:
            cache.delete_many([self._state_key, self._failures_key, self._successes_key])
            log.info("breaker.closed", name=self.name)
        cache.delete(self._probe_key)

    def trip(self) -> None:
        """Opens the circuit now."""
        cache.set(self._state_key, self.clock() + self.open_s, None)
        cache.delete_many([self._failures_key, self._successes_key, self._probe_key])
        log.warning("breaker.opened", name=self.name, seconds=self.open_s)

    def reset(self) -> None:
        cache.delete_many([self._state_key, self._failures_key, self._successes_key, self._probe_key])


def _count(key: str, window_s: int) -> int:
    """Counts one more within the window that the first one began; 0 where the cache does not answer."""
    cache.add(key, 0, window_s)
    try:
        counted: Any = cache.incr(key)
    except ValueError:  # it ran out, or was thrown out, between the two calls
        cache.set(key, 1, window_s)
        return 1
    return int(counted or 0)


# CONTRACT 12. Storage has no guard of its own: its client retries, and no job may end without its files.
def image_model() -> Breaker:
    return Breaker("gemini", failures=5, successes=2, open_s=60, window_s=120)


def background_removal(provider: str) -> Breaker:
    return Breaker(provider, failures=3, successes=2, open_s=300, window_s=600)


def storage() -> Breaker:
    return Breaker("storage", failures=10, successes=3, open_s=30, window_s=60)
