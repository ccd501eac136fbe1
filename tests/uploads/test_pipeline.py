"""A job ends once, right, and never passes a failure off as a success."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from common import ledger
from common.errors import Conflict, ProviderError
from common.models import LedgerEntry
from common.storage import private_storage, public_storage, read_file
from products.models import DecorationMethod
from uploads.cutout import files, intermediates, pipeline, reuse
from uploads.cutout.artwork import Cutout, CutoutFailed
from uploads.models import Asset, Intermediate, Job
from uploads.services import asset_create, job_cancel, job_create

pytestmark = pytest.mark.django_db


def jpeg(size: tuple[int, int] = (320, 240)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (30, 60, 90)).save(file, "JPEG")
    return file.getvalue()


def photo(data: bytes | None = None) -> Asset:
    return asset_create(
        data or jpeg(),
        original_name="shirt.jpg",
        owner=None,
        owner_type=Asset.OwnerType.SHIRT_UPLOAD,
        allowed_types=("image/jpeg", "image/png"),
        refusal="no",
    )


@pytest.fixture
def job() -> Job:
    return job_create(photo(), user=None)


def cutout() -> Cutout:
    rgba = np.zeros((40, 60, 4), np.uint8)
    rgba[5:35, 5:55] = (200, 10, 20, 255)
    return Cutout(rgba=rgba, method="print", confidence=0.9, box=(1, 2, 3, 4), components={"agreement": 0.5})


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Makes the core answer so: a Cutout, or an exception to raise."""

    def answer(outcome: Any) -> None:
        def extract(rgb: Any, mask: Any, on_step: Callable[[str], None]) -> Cutout:
            on_step("step")
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(pipeline, "extract_artwork", extract)

    return answer


def run(job: Job) -> Job:
    Job.objects.filter(pk=job.pk).update(available_at=timezone.now())
    pipeline.run(str(job.pk))
    job.refresh_from_db()
    return job


def test_a_job_leaves_one_transparent_asset_with_its_facts(job: Job, cuts: Callable[[Any], None]) -> None:
    cuts(cutout())
    run(job)
    asset = Asset.objects.get(job=job)
    assert (job.status, job.step, asset.kind) == ("done", "done", "transparent")
    assert (asset.width_px, asset.height_px, asset.dpi) == (60, 40, 300)
    assert (asset.metadata["method"], asset.metadata["confidence"]) == ("print", 0.9)
    assert job.result["transparentAssetId"] == str(asset.pk)
    stored = Image.open(io.BytesIO(read_file(public_storage(), asset.public_name)))
    assert np.array_equal(np.asarray(stored), cutout().rgba)


def test_running_it_again_makes_no_second_asset(job: Job, cuts: Callable[[Any], None]) -> None:
    cuts(cutout())
    for _ in range(3):
        run(job)
    assert Asset.objects.filter(job=job).count() == 1


@pytest.mark.parametrize("code", ["nothing_found", "not_separable"])
def test_a_picture_without_artwork_fails_with_words_for_the_customer(
    job: Job, cuts: Callable[[Any], None], code: str
) -> None:
    cuts(CutoutFailed(code, "No artwork was found."))
    run(job)
    assert (job.status, job.error_code, job.error_message) == ("failed", code, "No artwork was found.")
    assert not Asset.objects.filter(kind="transparent").exists()


def test_it_fails_only_after_the_last_attempt(job: Job, cuts: Callable[[Any], None]) -> None:
    cuts(ProviderError("down", provider="rembg", retryable=True))
    seen = [run(job).status for _ in range(3)]
    assert seen == ["queued", "queued", "failed"]
    assert job.attempts == 3 and job.completed_at is not None
    assert not Asset.objects.filter(kind="transparent").exists()


def test_a_bug_is_tried_again_and_its_text_stays_inside(job: Job, cuts: Callable[[Any], None]) -> None:
    cuts(ZeroDivisionError("secret detail"))
    run(job)
    assert (job.status, job.error_code) == ("queued", "internal_error")
    assert "secret" not in job.error_message


def test_a_worker_that_was_overtaken_deletes_its_files(
    job: Job, cuts: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts(cutout())
    deleted: list[str] = []
    for storage in (private_storage(), public_storage()):
        monkeypatch.setattr(type(storage), "delete", lambda self, name: deleted.append(name))
    record = pipeline.record

    def overtaken(own: Job, outputs: Any, facts: Any) -> bool:
        heir = Job.claim(own.pk, now=timezone.now() + Job.LEASE + timedelta(minutes=1))
        assert heir is not None
        assert record(heir, outputs, facts)
        return record(own, outputs, facts)

    monkeypatch.setattr(pipeline, "record", overtaken)
    run(job)
    assert (job.status, Asset.objects.filter(job=job).count(), len(deleted)) == ("done", 1, 2)
    assert not Intermediate.objects.exists()


def test_a_picture_that_is_cut_out_already_is_taken_as_it_is(cuts: Callable[[Any], None]) -> None:
    cuts(AssertionError("must not be asked"))
    file = io.BytesIO()
    Image.fromarray(cutout().rgba).save(file, "PNG")
    job = run(job_create(photo(file.getvalue()), user=None))
    asset = Asset.objects.get(job=job)
    assert (job.status, asset.metadata["method"]) == ("done", "given")


def test_an_uncut_picture_is_never_recorded_as_a_cut_out(job: Job, cuts: Callable[[Any], None]) -> None:
    uncut = np.full((40, 60, 4), 255, np.uint8)
    cuts(Cutout(rgba=uncut, method="salient", confidence=0.99, box=(0, 0, 60, 40), components={}))
    run(job)
    assert (job.status, job.error_code) == ("failed", "not_separable")
    assert not Asset.objects.filter(kind="transparent").exists()


def test_a_method_that_prints_whole_pixels_gets_a_version_without_half_clear_ones(
    job: Job, cuts: Callable[[Any], None]
) -> None:
    DecorationMethod.objects.create(
        name="screen", display_name="Screen", file_requirements={"semi_transparency": False}
    )
    soft = cutout().rgba.copy()
    soft[5, 5:55, 3] = 100
    soft[6, 5:55, 3] = 200
    cuts(Cutout(rgba=soft, method="print", confidence=0.9, box=(0, 0, 60, 40), components={}))
    run(job)
    hard = Asset.objects.get(job=job, kind="hard")
    alpha = np.asarray(Image.open(io.BytesIO(read_file(public_storage(), hard.public_name))))[..., 3]
    assert set(np.unique(alpha)) == {0, 255}
    assert (alpha[5, 10], alpha[6, 10]) == (0, 255)
    assert job.result["hardAssetId"] == str(hard.pk)


def test_no_hard_version_is_made_where_no_method_asks_for_one(job: Job, cuts: Callable[[Any], None]) -> None:
    cuts(cutout())
    run(job)
    assert [asset.kind for asset in job.assets.all()] == ["transparent"]
    assert job.result["hardAssetId"] is None


def test_equal_bytes_are_answered_from_the_first_result_at_no_cost(
    job: Job, cuts: Callable[[Any], None]
) -> None:
    cuts(cutout())
    first = run(job)
    cuts(AssertionError("must not be asked"))
    again = run(job_create(photo(), user=None))
    one, two = (Asset.objects.get(job=done) for done in (first, again))
    assert (again.status, again.result["cached"], one.sha256) == ("done", True, two.sha256)
    assert one.public_name != two.public_name and one.original_file != two.original_file
    entries = list(LedgerEntry.objects.filter(operation="cutout").order_by("created_at"))
    assert [(entry.outcome, entry.cost_usd > 0) for entry in entries] == [("ok", True), ("cached", False)]
    assert ledger.savings().baseline_usd == Decimal("0.40")


@pytest.mark.django_db(transaction=True)
def test_a_known_picture_is_done_before_the_upload_is_answered(cuts: Callable[[Any], None]) -> None:
    cuts(cutout())
    run(job_create(photo(), user=None))
    again = job_create(photo(), user=None)
    assert (again.status, again.attempts) == ("done", 1)
    assert Asset.objects.filter(job=again, kind="transparent").count() == 1


@pytest.mark.parametrize("change", ["bytes", "version"])
def test_other_bytes_or_another_pipeline_are_no_hit(
    job: Job, cuts: Callable[[Any], None], change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts(cutout())
    run(job)
    if change == "version":
        monkeypatch.setattr(reuse, "PIPELINE_VERSION", reuse.PIPELINE_VERSION + 1)
    cuts(CutoutFailed("nothing_found", "No artwork was found."))
    again = run(job_create(photo(jpeg((322, 240)) if change == "bytes" else None), user=None))
    assert again.error_code == "nothing_found"


def test_a_cancelled_job_ends_failed_and_its_worker_records_nothing(
    job: Job, cuts: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancelled_meanwhile(rgb: Any, mask: Any, on_step: Callable[[str], None]) -> Cutout:
        job_cancel(str(job.pk))
        on_step("step")
        return cutout()

    monkeypatch.setattr(pipeline, "extract_artwork", cancelled_meanwhile)
    run(job)
    assert (job.status, job.error_code, job.attempts) == ("failed", "cancelled", 1)
    assert not Asset.objects.filter(job=job).exists()
    assert not Job.due(timezone.now() + timedelta(hours=1)).filter(pk=job.pk).exists()


def test_cancelling_twice_is_one_and_what_is_done_stays_done(job: Job, cuts: Callable[[Any], None]) -> None:
    other = job_create(photo(jpeg((50, 50))), user=None)
    assert [job_cancel(str(other.pk)).error_code for _ in range(2)] == ["cancelled"] * 2
    cuts(cutout())
    run(job)
    with pytest.raises(Conflict) as refusal:
        job_cancel(str(job.pk))
    assert refusal.value.code == "job_ended"
    job.refresh_from_db()
    assert job.status == "done"


def test_a_job_that_runs_for_too_long_is_stopped_at_its_next_step(
    job: Job, cuts: Callable[[Any], None], settings: Any
) -> None:
    settings.CUTOUT_TIME_LIMIT_S = -1
    cuts(cutout())
    assert [run(job).status for _ in range(3)] == ["queued", "queued", "failed"]
    assert job.error_code == "took_too_long"


def test_a_result_that_nobody_recorded_is_deleted_when_its_time_is_over(
    job: Job, cuts: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts(cutout())
    written: list[str] = []
    write = files.write

    def dies_after_the_second(storage: Any, name: str, data: bytes) -> str:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(write(storage, name, data))
        return written[-1]

    DecorationMethod.objects.create(
        name="screen", display_name="Screen", file_requirements={"semi_transparency": False}
    )
    with monkeypatch.context() as killed:
        killed.setattr(files, "write", dies_after_the_second)
        with pytest.raises(KeyboardInterrupt):
            run(job)
    assert private_storage().exists(written[0]) and public_storage().exists(written[1])
    assert intermediates.expire(timezone.now()) == 0
    assert intermediates.expire(timezone.now() + timedelta(days=2)) == 4
    assert not private_storage().exists(written[0]) and not public_storage().exists(written[1])
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now())
    assert run(job).status == "done"
    assert not Intermediate.objects.filter(job=job).exists()


def test_the_stages_are_timed_and_told(job: Job, cuts: Callable[[Any], None]) -> None:
    cuts(cutout())
    run(job)
    assert set(job.stages) >= {"starting", "extract", "background", "gate", "dpi", "verify"}
    assert job.result["stagesMs"] == job.stages
    assert all(spent_ms >= 0 for spent_ms in job.stages.values())


def test_of_a_marked_part_nothing_else_is_cut_out_and_its_place_is_the_photos() -> None:
    pixels = np.full((300, 400, 3), 255, np.uint8)
    pixels[100:200, 40:140] = (220, 20, 30)
    pixels[100:200, 240:340] = (20, 40, 220)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    job = job_create(photo(file.getvalue()), user=None)
    Job.objects.filter(pk=job.pk).update(within=[200, 50, 400, 290])
    run(job)
    asset = Asset.objects.get(job=job)
    assert asset.metadata["source_box_px"] == [238, 98, 342, 202]
    found = np.asarray(Image.open(io.BytesIO(read_file(public_storage(), asset.public_name))))
    assert found.shape == (104, 104, 4)
    assert (found[2:-2, 2:-2] == (20, 40, 220, 255)).all()


def test_a_drawing_of_a_marked_part_lies_on_no_photo_and_its_alternative_does() -> None:
    found = pipeline.Findings(cutout(), alternative=cutout(), facts={"drawing": {}})
    moved = pipeline._moved(found, 10, 20)
    assert moved.main.box == (1, 2, 3, 4)
    assert moved.alternative is not None and moved.alternative.box == (11, 22, 13, 24)
