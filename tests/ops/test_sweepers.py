"""Every queue of record has its bell."""

import pytest
from django.apps import apps

from common.work import WorkItem
from ops import sweepers
from orders.models import StripeEvent


def test_no_queue_is_forgotten() -> None:
    queues = {model for model in apps.get_models() if issubclass(model, WorkItem)}
    assert queues == set(sweepers.QUEUES_OF_RECORD)
    assert len(queues) == 14


@pytest.mark.django_db
def test_a_lost_event_is_rung_for_by_its_own_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    event = StripeEvent.objects.create(event_id="evt_1", type="ping", payload={})
    rung: list[str] = []
    monkeypatch.setitem(sweepers.QUEUES_OF_RECORD, StripeEvent, rung.append)
    assert sweepers.ring_lost_work()["StripeEvent"] == 1
    assert rung == [str(event.pk)]
    StripeEvent.objects.update(status="done")
    assert sum(sweepers.ring_lost_work().values()) == 0
