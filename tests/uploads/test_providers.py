"""The job with the real core and the real adapters; only the servers and the network's weights are ours."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from common.errors import ProviderError
from common.storage import public_storage, read_file
from tests.factories import AssetFactory, JobFactory
from tests.uploads.cutout.pictures import ByteArray, FloatArray, disc, garment_photo, mixed
from uploads.cutout import pipeline
from uploads.cutout.weights import WeightsMissing
from uploads.extraction import services as extraction
from uploads.imaging.encode import encode_png
from uploads.models import Asset, Job

pytestmark = pytest.mark.django_db
SIDE_PX = 400
PRINT = disc(SIDE_PX, (190, 200), 70)
PHOTO, GARMENT = garment_photo(SIDE_PX, PRINT, (230, 210, 40))


class _Rembg:
    """Stands for the network: its mask, or why there is none."""

    def __init__(self, outcome: FloatArray | Exception) -> None:
        self._outcome = outcome

    def mask(self, rgb: ByteArray) -> FloatArray:
        if isinstance(self._outcome, Exception):
            raise self._outcome
        mask = Image.fromarray(self._outcome).resize((rgb.shape[1], rgb.shape[0]))
        return np.asarray(mask, dtype=np.float32)


@pytest.fixture
def rembg(monkeypatch: pytest.MonkeyPatch) -> Callable[[FloatArray | Exception], None]:
    return lambda outcome: monkeypatch.setattr(pipeline, "rembg_backend", lambda: _Rembg(outcome))


def opaque_png(rgb: ByteArray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return file.getvalue()


def shirt_job(rgb: ByteArray = PHOTO) -> Job:
    source = AssetFactory(data=opaque_png(rgb), width_px=rgb.shape[1], height_px=rgb.shape[0])
    return JobFactory(source=source)


def run(job: Job) -> Job:
    Job.objects.filter(pk=job.pk).update(available_at=timezone.now())
    pipeline.run(str(job.pk))
    job.refresh_from_db()
    return job


def cut_out_of(job: Job) -> ByteArray:
    asset = Asset.objects.get(job=job)
    return np.asarray(Image.open(io.BytesIO(read_file(public_storage(), asset.public_name))))


def no_result() -> bool:
    return not Asset.objects.filter(kind="transparent").exists()


def test_the_print_of_a_shirt_is_lifted_off_it(rembg: Any) -> None:
    rembg(GARMENT)
    job = run(shirt_job())
    assert (job.status, job.error_message) == ("done", "")
    asset = Asset.objects.get(job=job)
    assert asset.metadata["method"] == "print"
    rgba = cut_out_of(job)
    assert rgba.shape[2] == 4 and rgba[0, 0, 3] == 0
    middle = rgba[rgba.shape[0] // 2, rgba.shape[1] // 2]
    assert middle[3] > 240 and middle[0] > 150 > middle[2]
    # A disc of 140 px and its margin, and nothing of the 300 px of cloth around it.
    assert 130 < min(rgba.shape[:2]) <= max(rgba.shape[:2]) < 180


# --- remove.bg, where the network of our own cannot work ---


@pytest.fixture
def removebg(settings: Any) -> Iterator[dict[str, Any]]:
    """remove.bg on this machine and a key for it: what it answers (`status`, `body`), what it was `asked`."""
    state: dict[str, Any] = {"status": 200, "body": encode_png(_kept()), "asked": []}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state["asked"].append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(state["status"])
            self.send_header("Content-Length", str(len(state["body"])))
            self.end_headers()
            self.wfile.write(state["body"])

        def log_message(self, *arguments: object) -> None:
            """Keep the test run quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    settings.REMOVEBG_API_KEY = "the-key"
    settings.REMOVEBG_API_URL = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def _kept() -> ByteArray:
    """remove.bg keeps the garment."""
    alpha = np.rint(GARMENT * 255).astype(np.uint8)
    return np.dstack([PHOTO, alpha])


OUT_OF_ORDER = [
    WeightsMissing("no weights"),
    ProviderError("rembg cannot be imported", provider="rembg:u2netp", retryable=False),
]


@pytest.mark.parametrize("reason", OUT_OF_ORDER, ids=["no weights", "no rembg"])
def test_remove_bg_steps_in(rembg: Any, removebg: dict[str, Any], reason: Exception) -> None:
    rembg(reason)
    job = run(shirt_job())
    assert job.status == "done"
    assert Asset.objects.get(job=job).metadata["method"] == "print"
    assert removebg["asked"] and b'name="image_file"' in removebg["asked"][0]


def test_remove_bg_is_not_paid_for_what_our_own_network_can_do(rembg: Any, removebg: dict[str, Any]) -> None:
    rembg(GARMENT)
    assert run(shirt_job()).status == "done"
    assert removebg["asked"] == []


@pytest.mark.parametrize("reason", OUT_OF_ORDER, ids=["no weights", "no rembg"])
def test_without_a_key_nothing_is_sent(
    rembg: Any, removebg: dict[str, Any], settings: Any, reason: Exception
) -> None:
    settings.REMOVEBG_API_KEY = ""
    rembg(reason)
    job = shirt_job()
    statuses = [run(job).status for _ in range(Job.MAX_ATTEMPTS)]
    assert statuses[-1] == "failed"
    assert job.error_message == "The picture could not be processed. Please try again."
    assert removebg["asked"] == [] and no_result()


@pytest.mark.parametrize(
    ("status", "body", "after"),
    [
        (402, b'{"errors":[{"title":"Insufficient credits"}]}', "failed"),
        (403, b"{}", "failed"),
        (400, b"{}", "failed"),
        (429, b"{}", "queued"),
        (503, b"", "queued"),
        (200, b"<html>not a picture</html>", "queued"),
        (200, b"\x89PNG\r\n\x1a\n damaged", "queued"),
    ],
)
def test_the_opaque_photo_is_never_passed_off_as_the_result(
    rembg: Any, removebg: dict[str, Any], status: int, body: bytes, after: str
) -> None:
    rembg(OUT_OF_ORDER[0])
    removebg.update(status=status, body=body)
    job = run(shirt_job())
    assert (job.status, job.error_code) == (after, "provider_unavailable")
    assert no_result()


# --- Gemini, where the shop's terms allow it ---


class _Gemini:
    def __init__(self, answer: bytes) -> None:
        self.answer, self.seen = answer, list[tuple[str, ByteArray]]()

    def draw(self, prompt: str, picture: bytes, content_type: str) -> bytes:
        self.seen.append((content_type, np.asarray(Image.open(io.BytesIO(picture)))))
        return self.answer


DRAWING = mixed(disc(SIDE_PX, (200, 200), 120), (20, 60, 200), (255, 0, 255))


@pytest.fixture
def gemini(monkeypatch: pytest.MonkeyPatch, settings: Any) -> _Gemini:
    """A model that draws a blue disc on magenta, a key for it, and consent."""
    settings.GEMINI_API_KEY, settings.GEMINI_PHOTO_CONSENT = "k", True
    model = _Gemini(opaque_png(DRAWING))
    monkeypatch.setattr(extraction, "gemini_gateway", lambda: model)
    return model


def test_the_models_drawing_becomes_the_artwork(gemini: _Gemini, rembg: Any) -> None:
    rembg(AssertionError("a flat ground needs no network"))
    job = run(shirt_job())
    assert job.status == "done"
    assert Asset.objects.get(job=job).metadata["method"] == "colour_key"
    rgba = cut_out_of(job)
    assert tuple(rgba[rgba.shape[0] // 2, rgba.shape[1] // 2]) == (20, 60, 200, 255)
    ((content_type, sent),) = gemini.seen
    assert content_type == "image/jpeg"
    assert np.abs(sent.astype(int) - PHOTO).mean() < 12  # the photo itself, but for the JPEG


@pytest.mark.parametrize(("key", "consent"), [("k", False), ("", True), ("", False)])
def test_the_photo_stays_here_without_key_and_consent(
    gemini: _Gemini, rembg: Any, settings: Any, key: str, consent: bool
) -> None:
    settings.GEMINI_API_KEY, settings.GEMINI_PHOTO_CONSENT = key, consent
    rembg(GARMENT)
    job = run(shirt_job())
    assert (job.status, gemini.seen) == ("done", [])
    assert Asset.objects.get(job=job).metadata["method"] == "print"


def test_a_picture_that_is_cut_out_already_goes_to_nobody(gemini: _Gemini, rembg: Any) -> None:
    rembg(AssertionError("must not be asked"))
    job = run(JobFactory())
    assert (job.status, gemini.seen) == ("done", [])
    assert Asset.objects.get(job=job).metadata["method"] == "given"


@pytest.mark.parametrize("answer", [b"", b"<html>", b"\x89PNG\r\n\x1a\n damaged"], ids=repr)
def test_a_broken_drawing_is_the_models_fault_and_not_the_customers(
    gemini: _Gemini, answer: bytes, rembg: Any
) -> None:
    gemini.answer = answer
    rembg(GARMENT)
    job = run(shirt_job())
    assert (job.status, job.error_code) == ("queued", "provider_unavailable")
    assert no_result()


# --- What goes wrong around it ---


def test_a_store_that_is_down_is_tried_again_soon(rembg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rembg(GARMENT)
    job = shirt_job()

    def full(storage: Any, name: str, data: bytes) -> str:
        raise OSError("no space left for /secret/path")

    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "write_file", full)
        run(job)
    assert (job.status, job.error_code, job.lease_token) == ("queued", "internal_error", None)
    assert "secret" not in job.error_message and no_result()
    assert run(job).status == "done"


def test_a_damaged_original_is_the_customers_to_replace(rembg: Any) -> None:
    rembg(GARMENT)
    job = JobFactory(source=AssetFactory(data=b"\x89PNG\r\n\x1a\n damaged"))
    assert (run(job).status, job.error_code) == ("failed", "unreadable")
    assert job.error_message == "The picture is damaged or incomplete."


def test_the_failure_of_an_overtaken_worker_does_not_touch_the_result(
    rembg: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rembg(GARMENT)
    job = shirt_job()
    cut = pipeline._cut_out

    def slow_then_broken(own: Job) -> Any:
        monkeypatch.setattr(pipeline, "_cut_out", cut)
        Job.objects.filter(pk=own.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        pipeline.run(str(own.pk))
        raise ProviderError("late", provider="rembg", retryable=False)

    monkeypatch.setattr(pipeline, "_cut_out", slow_then_broken)
    run(job)
    assert (job.status, job.error_code, job.attempts) == ("done", "", 2)
    assert Asset.objects.filter(job=job).count() == 1
