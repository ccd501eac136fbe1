"""A vendor that is down is asked rarely, by whatever process; what says nothing about the vendor does not count."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from django.core.cache import cache

from common import breaker
from common.breaker import Breaker, CircuitOpen
from common.errors import ProviderError


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Breaker:
    return Breaker("vendor", failures=3, successes=2, open_s=300, window_s=600, clock=clock)


def call(circuit: Breaker, *, retryable: bool | None = None, code: str = "") -> None:
    with circuit.guard():
        if retryable is not None:
            raise ProviderError("no", provider="vendor", retryable=retryable, code=code)


def fail(circuit: Breaker, times: int = 1, **kind: object) -> None:
    for _ in range(times):
        with pytest.raises(ProviderError):
            call(circuit, **({"retryable": True} | kind))  # type: ignore[arg-type]


def test_the_last_failure_that_is_allowed_opens_it(circuit: Breaker) -> None:
    fail(circuit, 2)
    assert circuit.state() == "closed"
    fail(circuit)
    assert circuit.state() == "open"
    with pytest.raises(CircuitOpen) as refusal:
        call(circuit)
    assert (refusal.value.retryable, refusal.value.retry_after_s) == (True, 300)


def test_after_its_time_it_lets_calls_through_and_closes_after_enough_successes(
    circuit: Breaker, clock: Clock
) -> None:
    fail(circuit, 3)
    clock.now += 301
    assert circuit.state() == "half-open"
    call(circuit)
    assert circuit.state() == "half-open"
    call(circuit)
    assert circuit.state() == "closed"
    fail(circuit, 2)
    assert circuit.state() == "closed"  # the count began anew


def test_one_failure_opens_a_half_open_one_again(circuit: Breaker, clock: Clock) -> None:
    fail(circuit, 3)
    clock.now += 301
    fail(circuit)
    assert circuit.state() == "open"


def test_one_call_at_a_time_finds_out(circuit: Breaker, clock: Clock) -> None:
    fail(circuit, 3)
    clock.now += 301
    with circuit.guard(), pytest.raises(CircuitOpen):
        call(circuit)


def test_it_is_shared_by_all_who_know_its_name(circuit: Breaker) -> None:
    fail(circuit, 3)
    assert replace(circuit).state() == "open"
    assert replace(circuit, name="another").state() == "closed"


@pytest.mark.parametrize("code", ["", "picture_refused", "unknown_foreground"])
def test_a_picture_that_is_refused_says_nothing_about_the_vendor(circuit: Breaker, code: str) -> None:
    fail(circuit, 9, retryable=False, code=code)
    assert circuit.state() == "closed"


@pytest.mark.parametrize("code", ["credits_exhausted", "key_refused"])
def test_an_empty_account_and_a_wrong_key_open_it_at_once(circuit: Breaker, code: str) -> None:
    fail(circuit, 1, retryable=False, code=code)
    assert circuit.state() == "open"


def test_a_bug_is_not_the_vendors_failure(circuit: Breaker) -> None:
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), circuit.guard():
            raise ZeroDivisionError
    assert circuit.state() == "closed"


def test_failures_are_counted_within_the_window(circuit: Breaker) -> None:
    fail(circuit, 2)
    cache.delete("breaker:vendor:failures")  # what the end of the window does
    fail(circuit, 2)
    assert circuit.state() == "closed"


def test_resetting_closes_it(circuit: Breaker) -> None:
    fail(circuit, 3)
    circuit.reset()
    call(circuit)
    assert circuit.state() == "closed"


@pytest.mark.parametrize(
    ("circuit", "expected"),
    [
        (breaker.image_model(), (5, 2, 60, 120)),
        (breaker.background_removal("x"), (3, 2, 300, 600)),
        (breaker.storage(), (10, 3, 30, 60)),
    ],
    ids=["model", "background removal", "storage"],
)
def test_the_thresholds_are_those_of_the_operations_document(
    circuit: Breaker, expected: tuple[int, ...]
) -> None:
    assert (circuit.failures, circuit.successes, circuit.open_s, circuit.window_s) == expected
