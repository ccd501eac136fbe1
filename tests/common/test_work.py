"""Claim, work, record: each row ends once, whoever dies in between."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from common.work import ring, ring_all
from orders.models import StripeEvent

pytestmark = pytest.mark.django_db


def event(**fields: Any) -> StripeEvent:
    count = StripeEvent.objects.count()
    return StripeEvent.objects.create(event_id=f"evt_{count}", type="ping", payload={}, **fields)


def test_a_claimed_row_is_running_under_a_lease() -> None:
    row = StripeEvent.claim(event().pk)
    assert row is not None
    assert (row.status, row.attempts) == ("running", 1)
    assert row.lease_token is not None
    assert row.lease_expires_at is not None and row.lease_expires_at > timezone.now()


def test_a_row_is_claimed_once() -> None:
    pk = event().pk
    assert StripeEvent.claim(pk) is not None
    assert StripeEvent.claim(pk) is None


def test_a_row_that_is_not_due_is_left_alone() -> None:
    pk = event(available_at=timezone.now() + timedelta(seconds=30)).pk
    assert StripeEvent.claim(pk) is None
    assert StripeEvent.claim(pk, now=timezone.now() + timedelta(seconds=31)) is not None


def test_a_dead_workers_row_goes_to_the_next_one_and_the_dead_one_cannot_record() -> None:
    pk = event().pk
    dead = StripeEvent.claim(pk)
    assert dead is not None
    heir = StripeEvent.claim(pk, now=timezone.now() + StripeEvent.LEASE + timedelta(seconds=1))
    assert heir is not None and heir.attempts == 2
    assert dead.finish() is False
    assert dead.note(error_code="late") is False
    assert heir.finish() is True
    assert StripeEvent.objects.get(pk=pk).status == "done"


def test_a_row_that_kills_its_workers_fails_after_the_last_attempt() -> None:
    pk, now = event().pk, timezone.now()
    for _ in range(StripeEvent.MAX_ATTEMPTS):
        assert StripeEvent.claim(pk, now=now) is not None
        now += StripeEvent.LEASE + timedelta(seconds=1)
    assert StripeEvent.claim(pk, now=now) is None
    row = StripeEvent.objects.get(pk=pk)
    assert (row.status, row.error_code) == ("failed", "abandoned")
    assert row.completed_at is not None


def test_a_retryable_failure_queues_the_row_with_growing_delays_and_fails_at_the_end() -> None:
    pk, delays = event().pk, []
    for _ in range(StripeEvent.MAX_ATTEMPTS):
        row = StripeEvent.claim(pk, now=timezone.now() + timedelta(days=1))
        assert row is not None
        delays.append(row.fail("busy", "try later", retryable=True))
    seconds = [delay.total_seconds() if delay else None for delay in delays]
    assert seconds == [5, 30, 120, 120, 120, 120, 120, None]
    assert StripeEvent.objects.get(pk=pk).status == "failed"


def test_a_final_failure_is_final() -> None:
    row = StripeEvent.claim(event().pk)
    assert row is not None
    assert row.fail("bad", "never", retryable=False) is None
    saved = StripeEvent.objects.get(pk=row.pk)
    assert (saved.status, saved.error_code, saved.error_message) == ("failed", "bad", "never")
    assert saved.lease_token is None


def test_the_sweeper_rings_for_lost_due_and_abandoned_rows_only() -> None:
    now = timezone.now()
    lost = event()
    event(available_at=now + timedelta(hours=1))
    abandoned = event(status="running", lease_expires_at=now - timedelta(seconds=1))
    event(status="running", lease_expires_at=now + timedelta(minutes=1))
    event(status="done")
    event(status="failed")
    rung: list[str] = []
    assert ring_all(StripeEvent, rung.append) == 2
    assert sorted(rung) == sorted([str(lost.pk), str(abandoned.pk)])


class _DeadBell:
    name = "dead"

    def apply_async(self, **kwargs: Any) -> None:
        raise OperationalError("no broker")


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_costs_time_and_not_work() -> None:
    with transaction.atomic():
        pk = event().pk
        ring(_DeadBell(), event_pk=str(pk))
    assert StripeEvent.objects.get(pk=pk).status == "queued"


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_of_many_racing_workers_exactly_one_wins() -> None:
    pk = event().pk
    barrier, won = threading.Barrier(8), []

    def race() -> None:
        barrier.wait()
        if StripeEvent.claim(pk) is not None:
            won.append(threading.get_ident())
        connection.close()

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
