"""/metrics: who may read it, what is counted by which name, and that figures follow the database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from common.metrics import VENDOR_SECONDS, vendor_call
from stolentee import metrics, metrics_folder
from tests.factories.orders import OrderFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh() -> None:
    metrics.reset_figures()


def samples(**labels: str) -> dict[str, float]:
    """Every sample with these labels, by name."""
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
        if labels.items() <= sample.labels.items()
    }


@pytest.mark.parametrize(
    ("key", "given", "address", "forwarded", "status"),
    [
        ("", "", "127.0.0.1", "", 200),
        ("", "", "::1", "", 200),
        ("", "", "192.0.2.1", "", 403),
        ("", "", "127.0.0.1", "192.0.2.1", 403),
        ("", "", "", "", 403),
        ("the-key", "", "127.0.0.1", "", 403),
        ("the-key", "Bearer the-ke", "127.0.0.1", "", 403),
        ("the-key", "Bearer the-key", "192.0.2.1", "192.0.2.1", 200),
    ],
)
def test_who_may_read_them(
    key: str, given: str, address: str, forwarded: str, status: int, settings: Any
) -> None:
    settings.METRICS_KEY = key
    headers = {"authorization": given} if given else {}
    if forwarded:
        headers["x-forwarded-for"] = forwarded
    answer = Client(REMOTE_ADDR=address).get("/metrics", headers=headers)
    assert (answer.status_code, answer["Cache-Control"]) == (status, "no-store")
    assert "the-key" not in answer.content.decode()


def test_requests_are_counted_by_route_and_not_by_address() -> None:
    labels = {"method": "GET", "route": "/api/orders/<str:reference>", "status": "404"}
    before = samples(**labels).get("stolentee_http_requests_total", 0)
    for number in range(3):
        assert Client().get(f"/api/orders/RB-NONE-{number}").status_code == 404
    assert samples(**labels)["stolentee_http_requests_total"] == before + 3
    Client().get("/wp-login.php")
    Client().generic("BREW", "/api/products")
    text = Client().get("/metrics").content.decode()
    assert "RB-NONE" not in text and "wp-login" not in text and "BREW" not in text


def test_orders_and_money_are_the_databases() -> None:
    OrderFactory(paid=True)
    OrderFactory(paid=True)
    OrderFactory(hold_reason="amount_mismatch")
    found = samples()
    assert found["stolentee_revenue_dollars_day"] == 2 * 17.96
    assert found["stolentee_orders_held"] == 1
    assert samples(payment_status="paid")["stolentee_orders_day"] == 2
    OrderFactory(paid=True)
    assert samples(payment_status="paid")["stolentee_orders_day"] == 2, "asked for every 15 seconds at most"
    metrics.reset_figures()
    assert samples(payment_status="paid")["stolentee_orders_day"] == 3


def test_calls_to_vendors_are_measured_with_their_outcome() -> None:
    with vendor_call("stripe", "test"):
        pass
    with pytest.raises(TimeoutError), vendor_call("stripe", "test"):
        raise TimeoutError
    for outcome in ("ok", "TimeoutError"):
        counted = VENDOR_SECONDS.labels("stripe", "test", outcome)._child_samples()
        assert next(sample.value for sample in counted if sample.name == "_count") == 1


def test_the_folder_keeps_what_the_dead_have_counted_as_long_as_somebody_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    living, dead = os.getppid(), 2**22 + 1  # above the highest process number that the kernel gives
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    names = [
        f"counter_{living}.db",
        f"counter_{dead}.db",
        f"gauge_livesum_{living}.db",
        f"gauge_livesum_{dead}.db",
    ]
    for name in names:
        (tmp_path / name).touch()
    metrics_folder.share_metrics()
    assert {path.name for path in tmp_path.iterdir()} == set(names[:3])
    (tmp_path / names[0]).unlink()
    (tmp_path / names[2]).unlink()
    metrics_folder.share_metrics()
    assert list(tmp_path.iterdir()) == []
