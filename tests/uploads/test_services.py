"""What customers send stays whole and theirs."""

from __future__ import annotations

import hashlib
import io
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image

from accounts.models import User
from common.errors import Unprocessable
from common.storage import private_storage, public_storage, read_file
from uploads.models import Asset
from uploads.services import UploadRejected, asset_create, asset_use

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
