"""The smaller files of an asset: which, under which names, exactly once."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from common.storage import public_storage, read_file
from ops.sweepers import ring_lost_work
from tests.uploads.storage.shop import JPEG, PNG, picture
from uploads.compression import worker
from uploads.compression.services import derivatives_request, derivatives_request_missing
from uploads.models import Asset, Derivative, DerivativeWork
from uploads.services import asset_create

pytestmark = pytest.mark.django_db


def uploaded(kind: str = PNG, size_px: tuple[int, int] = (900, 600)) -> Asset:
    return asset_create(
        picture(1, kind, size_px),
        original_name="art",
        owner=None,
        owner_type=Asset.OwnerType.CUSTOMER,
        allowed_types=("image/png", "image/jpeg"),
        refusal="no",
    )


def run(asset: Asset) -> DerivativeWork:
    work = DerivativeWork.objects.get(asset=asset)
    worker.run(str(work.pk))
    work.refresh_from_db()
    return work


@pytest.mark.parametrize(
    ("kind", "size_px", "roles"),
    [
        (JPEG, (2400, 1800), {"display", "thumbnail", "w320", "w640", "w1280"}),
        (JPEG, (1280, 900), {"display", "thumbnail", "w320", "w640"}),
        (JPEG, (150, 90), {"display"}),
        (PNG, (900, 600), {"display", "thumbnail", "w320", "w640", "webp"}),
    ],
)
def test_each_size_that_is_smaller_is_made(kind: str, size_px: tuple[int, int], roles: set[str]) -> None:
    asset = uploaded(kind, size_px)
    assert list(asset.derivatives.values_list("role", flat=True)) == ["display"]
    assert run(asset).status == "done"
    assert set(asset.derivatives.values_list("role", flat=True)) == roles
    for derivative in asset.derivatives.all():
        data = read_file(public_storage(), derivative.name)
        shown = Image.open(io.BytesIO(data))
        assert shown.size == (derivative.width_px, derivative.height_px)
        assert (len(data), Image.MIME[str(shown.format)]) == (derivative.size_bytes, derivative.content_type)


def test_the_display_picture_and_its_address_do_not_change() -> None:
    asset = uploaded()
    before = (asset.file_url, read_file(public_storage(), asset.public_name))
    run(asset)
    asset.refresh_from_db()
    assert (asset.file_url, read_file(public_storage(), asset.public_name)) == before


def test_names_follow_from_content_and_secret_and_tell_neither() -> None:
    first, second = uploaded(), uploaded()
    run(first)
    run(second)
    names = [set(asset.derivatives.values_list("name", flat=True)) for asset in (first, second)]
    assert not names[0] & names[1]
    for name in names[0] | names[1]:
        assert re.fullmatch(r"[0-9a-f]{40}(-(thumbnail|w320|w640|webp))?\.(png|jpg|webp)", name)
    # The same work done again gives the same names: nothing is stored twice.
    files = set(public_storage().listdir("")[1])
    first.derivatives.exclude(role="display").delete()
    DerivativeWork.objects.filter(asset=first).update(
        status="queued", attempts=0, available_at=timezone.now()
    )
    run(first)
    assert set(public_storage().listdir("")[1]) == files
    assert set(first.derivatives.values_list("name", flat=True)) == names[0]


def test_a_worker_that_has_lost_its_lease_writes_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    asset = uploaded()
    encode = worker._encoded

    def slow(display: bytes) -> Any:
        DerivativeWork.objects.update(lease_token=None)
        return encode(display)

    monkeypatch.setattr(worker, "_encoded", slow)
    run(asset)
    assert list(asset.derivatives.values_list("role", flat=True)) == ["display"]


def test_a_crash_is_tried_again_and_a_lost_file_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    asset, lost = uploaded(), uploaded(size_px=(300, 200))
    public_storage().delete(lost.public_name)
    assert (run(lost).status, run(lost).error_code) == ("failed", "display_unusable")
    monkeypatch.setattr(worker, "write_once", lambda *arguments: 1 / 0)
    work = run(asset)
    assert (work.status, work.error_code, work.attempts) == ("queued", "internal_error", 1)
    assert asset.derivatives.count() == 1


def test_asking_twice_is_asking_once(django_capture_on_commit_callbacks: Any) -> None:
    asset = uploaded()
    with django_capture_on_commit_callbacks() as bells:
        derivatives_request(asset)
    assert (DerivativeWork.objects.count(), bells) == (1, [])


def test_the_sweeper_asks_for_what_nobody_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asset = uploaded()
    DerivativeWork.objects.all().delete()
    assert derivatives_request_missing() == 1
    assert derivatives_request_missing() == 0
    DerivativeWork.objects.all().delete()
    rung: list[str] = []
    monkeypatch.setitem(__import__("ops.sweepers").sweepers.QUEUES_OF_RECORD, DerivativeWork, rung.append)
    ring_lost_work()
    assert rung == [str(DerivativeWork.objects.get(asset=asset).pk)]


def test_a_display_picture_with_alpha_is_never_a_jpeg() -> None:
    asset = uploaded()
    run(asset)
    types = dict(asset.derivatives.values_list("role", "content_type"))
    assert types == {
        "display": "image/png",
        "thumbnail": "image/webp",
        "w320": "image/webp",
        "w640": "image/webp",
        "webp": "image/webp",
    }
    thumbnail = asset.derivatives.get(role=Derivative.Role.THUMBNAIL)
    alpha = np.asarray(Image.open(io.BytesIO(read_file(public_storage(), thumbnail.name))))[..., 3]
    assert alpha[:, :50].max() == 0 and alpha[:, 80:].min() == 255
