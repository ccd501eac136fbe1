"""Bytes by kind, the savings, the orphans: as they are."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from common.storage import public_storage
from ops.migration import Plan, files_move
from ops.report import storage_report
from tests.uploads.storage.shop import JPEG, names_of, stray_file, upload
from uploads.models import Derivative

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(files_home: Any) -> None:
    """No file of another test is counted."""


def test_each_kind_has_its_files_and_bytes() -> None:
    photo = upload(1, kind=JPEG, size_px=(1600, 1200))
    report = storage_report()
    sizes = dict(photo.derivatives.values_list("role", "size_bytes"))
    assert {kind: (amount.files, amount.size_bytes) for kind, amount in report.by_kind.items()} == {
        "original": (1, photo.file_size),
        "display": (1, public_storage().size(photo.public_name)),
        **{role: (1, size) for role, size in sizes.items() if role != "display"},
    }
    assert set(sizes) == {"display", "thumbnail", "w320", "w640", "w1280"}
    assert report.total.size_bytes == photo.file_size + sum(sizes.values())
    assert report.compressed_from_bytes == photo.file_size
    assert report.saved_bytes == photo.file_size - sizes["display"] > 0
    assert report.missing == []


def test_orphans_are_counted() -> None:
    asset = upload(1)
    stray_file("private")
    now = timezone.now() + timedelta(days=91)
    report = storage_report(now=now)
    assert (report.expired.files, report.expired.size_bytes) == (1, asset.file_size)
    assert (report.unreferenced.files, report.unreferenced.size_bytes) == (1, len(b"stray"))
    fresh = storage_report()
    assert (fresh.expired.files, fresh.unreferenced.files) == (0, 0)


def test_a_lost_file_is_named() -> None:
    asset = upload(1)
    public_storage().delete(asset.public_name)
    assert storage_report().missing == [f"public/{asset.public_name}"]
    out = io.StringIO()
    call_command("storage_report", stdout=out)
    assert "1 files are in no store" in out.getvalue() and asset.public_name in out.getvalue()


def test_programs_get_the_same_figures() -> None:
    upload(1, kind=JPEG)
    out = io.StringIO()
    call_command("storage_report", "--json", stdout=out)
    figures = json.loads(out.getvalue())
    assert figures["total"]["files"] == 2 + Derivative.objects.exclude(role="display").count()
    assert figures["saved_bytes"] == storage_report().saved_bytes


@pytest.mark.production
def test_it_says_what_has_moved(target: Any) -> None:
    first, second = upload(1), upload(2)
    total = len(names_of(first, second).keys)
    files_move(Plan(limit=3))
    report = storage_report()
    assert (report.by_store["r2"].files, report.by_store["home"].files) == (3, total - 3)
    assert report.by_store["r2"].size_bytes + report.by_store["home"].size_bytes == report.total.size_bytes
