"""CONTRACT 1.9-1.11, 1.21-1.23, 6: uploads, and the jobs that the pages poll."""

import hashlib
import io
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.utils import timezone
from PIL import Image

from accounts.models import User
from demo.storefront import Json, Storefront, progress_percent
from tests.contracts.expectations import (
    A_COUNT,
    A_LIST,
    A_RANDOM_ID,
    A_TEXT,
    A_TIME,
    AN_OBJECT,
    UNKNOWN_ID,
    assert_has,
    assert_readable_by_the_page,
    assert_refused,
    data_of,
    nothing_changes,
)
from uploads.cutout.pipeline import run
from uploads.models import Asset, Job

FILE, PHOTO = "/api/uploads/file", "/api/uploads/shirt-photo"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def jpeg(width_px: int = 60, height_px: int = 40) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width_px, height_px), (90, 140, 60)).save(file, "JPEG")
    return file.getvalue()


def post(browser: Storefront, path: str, name: str, data: bytes, content_type: str) -> Any:
    return browser.call("POST", path, files={"file": (name, data, content_type)})


def job_of(browser: Storefront, job_id: str) -> Json:
    """A polled job: at the top level of the body, not in `data`."""
    answer = browser.call("GET", f"/api/jobs/{job_id}")
    assert answer.status_code == 200, answer.text
    assert_readable_by_the_page(answer)
    body = answer.json()
    assert body["success"] is True and "data" not in body
    job: Json = body["job"]
    return job


@pytest.fixture
def job_id(guest: Storefront, art_png: bytes) -> str:
    """The job of a picture that is transparent already, which needs no network to be cut out."""
    uploaded = data_of(post(guest, PHOTO, "shirt.png", art_png, "image/png"), 201)["jobId"]
    return str(uploaded)


# --- Files -----------------------------------------------------------------------------------------------------------


def test_an_uploaded_file_has_every_field(guest: Storefront, art_png: bytes) -> None:
    asset = data_of(post(guest, FILE, "art.png", art_png, "image/png"), 201)["asset"]

    assert_has(asset, id=A_RANDOM_ID, owner_type="customer", owner_id=None, kind="upload", job_id=None)
    assert_has(asset, file_type="image/png", file_size=len(art_png), original_name="art.png")
    assert_has(asset, hash=hashlib.sha256(art_png).hexdigest(), width=40, height=30, dpi=None)
    assert_has(asset, metadata=AN_OBJECT, created_at=A_TIME, updated_at=A_TIME)
    assert asset["file_url"].startswith("/uploads/")


def test_a_users_file_names_its_owner(customer: Storefront, customer_user: User, art_png: bytes) -> None:
    asset = data_of(post(customer, FILE, "art.png", art_png, "image/png"), 201)["asset"]

    assert asset["owner_id"] == str(customer_user.pk)


def test_a_transparent_picture_comes_back_with_its_pixels(guest: Storefront, art_png: bytes) -> None:
    asset = guest.upload_file("art.png", art_png, "image/png")

    returned = Image.open(io.BytesIO(guest.file(asset["file_url"])))

    assert returned.format == "PNG"
    assert np.array_equal(np.asarray(returned), np.asarray(Image.open(io.BytesIO(art_png))))


def test_the_thumbnail_of_a_design_is_an_ordinary_file(customer: Storefront, art_png: bytes) -> None:
    asset = customer.upload_file("thumbnail.png", art_png, "image/png")

    assert asset["file_url"] and asset["id"]


@pytest.mark.parametrize("path", [FILE, PHOTO])
def test_no_file_is_named(guest: Storefront, path: str) -> None:
    for files in ({"photo": ("a.png", b"x", "image/png")}, {"other": (None, "text")}):
        with nothing_changes():
            assert_refused(guest.call("POST", path, files=files), 400, "No file provided")


@pytest.mark.parametrize(
    ("name", "data", "content_type"),
    [
        ("art.svg", SVG, "image/svg+xml"),
        ("art.png", SVG, "image/png"),
        ("art.pdf", PDF, "application/pdf"),
        ("page.html", b"<html></html>", "image/png"),
        ("notes.txt", b"hello", "text/plain"),
        ("empty.png", b"", "image/png"),
    ],
)
def test_what_is_no_picture_is_refused_whatever_it_claims_to_be(
    guest: Storefront, name: str, data: bytes, content_type: str
) -> None:
    with nothing_changes():
        answer = post(guest, FILE, name, data, content_type)

    assert answer.status_code == 400
    assert answer.json()["message"] == A_TEXT


def test_the_refusal_of_a_type_begins_with_the_storefronts_words(guest: Storefront) -> None:
    answer = post(guest, FILE, "art.svg", SVG, "image/svg+xml")

    assert answer.json()["message"].startswith("Invalid file type")


def test_a_truncated_picture_is_refused(guest: Storefront, art_png: bytes) -> None:
    with nothing_changes():
        answer = post(guest, FILE, "art.png", art_png[: len(art_png) // 2], "image/png")

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("path", "limit_bytes", "message"),
    [
        (FILE, 10 * 1024 * 1024, "File too large. Maximum size is 10MB"),
        (PHOTO, 25 * 1024 * 1024, "File too large. Maximum size is 25MB"),
    ],
)
def test_the_largest_file_and_the_next_byte(
    guest: Storefront, path: str, limit_bytes: int, message: str
) -> None:
    # What follows a JPEG's end is ignored by every reader, so a small picture can be as large as we like.
    exact = jpeg().ljust(limit_bytes, b"\0")

    assert post(guest, path, "a.jpg", exact, "image/jpeg").status_code == 201
    with nothing_changes():
        assert_refused(post(guest, path, "a.jpg", exact + b"\0", "image/jpeg"), 400, message)
        assert_refused(post(guest, path, "a.jpg", exact + bytes(2**20), "image/jpeg"), 400, message)


def test_a_signed_url_is_the_upload_endpoint(guest: Storefront) -> None:
    body = {"filename": "art.png", "filetype": "image/png"}

    data = data_of(guest.call("POST", "/api/uploads/signed-url", json=body))

    assert_has(data, upload_url="/api/uploads/file", message=A_TEXT)


@pytest.mark.parametrize("missing", ["filename", "filetype"])
def test_a_signed_url_needs_name_and_type(guest: Storefront, missing: str) -> None:
    body = {"filename": "art.png", "filetype": "image/png"}
    del body[missing]

    answer = guest.call("POST", "/api/uploads/signed-url", json=body)

    assert (answer.status_code, answer.json()["message"]) == (400, A_TEXT)


# --- Shirt photos and jobs -------------------------------------------------------------------------------------------


def test_a_shirt_photo_is_answered_with_its_job(guest: Storefront) -> None:
    data = data_of(post(guest, PHOTO, "shirt.jpg", jpeg(), "image/jpeg"), 201)

    assert_has(data, asset=AN_OBJECT, jobId=A_RANDOM_ID, message=A_TEXT)
    assert_has(data["asset"], owner_type="shirt_upload", file_type="image/jpeg", width=60, height=40)


@pytest.mark.parametrize(
    ("name", "kind"), [("shirt.webp", "WEBP"), ("shirt.gif", "GIF"), ("shirt.bmp", "BMP")]
)
def test_a_shirt_photo_is_jpeg_or_png(guest: Storefront, name: str, kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (20, 20), (1, 2, 3)).save(file, kind)

    with nothing_changes():
        assert_refused(
            post(guest, PHOTO, name, file.getvalue(), "image/jpeg"),
            400,
            "Invalid file type. Please upload JPG or PNG",
        )


def test_a_queued_job(guest: Storefront, job_id: str) -> None:
    job = job_of(guest, job_id)

    assert_has(job, id=job_id, status="queued", logs="Job created", errorMessage=None, assets=None)
    assert_has(job, createdAt=A_TIME, updatedAt=A_TIME, completedAt=None, resultData=AN_OBJECT)


@pytest.mark.parametrize(
    ("step", "percent"),
    [("created", 10), ("starting", 10), ("extract", 35), ("background", 60), ("dpi", 80), ("verify", 95)],
)
def test_each_step_moves_the_progress_bar_where_it_belongs(
    guest: Storefront, job_id: str, step: str, percent: int
) -> None:
    """`logs` is the current step alone: a later text must not contain the words of an earlier step."""
    Job.objects.filter(pk=job_id).update(status="running", step=step)

    assert progress_percent(job_of(guest, job_id)) == percent


def test_a_finished_job(guest: Storefront, job_id: str) -> None:
    run(job_id)

    job = job_of(guest, job_id)

    assert_has(job, status="done", errorMessage=None, completedAt=A_TIME, assets=A_LIST)
    (asset,) = job["assets"]
    assert_has(asset, id=A_RANDOM_ID, kind="transparent", width=A_COUNT, height=A_COUNT, dpi=300)
    assert_has(job["resultData"], transparentAssetId=asset["id"], originalAssetId=A_RANDOM_ID)
    assert_has(job["resultData"]["metadata"], width=asset["width"], height=asset["height"], format="png")
    assert guest.file(asset["file_url"]).startswith(b"\x89PNG")


def test_a_job_that_failed_for_good_is_failed_with_a_reason(guest: Storefront, job_id: str) -> None:
    """The page polls for ever on `error`; it shows `errorMessage` on `failed`."""
    Job.claim(job_id).fail("no_artwork", "No artwork was found on this photo.", retryable=False)

    assert_has(
        job_of(guest, job_id),
        status="failed",
        errorMessage="No artwork was found on this photo.",
        completedAt=A_TIME,
        assets=None,
    )


def test_a_job_that_will_be_tried_again_has_not_failed(guest: Storefront, job_id: str) -> None:
    """The page stops at the first `failed`, so a job becomes that after its last attempt only."""
    seen = []
    for _ in range(3):
        Job.objects.filter(pk=job_id).update(available_at=timezone.now() - timedelta(seconds=1))
        Job.claim(job_id).fail("provider_unavailable", "Please try again.", retryable=True)
        job = job_of(guest, job_id)
        seen.append((job["status"], job["errorMessage"], job["completedAt"] is not None))

    assert seen == [("queued", None, False), ("queued", None, False), ("failed", "Please try again.", True)]


def test_the_jobs_id_is_all_that_is_needed_to_poll(
    guest: Storefront, customer: Storefront, stranger: Storefront, art_png: bytes
) -> None:
    """A page resumes polling after a reload, also after a login, with nothing but the id."""
    own = data_of(post(customer, PHOTO, "shirt.png", art_png, "image/png"), 201)["jobId"]

    for browser in (guest, customer, stranger):
        assert job_of(browser, own)["status"] == "queued"


@pytest.mark.parametrize("job_id", [UNKNOWN_ID, "abc", "1", "null", "undefined", "%00", "ü"])
def test_an_unknown_job_is_404_with_a_message(guest: Storefront, job_id: str) -> None:
    answer = guest.call("GET", f"/api/jobs/{job_id}")

    assert answer.status_code == 404
    if job_id != "%00":
        assert_refused(answer, 404, "Job not found")


def test_a_poll_is_never_answered_from_a_cache(guest: Storefront, job_id: str) -> None:
    assert guest.call("GET", f"/api/jobs/{job_id}").headers["Cache-Control"] == "no-store"


def test_starting_a_job_takes_an_asset_and_never_a_path(guest: Storefront, art: Json) -> None:
    body = {"uploadAssetId": art["id"], "filePath": "/etc/passwd"}

    answer = guest.call("POST", "/api/jobs/start", json=body)

    assert answer.status_code == 201
    assert_has(answer.json(), success=True, jobId=A_RANDOM_ID, message=A_TEXT)
    assert str(Job.objects.get(pk=answer.json()["jobId"]).source_id) == art["id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"filePath": "/etc/passwd"}, 400),
        ({"uploadAssetId": "../../etc/passwd"}, 400),
        ({"uploadAssetId": UNKNOWN_ID}, 422),
    ],
    ids=str,
)
def test_a_job_without_an_asset_is_not_started(guest: Storefront, body: Json, status: int) -> None:
    with nothing_changes():
        answer = guest.call("POST", "/api/jobs/start", json=body)

    assert answer.status_code == status
    assert answer.json()["message"] == A_TEXT


def test_a_job_on_another_customers_picture_is_not_started(
    customer: Storefront, stranger: Storefront, art_png: bytes
) -> None:
    owned = customer.upload_file("mine.png", art_png, "image/png")

    with nothing_changes():
        answer = stranger.call("POST", "/api/jobs/start", json={"uploadAssetId": owned["id"]})

    assert answer.status_code == 422


def test_a_user_sees_his_own_jobs(customer: Storefront, stranger: Storefront, art_png: bytes) -> None:
    own = data_of(post(customer, PHOTO, "shirt.png", art_png, "image/png"), 201)["jobId"]

    answer = customer.call("GET", "/api/jobs")

    assert answer.status_code == 200
    (job,) = answer.json()["jobs"]
    assert_has(job, id=own, status="queued", created_at=A_TIME, updated_at=A_TIME, completed_at=None)
    assert stranger.call("GET", "/api/jobs").json()["jobs"] == []


def test_the_list_of_jobs_needs_a_user(guest: Storefront) -> None:
    assert_refused(guest.call("GET", "/api/jobs"), 401, "Authentication required - no token provided")


@pytest.mark.parametrize("path", [FILE, PHOTO])
def test_a_guest_with_a_bad_token_can_still_upload(guest: Storefront, path: str) -> None:
    guest.token = "expired.or.garbage"

    asset = data_of(post(guest, path, "a.jpg", jpeg(), "image/jpeg"), 201)["asset"]

    assert Asset.objects.get(pk=asset["id"]).owner_id is None


def test_originals_are_not_below_the_public_address(guest: Storefront, art: Json) -> None:
    original = Asset.objects.get(pk=art["id"]).original_file

    for path in (f"/uploads/{original}", f"/uploads/{original.split('/')[-1]}"):
        assert guest.call("GET", path).status_code == 404
    assert (settings.VAR_DIR / "files" / "private" / original).exists()
