"""Claim, work, record: each row ends once, whoever dies in between."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
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


@pytest.mark.django_db(transaction=True)
def test_a_real_broker_that_is_down_is_noticed_at_once(settings: Any) -> None:
    """What Celery raises depends on its transport, so it is asked for a Redis that does not exist."""
    lonely = Celery("lonely", broker="redis://127.0.0.1:9/0", set_as_current=False)
    lonely.conf.task_publish_retry_policy = settings.CELERY_TASK_PUBLISH_RETRY_POLICY
    lonely.conf.broker_transport_options = {"socket_connect_timeout": 2}

    @lonely.task(name="bell")
    def bell(event_pk: str) -> None:
        """Nobody will ever run it."""

    with pytest.raises(OperationalError):
        bell.apply_async(kwargs={"event_pk": "1"})
    started = time.monotonic()
    with transaction.atomic():
        row = event()
        ring(bell, event_pk=str(row.pk))
    assert time.monotonic() - started < 2
    assert StripeEvent.objects.get(pk=row.pk).status == "queued"


@pytest.mark.django_db(transaction=True)
def test_the_bell_rings_after_the_commit_and_never_after_a_rollback() -> None:
    bell = _Bell()
    with transaction.atomic():
        ring(bell, countdown_s=5, event_pk="1")
        assert bell.rung == []
    assert bell.rung == [{"kwargs": {"event_pk": "1"}, "countdown": 5}]
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ring(bell, event_pk="2")
        raise ZeroDivisionError
    assert len(bell.rung) == 1


class _Bell:
    name = "bell"

    def __init__(self) -> None:
        self.rung: list[dict[str, Any]] = []

    def apply_async(self, **kwargs: Any) -> None:
        self.rung.append(kwargs)


def test_a_note_keeps_the_row_for_longer() -> None:
    a_while_ago = timezone.now() - timedelta(seconds=60)
    row = StripeEvent.claim(event(available_at=a_while_ago).pk, now=a_while_ago)
    assert row is not None and row.lease_expires_at is not None
    before = row.lease_expires_at
    assert row.note(error_code="half way") is True
    saved = StripeEvent.objects.get(pk=row.pk)
    assert saved.error_code == "half way"
    assert saved.lease_expires_at is not None and saved.lease_expires_at > before


@pytest.mark.parametrize("status", ["done", "failed"])
def test_what_has_ended_is_never_claimed_again(status: str) -> None:
    pk = event(status=status, completed_at=timezone.now()).pk
    assert StripeEvent.claim(pk, now=timezone.now() + timedelta(days=400)) is None
    assert StripeEvent.objects.get(pk=pk).status == status


def test_finishing_writes_the_result_and_clears_lease_and_error() -> None:
    row = StripeEvent.claim(event(error_code="busy", error_message="try later").pk)
    assert row is not None and row.finish(type="finished") is True
    saved = StripeEvent.objects.get(pk=row.pk)
    assert (saved.status, saved.type, saved.error_code, saved.error_message) == ("done", "finished", "", "")
    assert (saved.lease_token, saved.lease_expires_at) == (None, None)
    assert saved.completed_at is not None
    assert row.finish() is False


def test_the_sweeper_takes_the_oldest_first_and_no_more_than_it_may() -> None:
    now = timezone.now()
    keys = [str(event(available_at=now - timedelta(minutes=minutes)).pk) for minutes in (1, 3, 2)]
    rung: list[str] = []
    assert ring_all(StripeEvent, rung.append, limit=2) == 2
    assert rung == [keys[1], keys[2]]


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


def test_cancelling_ends_what_has_not_ended_and_nothing_else() -> None:
    waiting, done = event(), event(status="done")
    claimed = StripeEvent.claim(event().pk)
    assert claimed is not None
    assert [StripeEvent.cancel(row.pk) for row in (waiting, claimed, done)] == [True, True, False]
    assert not claimed.finish() and not claimed.note()
    claimed.refresh_from_db()
    assert (claimed.status, claimed.error_code, claimed.lease_token) == ("failed", "cancelled", None)
    assert claimed.completed_at is not None


def test_a_row_that_is_given_back_has_not_been_tried() -> None:
    claimed = StripeEvent.claim(event().pk)
    assert claimed is not None and claimed.release()
    claimed.refresh_from_db()
    assert (claimed.status, claimed.attempts, claimed.lease_token) == ("queued", 0, None)
    assert StripeEvent.claim(claimed.pk) is not None
    assert not claimed.release()  # it is another worker's now


@pytest.mark.parametrize(("wish_s", "delay_s"), [(None, 5), (2, 5), (40, 40), (9999, 600)])
def test_a_vendors_wish_delays_the_next_attempt_within_reason(wish_s: float | None, delay_s: float) -> None:
    claimed = StripeEvent.claim(event().pk)
    assert claimed is not None
    delay = claimed.fail("busy", "busy", retryable=True, after_s=wish_s)
    assert delay is not None and delay.total_seconds() == delay_s


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_keeps_a_short_lease_until_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StripeEvent, "LEASE", timedelta(seconds=1.5))
    claimed = StripeEvent.claim(event().pk)
    assert claimed is not None
    with claimed.heartbeat(limit_s=30):
        time.sleep(2.5)
        assert StripeEvent.claim(claimed.pk) is None
    with claimed.heartbeat(limit_s=0):  # a hung worker
        time.sleep(2.5)
        heir = StripeEvent.claim(claimed.pk)
    assert heir is not None and heir.attempts == 2
