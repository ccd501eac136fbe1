"""A job ends once, right, and never passes a failure off as a success."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from common.errors import ProviderError
from common.storage import private_storage, public_storage, read_file
from uploads.cutout import pipeline
from uploads.cutout.artwork import Cutout, CutoutFailed
from uploads.extraction import services as extraction
from uploads.models import Asset, Job
from uploads.services import asset_create, job_create

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
    record = pipeline._record

    def overtaken(own: Job, result: Cutout, *, seconds: float) -> None:
        heir = Job.claim(own.pk, now=timezone.now() + Job.LEASE + timedelta(minutes=1))
        assert heir is not None
        record(heir, result, seconds=seconds)
        record(own, result, seconds=seconds)

    monkeypatch.setattr(pipeline, "_record", overtaken)
    run(job)
    assert (job.status, Asset.objects.filter(job=job).count(), len(deleted)) == ("done", 1, 2)


def test_a_picture_that_is_cut_out_already_is_taken_as_it_is(cuts: Callable[[Any], None]) -> None:
    cuts(AssertionError("must not be asked"))
    file = io.BytesIO()
    Image.fromarray(cutout().rgba).save(file, "PNG")
    job = run(job_create(photo(file.getvalue()), user=None))
    asset = Asset.objects.get(job=job)
    assert (job.status, asset.metadata["method"]) == ("done", "given")


class _Gemini:
    def __init__(self, answer: bytes | Exception) -> None:
        self.answer, self.calls = answer, 0

    def draw(self, prompt: str, picture: bytes, content_type: str) -> bytes:
        self.calls += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(("key", "consent"), [("", True), ("k", False), ("", False)])
def test_no_photo_leaves_without_a_key_and_consent(
    key: str, consent: bool, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.GEMINI_API_KEY, settings.GEMINI_PHOTO_CONSENT = key, consent
    gemini = _Gemini(b"")
    monkeypatch.setattr(extraction, "gemini_gateway", lambda: gemini)
    rgb = np.zeros((4, 4, 3), np.uint8)
    assert extraction.artwork_picture(rgb) is rgb
    assert gemini.calls == 0


def test_the_models_drawing_is_what_gets_cut_out(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.GEMINI_API_KEY, settings.GEMINI_PHOTO_CONSENT = "k", True
    monkeypatch.setattr(extraction, "gemini_gateway", lambda: _Gemini(jpeg((50, 30))))
    assert extraction.artwork_picture(np.zeros((4, 4, 3), np.uint8)).shape == (30, 50, 3)


def test_an_answer_without_a_picture_is_a_failure_and_never_the_photo(
    job: Job, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.GEMINI_API_KEY, settings.GEMINI_PHOTO_CONSENT = "k", True
    error = ProviderError("the answer holds no picture", provider="Gemini", retryable=False)
    monkeypatch.setattr(extraction, "gemini_gateway", lambda: _Gemini(error))
    run(job)
    assert (job.status, job.error_code) == ("failed", "provider_unavailable")
    assert not Asset.objects.filter(kind="transparent").exists()


def test_remove_bg_steps_in_only_where_the_shop_has_a_key(
    job: Job, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def extract(rgb: Any, mask: Any, on_step: Any) -> Cutout:
        if "RemoveBg" not in type(getattr(mask, "__self__", None)).__name__:
            raise ProviderError("weights are missing", provider="rembg", retryable=False)
        return cutout()

    monkeypatch.setattr(pipeline, "extract_artwork", extract)
    assert run(job).status == "failed"
    settings.REMOVEBG_API_KEY = "key"
    assert run(job_create(photo(), user=None)).status == "done"
