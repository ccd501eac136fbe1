"""The job with the real core and the real adapters; only the servers and the network's weights are ours."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from common import allowances
from common.breaker import background_removal, image_model
from common.errors import ProviderError
from common.gemini import gateway
from common.models import FeatureSwitch, LedgerEntry
from common.storage import public_storage, read_file
from tests.factories import AssetFactory, JobFactory
from tests.fakes import gemini as gemini_double
from tests.fakes.gemini import FakeGemini
from tests.fakes.http import Asked, FakeVendor, Reply
from tests.fakes.removebg import BROKEN, KEY, RATE_LIMITED, FakeRemoveBg, multipart, refusal
from tests.uploads.cutout.pictures import ByteArray, FloatArray, disc, garment_photo, mixed
from uploads.cutout import files, pipeline, providers
from uploads.cutout.artwork import Cutout
from uploads.cutout.rollout import arm_of, rollout_percent
from uploads.cutout.weights import WeightsMissing
from uploads.imaging.encode import encode_png
from uploads.models import Asset, CutoutTrial, Job, PhotoDisclosure

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
    return lambda outcome: monkeypatch.setattr(providers, "rembg_backend", lambda: _Rembg(outcome))


def opaque_png(rgb: ByteArray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return file.getvalue()


_made = itertools.count()


def shirt_job(rgb: ByteArray = PHOTO) -> Job:
    """A job on a photo of its own: equal bytes would be answered from the first result."""
    rgb = rgb.copy()
    rgb[0, 0, 0] ^= 1 + next(_made) % 7
    source = AssetFactory(
        data=opaque_png(rgb),
        width_px=rgb.shape[1],
        height_px=rgb.shape[0],
        owner_type=Asset.OwnerType.SHIRT_UPLOAD,
    )
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
def removebg(settings: Any) -> Iterator[FakeRemoveBg]:
    """remove.bg on this machine and a key for it."""
    settings.REMOVEBG_API_KEY = KEY
    with FakeRemoveBg() as fake:
        settings.REMOVEBG_API_URL = fake.url
        yield fake


def keeps_the_garment(fake: FakeRemoveBg, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the real one does with a photo of a shirt; the double's own rule is for art on even ground."""
    body = encode_png(np.dstack([PHOTO, np.rint(GARMENT * 255).astype(np.uint8)]))
    headers = {"Content-Type": "image/png", "X-Credits-Charged": "0.25"}
    monkeypatch.setattr(fake, "reply", lambda asked: Reply(200, body, headers))


OUT_OF_ORDER = [
    WeightsMissing("no weights"),
    ProviderError("rembg cannot be imported", provider="rembg:u2netp", retryable=False),
]


@pytest.mark.parametrize("reason", OUT_OF_ORDER, ids=["no weights", "no rembg"])
def test_remove_bg_steps_in(
    rembg: Any, removebg: FakeRemoveBg, monkeypatch: pytest.MonkeyPatch, reason: Exception
) -> None:
    keeps_the_garment(removebg, monkeypatch)
    rembg(reason)
    job = run(shirt_job())
    assert job.status == "done"
    assert Asset.objects.get(job=job).metadata["method"] == "print"
    form = multipart(removebg.asked[0])
    assert (form["size"], form["format"]) == (b"preview", b"png")
    roles = list(CutoutTrial.objects.order_by("created_at").values_list("provider", "role", "succeeded"))
    assert ("rembg", "primary", False) in roles and ("removebg", "fallback", True) in roles
    paid = LedgerEntry.objects.filter(provider="removebg", outcome="ok")
    assert {(entry.units, entry.cost_usd) for entry in paid} == {(Decimal("0.25"), Decimal("0.05"))}
    assert allowances.used("removebg_usd") == Decimal("0.05") * paid.count()


def test_remove_bg_is_not_paid_for_what_our_own_network_can_do(rembg: Any, removebg: FakeRemoveBg) -> None:
    rembg(GARMENT)
    assert run(shirt_job()).status == "done"
    assert removebg.asked == []
    assert not PhotoDisclosure.objects.exists()


@pytest.mark.parametrize("reason", OUT_OF_ORDER, ids=["no weights", "no rembg"])
def test_without_a_key_nothing_is_sent(
    rembg: Any, removebg: FakeRemoveBg, settings: Any, reason: Exception
) -> None:
    settings.REMOVEBG_API_KEY = ""
    rembg(reason)
    job = shirt_job()
    statuses = [run(job).status for _ in range(Job.MAX_ATTEMPTS)]
    assert statuses[-1] == "failed"
    assert job.error_message == "The picture could not be processed. Please try again."
    assert removebg.asked == [] and no_result()


REFUSALS = [
    (
        refusal(400, "Could not identify foreground in image", "unknown_foreground"),
        "failed",
        "picture_refused",
    ),
    (refusal(402, "Insufficient credits", "insufficient_credits"), "failed", "credits_exhausted"),
    (refusal(403, "Invalid API Key", "auth_failed"), "failed", "key_refused"),
    (RATE_LIMITED, "queued", "rate_limited"),
    (BROKEN, "queued", "http_503"),
    (Reply(200, b"<html>not a picture</html>"), "queued", "damaged_reply"),
    (Reply(200, b"\x89PNG\r\n\x1a\n damaged"), "queued", "damaged_reply"),
]


@pytest.mark.parametrize(
    ("answer", "after", "code"), REFUSALS, ids=["400", "402", "403", "429", "503", "html", "png"]
)
def test_the_opaque_photo_is_never_passed_off_as_the_result(
    rembg: Any, removebg: FakeRemoveBg, answer: Reply, after: str, code: str
) -> None:
    rembg(OUT_OF_ORDER[0])
    removebg.failures = [answer]
    job = run(shirt_job())
    assert (job.status, job.error_code) == (after, "provider_unavailable")
    assert no_result()
    trial = CutoutTrial.objects.get(provider="removebg")
    assert (trial.succeeded, trial.code, trial.cost_usd, trial.kept) == (False, code, 0, False)
    assert allowances.used("removebg_usd") == 0


def test_a_rate_limit_is_respected(rembg: Any, removebg: FakeRemoveBg) -> None:
    rembg(OUT_OF_ORDER[0])
    removebg.failures = [RATE_LIMITED]
    job = run(shirt_job())
    job_after = Job.objects.get(pk=job.pk)
    assert (job_after.available_at - timezone.now()).total_seconds() > 5.5


@pytest.mark.parametrize("answer", [REFUSALS[1][0], REFUSALS[2][0]], ids=["no credits", "wrong key"])
def test_no_credits_and_a_wrong_key_are_not_asked_for_again_by_the_next_job(
    rembg: Any, removebg: FakeRemoveBg, answer: Reply
) -> None:
    rembg(OUT_OF_ORDER[0])
    removebg.failures = [answer]
    run(shirt_job())
    assert background_removal("removebg").state() == "open"
    run(shirt_job())
    assert len(removebg.asked) == 1


def test_three_failures_open_the_circuit_for_every_process(rembg: Any, removebg: FakeRemoveBg) -> None:
    rembg(OUT_OF_ORDER[0])
    removebg.failures = [BROKEN] * 10
    for _ in range(5):
        run(shirt_job())
    assert len(removebg.asked) == 3
    assert CutoutTrial.objects.filter(code="circuit_open").count() == 2


def test_the_budget_of_a_day_is_not_passed(
    rembg: Any, removebg: FakeRemoveBg, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeps_the_garment(removebg, monkeypatch)
    settings.REMOVEBG_DAILY_BUDGET_USD = Decimal("0.12")
    rembg(OUT_OF_ORDER[0])
    for _ in range(3):
        run(shirt_job())
    assert len(removebg.asked) == 2
    assert allowances.used("removebg_usd") == Decimal("0.10")
    assert CutoutTrial.objects.filter(code="budget_spent").exists()


def test_what_leaves_is_written_down(
    rembg: Any, removebg: FakeRemoveBg, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeps_the_garment(removebg, monkeypatch)
    rembg(OUT_OF_ORDER[0])
    job = run(shirt_job())
    record = PhotoDisclosure.objects.order_by("created_at").first()
    assert record is not None
    sent = multipart(removebg.asked[0])["image_file"]
    assert (record.asset_id, record.recipient, record.ground) == (job.source_id, "remove.bg", "processor")
    assert (record.sent_bytes, record.sent_sha256) == (len(sent), hashlib.sha256(sent).hexdigest())


# --- Our own service ---


class _Service(FakeVendor):
    def reply(self, asked: Asked) -> Reply:
        return Reply(200, encode_png(np.dstack([np.rint(GARMENT * 255).astype(np.uint8)] * 3 + [OPAQUE])))


OPAQUE = np.full((SIDE_PX, SIDE_PX), 255, np.uint8)


@pytest.fixture
def service(settings: Any) -> Iterator[_Service]:
    with _Service() as fake:
        settings.REMBG_SERVICE_URL, settings.REMBG_SERVICE_SECRET = fake.url, "s3cret"
        yield fake


def test_the_service_takes_the_place_of_rembg_in_this_process(rembg: Any, service: _Service) -> None:
    rembg(AssertionError("must not be asked"))
    job = run(shirt_job())
    assert (job.status, job.result["provider"]) == ("done", "rembg_service")
    asked = service.asked[0]
    assert (asked.path, asked.headers["x-rembg-secret"]) == ("/remove-background", "s3cret")
    assert multipart(asked)["image"].startswith(b"\xff\xd8\xff")
    assert not PhotoDisclosure.objects.exists()  # it is ours


@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_service_is_followed_by_remove_bg_and_then_by_rembg_here(
    rembg: Any, service: _Service, removebg: FakeRemoveBg, status: int
) -> None:
    rembg(GARMENT)
    service.failures = [Reply(status)] * 5
    removebg.failures = [BROKEN] * 5
    job = run(shirt_job())
    assert (job.status, job.result["provider"]) == ("done", "rembg")
    trials = CutoutTrial.objects.filter(job_id=job.pk).values_list("provider", "succeeded")
    assert set(trials) == {("rembg_service", False), ("removebg", False), ("rembg", True)}


# --- The rollout ---


@pytest.mark.parametrize("percent", [0, 10, 25, 50, 90, 100])
def test_the_rollout_splits_as_it_says_and_sticks(percent: int, settings: Any) -> None:
    settings.REMOVEBG_API_KEY, settings.SELF_HOSTED_ROLLOUT_PERCENT = KEY, percent
    ids = [UUID(int=number * 7919) for number in range(4000)]
    arms = [arm_of(asset_id) for asset_id in ids]
    share = sum(arm == "self_hosted" for arm in arms) / len(arms) * 100
    deviation = (percent * (100 - percent) / len(arms)) ** 0.5
    assert abs(share - percent) <= 4 * deviation
    assert [arm_of(asset_id) for asset_id in ids[:200]] == arms[:200]


def test_raising_the_share_moves_nobody_back(settings: Any) -> None:
    settings.REMOVEBG_API_KEY = KEY
    ids = [UUID(int=number * 104729) for number in range(500)]
    inside: set[UUID] = set()
    for percent in (0, 25, 50, 75, 100):
        settings.SELF_HOSTED_ROLLOUT_PERCENT = percent
        now = {asset_id for asset_id in ids if arm_of(asset_id) == "self_hosted"}
        assert inside <= now
        inside = now
    assert len(inside) == 500


def test_staff_roll_back_at_once_and_either_switch_can(
    settings: Any, rembg: Any, removebg: FakeRemoveBg
) -> None:
    assert rollout_percent() == 100
    switch = FeatureSwitch.objects.create(name="self_hosted_rollout", percent=0)
    rembg(GARMENT)
    job = run(shirt_job())
    assert CutoutTrial.objects.filter(job_id=job.pk, arm="removebg", role="primary").exists()
    assert removebg.asked
    switch.percent = 80
    switch.save()
    assert rollout_percent() == 80
    settings.SELF_HOSTED_ROLLOUT_PERCENT = 0
    assert rollout_percent() == 0


def test_a_rollback_without_money_falls_back_to_our_own(
    rembg: Any, removebg: FakeRemoveBg, settings: Any
) -> None:
    settings.SELF_HOSTED_ROLLOUT_PERCENT = 0
    settings.REMOVEBG_DAILY_BUDGET_USD = Decimal(0)
    rembg(GARMENT)
    job = run(shirt_job())
    assert (job.status, job.result["provider"], removebg.asked) == ("done", "rembg", [])


# --- The gate ---


def doubtful(monkeypatch: pytest.MonkeyPatch, confidence: float) -> None:
    """Our own cut-out of art on even ground, trusted this far."""
    rgba = np.zeros((100, 100, 4), np.uint8)
    rgba[20:80, 20:80] = (10, 20, 30, 255)
    own = Cutout(rgba=rgba, method="salient", confidence=confidence, box=(0, 0, 100, 100), components={})
    monkeypatch.setattr(pipeline, "extract_artwork", lambda *args: own)


def art_job() -> Job:
    return shirt_job(mixed(disc(SIDE_PX, (200, 200), 120), (20, 60, 200), (250, 250, 250)))


def test_a_doubtful_cut_out_is_shown_to_remove_bg_and_the_better_is_kept(
    removebg: FakeRemoveBg, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubtful(monkeypatch, 0.2)
    job = run(art_job())
    assert (job.status, job.result["provider"]) == ("done", "removebg")
    assert tuple(cut_out_of(job)[120, 120]) == (20, 60, 200, 255)
    trial = CutoutTrial.objects.get(job_id=job.pk, role="gate")
    assert (trial.kept, trial.cost_usd, trial.score) == (True, Decimal("0.20"), job.result["paidScore"])
    assert multipart(removebg.asked[0])["size"] == b"auto"


def test_a_trusted_one_is_shown_to_nobody(removebg: FakeRemoveBg, monkeypatch: pytest.MonkeyPatch) -> None:
    doubtful(monkeypatch, 0.5)
    assert run(art_job()).status == "done"
    assert removebg.asked == []


@pytest.mark.parametrize("trouble", ["budget", "refusal", "nothing kept", "no key"])
def test_our_own_stays_where_a_paid_one_cannot_be_had(
    removebg: FakeRemoveBg, monkeypatch: pytest.MonkeyPatch, settings: Any, trouble: str
) -> None:
    doubtful(monkeypatch, 0.2)
    job = art_job()
    if trouble == "budget":
        settings.REMOVEBG_DAILY_BUDGET_USD = Decimal("0.19")
    elif trouble == "refusal":
        removebg.failures = [BROKEN]
    elif trouble == "nothing kept":
        removebg.failures = [
            Reply(200, encode_png(np.zeros((9, 9, 4), np.uint8)), {"X-Credits-Charged": "1"})
        ]
    else:
        settings.REMOVEBG_API_KEY = ""
    run(job)
    assert (job.status, job.result["provider"]) == ("done", "salient")
    asset = Asset.objects.get(job=job)
    assert (asset.metadata["confidence"], asset.metadata["needs_review"]) == (0.2, True)
    assert allowances.used("removebg_usd") == (Decimal("0.20") if trouble == "nothing kept" else 0)


# --- Gemini, where somebody has agreed to it ---

DRAWING = mixed(disc(SIDE_PX, (200, 200), 120), (20, 60, 200), (255, 0, 255))


@pytest.fixture
def gemini(settings: Any) -> Iterator[FakeGemini]:
    """A model that draws a blue disc on magenta, a key for it, and consent by the shop's terms."""
    with FakeGemini() as fake:
        fake.drawing(opaque_png(DRAWING))
        settings.GEMINI_API_KEY, settings.GEMINI_API_URL = gemini_double.KEY, fake.url
        settings.GEMINI_PHOTO_CONSENT = True
        gateway.gemini_gateway.cache_clear()
        yield fake
        gateway.gemini_gateway.cache_clear()


def test_the_models_drawing_becomes_the_artwork_and_the_photos_own_is_offered_beside_it(
    gemini: FakeGemini, rembg: Any
) -> None:
    rembg(GARMENT)
    job = run(shirt_job())
    assert (job.status, job.error_message) == ("done", "")
    kinds = {asset.kind: asset for asset in job.assets.all()}
    assert set(kinds) == {"transparent", "alternative"}
    assert (kinds["transparent"].metadata["method"], kinds["alternative"].metadata["method"]) == (
        "colour_key",
        "print",
    )
    rgba = np.asarray(Image.open(io.BytesIO(read_file(public_storage(), kinds["transparent"].public_name))))
    assert tuple(rgba[rgba.shape[0] // 2, rgba.shape[1] // 2]) == (20, 60, 200, 255)
    parts = gemini.sent()["contents"][0]["parts"]
    inline = parts[0].get("inlineData") or parts[0]["inline_data"]
    sent = np.asarray(Image.open(io.BytesIO(base64.urlsafe_b64decode(inline["data"]))))
    assert np.abs(sent.astype(int) - PHOTO).mean() < 12  # the photo itself, but for the JPEG
    assert gemini.sent()["generationConfig"]["imageConfig"] == {"aspectRatio": "1:1", "imageSize": "2K"}


def test_a_drawing_of_something_else_is_reported_as_such(gemini: FakeGemini, rembg: Any) -> None:
    rembg(GARMENT)  # the photo's print is a yellow disc, the drawing's a blue one
    job = run(shirt_job())
    fidelity = job.result["fidelity"]
    assert (fidelity["matches"], "colours" in fidelity["reasons"]) == (False, True)
    assert (fidelity["text"]["checked"], fidelity["text"]["matches"]) == (True, True)  # neither has any
    assert Asset.objects.get(job=job, kind="transparent").metadata["needs_review"] is True


def test_the_drawing_is_paid_for_once_whatever_happens_to_the_attempt(
    gemini: FakeGemini, rembg: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rembg(GARMENT)
    job = shirt_job()
    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "record", lambda *args: 1 / 0)
        assert run(job).status == "queued"
    assert run(job).status == "done"
    assert len(gemini.asked) == 1
    entry = LedgerEntry.objects.get(operation="draw")
    assert entry.cost_usd == Decimal("0.067350")  # 300 tokens in at $0.50 a million, 1,120 out at $60
    assert allowances.used("gemini_drawing_usd") == entry.cost_usd


def test_what_the_model_is_shown_is_written_down_with_its_ground(gemini: FakeGemini, rembg: Any) -> None:
    rembg(GARMENT)
    job = run(shirt_job())
    record = PhotoDisclosure.objects.get()
    assert (record.asset_id, record.job_id) == (job.source_id, job.pk)
    assert (record.recipient, record.ground) == ("Google Gemini", "shop_terms")


def test_a_customers_own_consent_is_enough(gemini: FakeGemini, rembg: Any, settings: Any) -> None:
    settings.GEMINI_PHOTO_CONSENT = False
    rembg(GARMENT)
    job = shirt_job()
    Job.objects.filter(pk=job.pk).update(photo_consent=True)
    run(job)
    assert (job.status, PhotoDisclosure.objects.get().ground) == ("done", "customer")


@pytest.mark.parametrize(("key", "consent"), [("k", False), ("", True), ("", False)])
def test_the_photo_stays_here_without_key_and_consent(
    gemini: FakeGemini, rembg: Any, settings: Any, key: str, consent: bool
) -> None:
    settings.GEMINI_API_KEY, settings.GEMINI_PHOTO_CONSENT = key, consent
    rembg(GARMENT)
    job = run(shirt_job())
    assert (job.status, gemini.asked, PhotoDisclosure.objects.count()) == ("done", [], 0)
    assert Asset.objects.get(job=job).metadata["method"] == "print"


def test_artwork_files_are_never_drawn_again(gemini: FakeGemini, rembg: Any) -> None:
    rembg(GARMENT)
    source = AssetFactory(data=opaque_png(PHOTO), width_px=SIDE_PX, height_px=SIDE_PX)
    assert run(JobFactory(source=source)).status == "done"
    assert gemini.asked == []


def test_a_picture_that_is_cut_out_already_goes_to_nobody(gemini: FakeGemini, rembg: Any) -> None:
    rembg(AssertionError("must not be asked"))
    job = run(JobFactory())
    assert (job.status, gemini.asked) == ("done", [])
    assert Asset.objects.get(job=job).metadata["method"] == "given"


def test_beyond_the_budget_the_photo_itself_is_cut_out(gemini: FakeGemini, rembg: Any, settings: Any) -> None:
    settings.GEMINI_DRAWING_DAILY_BUDGET_USD = Decimal("0.10")
    rembg(GARMENT)
    job = run(shirt_job())
    assert (job.status, gemini.asked, "drawing" in job.result) == ("done", [], False)


@pytest.mark.parametrize("answer", [b"<html>", b"\x89PNG\r\n\x1a\n damaged"], ids=["html", "png"])
def test_a_broken_drawing_is_the_models_fault_and_not_the_customers(
    gemini: FakeGemini, answer: bytes, rembg: Any
) -> None:
    gemini.drawing(answer)
    rembg(GARMENT)
    job = run(shirt_job())
    assert (job.status, job.error_code) == ("queued", "provider_unavailable")
    assert no_result()


def test_an_answer_without_a_picture_is_a_failure_and_never_the_photo(gemini: FakeGemini, rembg: Any) -> None:
    gemini.says("I cannot do that.")
    rembg(GARMENT)
    job = run(shirt_job())
    assert (job.status, job.error_code) == ("failed", "provider_unavailable")
    assert no_result()


def test_five_failures_of_the_model_open_its_circuit(gemini: FakeGemini, rembg: Any) -> None:
    gemini.failures = [gemini_double.error(503, "UNAVAILABLE")] * 9
    rembg(GARMENT)
    for _ in range(7):
        run(shirt_job())
    assert len(gemini.asked) == 5
    assert image_model().state() == "open"


# --- What goes wrong around it ---


def test_a_store_that_is_down_is_tried_again_soon(rembg: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rembg(GARMENT)
    job = shirt_job()

    def full(storage: Any, name: str, data: bytes) -> str:
        raise OSError("no space left for /secret/path")

    with monkeypatch.context() as broken:
        broken.setattr(files, "write_file", full)
        run(job)
    assert (job.status, job.error_code, job.lease_token) == ("queued", "provider_unavailable", None)
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
    do = pipeline._do

    def slow_then_broken(own: Job, *rest: Any) -> Any:
        monkeypatch.setattr(pipeline, "_do", do)
        Job.objects.filter(pk=own.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        pipeline.run(str(own.pk))
        raise ProviderError("late", provider="rembg", retryable=False)

    monkeypatch.setattr(pipeline, "_do", slow_then_broken)
    run(job)
    assert (job.status, job.error_code, job.attempts) == ("done", "", 2)
    assert Asset.objects.filter(job=job).count() == 1
