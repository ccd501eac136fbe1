"""What staff see of the background removers: side by side, as a file, and the switch that rolls back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from common import ledger
from common.models import FeatureSwitch
from tests.factories import UserFactory
from tests.fakes.removebg import BROKEN, KEY, FakeRemoveBg
from uploads.cutout.comparison import EXPORTED, sides
from uploads.cutout.rollout import rollout_percent
from uploads.models import CutoutTrial

pytestmark = pytest.mark.django_db
COMPARISON = "/admin/uploads/cutouttrial/comparison/"
EXPORT = "/admin/uploads/cutouttrial/export.csv"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(UserFactory(owner=True))
    return client


@pytest.fixture
def removebg(settings: Any) -> Iterator[FakeRemoveBg]:
    settings.REMOVEBG_API_KEY = KEY
    with FakeRemoveBg() as fake:
        settings.REMOVEBG_API_URL = fake.url
        yield fake


def trial(provider: str, duration_ms: int, **fields: Any) -> CutoutTrial:
    facts = {"arm": "self_hosted", "role": "primary", "succeeded": True} | fields
    return CutoutTrial.objects.create(
        asset_id=uuid4(), job_id=uuid4(), provider=provider, duration_ms=duration_ms, **facts
    )


@pytest.fixture
def trials() -> None:
    for duration_ms in range(100, 1100, 100):
        trial(
            "rembg",
            duration_ms,
            input_bytes=2048,
            output_bytes=1024,
            score=0.6,
            kept=True,
            cost_usd=Decimal("0.000002"),
        )
    trial("removebg", 3000, score=0.8, cost_usd=Decimal("0.20"), kept=True, input_bytes=1, output_bytes=1)
    trial("removebg", 9000, succeeded=False, code="rate_limited")


def test_each_side_adds_up(trials: None) -> None:
    own, paid = sides()
    assert (own.provider, own.calls, own.failures, own.kept) == ("rembg", 10, 0, 10)
    assert (own.median_ms, own.p95_ms, own.input_kb, own.output_kb, own.score) == (550, 1000, 2, 1, 0.6)
    assert (own.cost_usd, own.cost_per_call_usd) == (Decimal("0.00002"), Decimal("0.000002"))
    assert (paid.calls, paid.failures, paid.failure_percent, paid.median_ms) == (2, 1, 50.0, 3000)


def test_the_page_shows_them_with_money_rollout_and_balance(
    trials: None, staff: Client, removebg: FakeRemoveBg
) -> None:
    call = ledger.Call(cost_usd=Decimal("0.01"), baseline_usd=Decimal("0.20"))
    ledger.entry_create("local", "cutout", call, unit="cpu_s", subject="")
    page = staff.get(COMPARISON).content.decode()
    for text in (
        "550&nbsp;ms",
        "1 (50.0&nbsp;%)",
        "$0.2000",
        "<strong>$0.19</strong>",
        "100&nbsp;%</strong>",
    ):
        assert text in page
    assert "50 credits, 47 free previews" in page
    assert "?name=self_hosted_rollout&amp;percent=100" in page


def test_a_balance_that_cannot_be_had_does_not_take_the_page_away(
    staff: Client, removebg: FakeRemoveBg
) -> None:
    removebg.failures = [BROKEN]
    page = staff.get(COMPARISON)
    assert page.status_code == 200
    assert "not available (remove.bg refused with 503" in page.content.decode()
    assert "No picture has been cut out in this time." in page.content.decode()


def test_the_export_has_a_line_for_each_trial(trials: None, staff: Client) -> None:
    answer = staff.get(EXPORT)
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[arg-type]
    assert (len(rows), list(rows[0])) == (12, list(EXPORTED))
    assert {row["provider"] for row in rows} == {"rembg", "removebg"}
    assert rows[-1]["code"] == "rate_limited" and rows[-1]["score"] == ""


def test_the_switch_rolls_back_from_the_next_picture_on(staff: Client) -> None:
    staff.post(
        "/admin/common/featureswitch/add/", {"name": "self_hosted_rollout", "percent": "0", "note": "halos"}
    )
    assert rollout_percent() == 0
    switch = FeatureSwitch.objects.get()
    refused = staff.post(
        f"/admin/common/featureswitch/{switch.pk}/change/", {"name": switch.name, "percent": "101"}
    )
    assert refused.status_code == 200 and rollout_percent() == 0
    staff.post("/admin/common/featureswitch/add/", {"name": "self_hosted_rolout", "percent": "0"})
    assert FeatureSwitch.objects.get() == switch, "a name that switches nothing is refused"


@pytest.mark.parametrize("path", [COMPARISON, EXPORT])
def test_strangers_and_customers_see_neither(client: Client, path: str) -> None:
    assert client.get(path).status_code == 302
    client.force_login(UserFactory())
    assert client.get(path).status_code == 302
