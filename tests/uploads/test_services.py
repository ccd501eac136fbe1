"""What customers send stays whole and theirs."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from PIL import Image, PngImagePlugin

from accounts.models import User
from common.errors import Unprocessable
from common.storage import private_storage, public_storage, read_file
from tests.factories import AssetFactory, JobFactory, UserFactory
from uploads.cutout.tasks import run_job
from uploads.models import Asset
from uploads.services import UploadRejected, asset_create, asset_use, job_create

pytestmark = pytest.mark.django_db


def take(data: bytes, *, owner: User | None = None) -> Asset:
    return asset_create(
        data,
        original_name="art.png",
        owner=owner,
        owner_type=Asset.OwnerType.CUSTOMER,
        allowed_types=("image/png", "image/jpeg", "image/webp"),
        refusal="Invalid file type.",
    )


def rgba_png() -> tuple[np.ndarray, bytes]:
    rgba = np.random.default_rng(1).integers(0, 256, (50, 70, 4), dtype=np.uint8)
    rgba[:10, :, 3] = 0
    rgba[rgba[..., 3] == 0] = 0
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG")
    return rgba, file.getvalue()


def test_the_original_is_kept_byte_for_byte_and_the_derivative_pixel_for_pixel() -> None:
    rgba, data = rgba_png()
    asset = take(data)
    assert read_file(private_storage(), asset.original_file) == data
    assert asset.sha256 == hashlib.sha256(data).hexdigest()
    shown = Image.open(io.BytesIO(read_file(public_storage(), asset.public_name)))
    assert np.array_equal(np.asarray(shown), rgba)
    assert (asset.width_px, asset.height_px, asset.file_size) == (70, 50, len(data))


def test_a_phone_photo_is_turned_and_its_place_forgotten() -> None:
    picture = Image.new("RGB", (60, 40), (10, 200, 30))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    file = io.BytesIO()
    picture.save(file, "JPEG", exif=exif)
    asset = take(file.getvalue())
    shown = Image.open(io.BytesIO(read_file(public_storage(), asset.public_name)))
    assert shown.size == (40, 60) == (asset.width_px, asset.height_px)
    assert not shown.getexif() and b"Exif" not in read_file(public_storage(), asset.public_name)
    assert b"Exif" in read_file(private_storage(), asset.original_file)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_type"),
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n", "unreadable"),
    ],
)
def test_what_is_no_picture_is_refused_and_not_stored(data: bytes, code: str) -> None:
    with pytest.raises(UploadRejected) as refusal:
        take(data)
    assert refusal.value.code == code
    assert Asset.objects.count() == 0


def test_an_account_claims_a_guests_asset_at_its_first_use_and_keeps_it() -> None:
    asset = take(rgba_png()[1])
    ada = User.objects.create_user("ada@example.com", None, name="Ada")
    eve = User.objects.create_user("eve@example.com", None, name="Eve")
    assert asset_use(asset.pk, user=None).owner_id is None
    assert asset_use(asset.pk, user=ada).owner_id == ada.pk
    for stranger in (eve, None):
        with pytest.raises(Unprocessable) as refusal:
            asset_use(asset.pk, user=stranger)
        with pytest.raises(Unprocessable) as unknown:
            asset_use(uuid4(), user=stranger)
        assert refusal.value.message == unknown.value.message
    assert asset_use(asset.pk, user=ada).owner_id == ada.pk


def picture_with_metadata(kind: str) -> bytes:
    """A picture that says who took it where, in every way that its format has."""
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[2] = (40.0, 26.0, 46.0)
    options: dict[str, object] = {"exif": exif}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Author", "SecretAda")
        text.add_itxt("XML:com.adobe.xmp", "<x>SecretPlace</x>")
        options["pnginfo"] = text
    else:
        options["xmp"] = b"<x>SecretPlace</x>"
    if kind == "JPEG":
        options["comment"] = b"SecretAda"
    file = io.BytesIO()
    Image.new("RGB", (30, 20), (10, 200, 30)).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_derivative_tells_nothing_but_the_picture(kind: str) -> None:
    data = picture_with_metadata(kind)
    asset = take(data)
    shown = read_file(public_storage(), asset.public_name)
    assert b"Secret" in data and read_file(private_storage(), asset.original_file) == data
    assert b"Secret" not in shown
    opened = Image.open(io.BytesIO(shown))
    assert not opened.getexif() and "xmp" not in opened.info and "comment" not in opened.info
    assert opened.size == (30, 20)


@pytest.mark.parametrize(
    ("kind", "public_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/png")]
)
def test_the_derivatives_type_is_what_its_bytes_are(kind: str, public_type: str) -> None:
    asset = take(picture_with_metadata(kind))
    shown = Image.open(io.BytesIO(read_file(public_storage(), asset.public_name)))
    assert (asset.public_file_type, Image.MIME[str(shown.format)]) == (public_type, public_type)
    assert asset.public_name.endswith({"image/png": ".png", "image/jpeg": ".jpg"}[public_type])


def test_alpha_survives_a_lossless_webp() -> None:
    rgba, _ = rgba_png()
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "WEBP", lossless=True, exact=True)
    asset = take(file.getvalue())
    shown = Image.open(io.BytesIO(read_file(public_storage(), asset.public_name)))
    assert np.array_equal(np.asarray(shown), rgba)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\art.png", "art.png"),
        ("x" * 400, "x" * 255),
        ("", "upload"),
        ("fox.png\r\nX-Evil: 1", "fox.pngX-Evil: 1"),
    ],
)
def test_the_clients_file_name_is_a_text_and_names_no_file(name: str, kept: str) -> None:
    asset = asset_create(
        rgba_png()[1],
        original_name=name,
        owner=None,
        owner_type=Asset.OwnerType.CUSTOMER,
        allowed_types=("image/png",),
        refusal="no",
    )
    asset.refresh_from_db()
    assert asset.original_name == kept
    assert re.fullmatch(r"originals/[A-Za-z0-9_-]{27}\.png", asset.original_file)
    assert re.fullmatch(r"[0-9a-f]{40}\.png", asset.public_name)
    assert asset.file_url == f"/uploads/{asset.public_name}"


def test_the_same_picture_twice_is_two_assets_with_names_of_their_own() -> None:
    """Otherwise whoever has a picture could find out who else has, and delete it for both."""
    first, second = take(rgba_png()[1]), take(rgba_png()[1])
    assert first.sha256 == second.sha256
    assert first.public_name != second.public_name and first.original_file != second.original_file


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM"])
def test_a_type_that_is_not_taken_is_refused_in_the_callers_words(kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (32, 32)).save(file, kind)
    with pytest.raises(UploadRejected) as refusal:
        take(file.getvalue())
    assert (refusal.value.message, refusal.value.code) == ("Invalid file type.", "unsupported_type")
    assert (refusal.value.status, Asset.objects.count()) == (400, 0)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(settings: Any) -> None:
    settings.UPLOAD_MAX_PIXELS = 1000
    with pytest.raises(UploadRejected) as refusal:
        take(rgba_png()[1])
    assert refusal.value.code == "too_many_pixels"
    assert Asset.objects.count() == 0


def test_a_job_is_queued_with_its_source_and_rung_for_after_the_commit(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    rung: list[dict[str, Any]] = []
    monkeypatch.setattr(run_job, "apply_async", lambda **options: rung.append(options["kwargs"]))
    source, ada = AssetFactory(), UserFactory()
    with django_capture_on_commit_callbacks(execute=True):
        job = job_create(source, user=ada)
        assert rung == []
    assert rung == [{"job_id": str(job.pk)}]
    assert (job.status, job.step, job.source, job.user) == ("queued", "created", source, ada)


def test_a_job_leaves_no_two_results() -> None:
    job = JobFactory()
    AssetFactory(job=job, kind=Asset.Kind.TRANSPARENT)
    with pytest.raises(IntegrityError), transaction.atomic():
        AssetFactory(job=job, kind=Asset.Kind.TRANSPARENT)
    AssetFactory.create_batch(2, job=None, kind=Asset.Kind.TRANSPARENT)
    assert Asset.objects.filter(job=job).count() == 1


@pytest.mark.parametrize("side", ["width_px", "height_px"])
def test_an_asset_has_pixels(side: str) -> None:
    asset = AssetFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Asset.objects.filter(pk=asset.pk).update(**{side: 0})
    asset.refresh_from_db()
    assert (asset.width_px, asset.height_px) == (40, 30)


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_of_two_accounts_that_claim_one_asset_one_gets_it() -> None:
    asset, people = AssetFactory(), UserFactory.create_batch(6)
    barrier, got = threading.Barrier(len(people)), []

    def claim(user: User) -> None:
        barrier.wait()
        try:
            asset_use(asset.pk, user=user)
            got.append(user.pk)
        except Unprocessable as refusal:
            assert refusal.code == "asset_not_found"
        finally:
            connection.close()

    threads = [threading.Thread(target=claim, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asset.refresh_from_db()
    assert got == [asset.owner_id]
