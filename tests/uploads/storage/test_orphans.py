"""What nobody needs goes; what an order, a design or an account has does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as shop
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import User
from common.storage import area_storage, private_storage, public_storage
from demo.storefront import Json, Storefront
from designs.models import Design
from ops.orphans import stores_clean, uploads_expire
from orders.models import LineArtwork
from products.models import Product
from tests.contracts.baskets import order_body, tee
from tests.uploads.storage.shop import names_of, stray_file, upload
from uploads.models import Asset, DerivativeWork, Job
from uploads.storage.moving import located

pytestmark = pytest.mark.django_db

LATER = timedelta(days=91)


@pytest.fixture(autouse=True)
def own_files(files_home: Any) -> None:
    """No file of another test is in the way."""


def exist(names: Any) -> list[bool]:
    private = [private_storage().exists(name) for name in names.private]
    return private + [public_storage().exists(name) for name in names.public]


def expire() -> int:
    return uploads_expire(now=timezone.now() + LATER)


def test_an_abandoned_upload_goes_with_all_its_files() -> None:
    asset = upload(1)
    names = names_of(asset)
    assert uploads_expire(now=timezone.now() + shop.GUEST_UPLOAD_LIFETIME - timedelta(hours=1)) == 0
    assert all(exist(names))
    assert expire() == 1
    assert not any(exist(names)) and len(exist(names)) > 3
    assert Asset.objects.count() == DerivativeWork.objects.count() == 0
    assert expire() == 0


def cut_out_of(photo: Asset) -> Asset:
    job = Job.objects.create(source=photo, status=Job.Status.DONE)
    result = upload(50)
    Asset.objects.filter(pk=result.pk).update(job=job, kind=Asset.Kind.TRANSPARENT)
    return result


def test_a_photo_goes_with_its_job_and_its_cut_out() -> None:
    photo = upload(1)
    result = cut_out_of(photo)
    further = cut_out_of(result)
    names = names_of(photo, result, further)
    assert expire() == 1
    assert not any(exist(names))
    assert Asset.objects.count() == Job.objects.count() == 0


def test_a_photo_whose_job_is_not_done_stays() -> None:
    photo = upload(1)
    Job.objects.create(source=photo)
    assert expire() == 0
    assert all(exist(names_of(photo)))


def user() -> User:
    return User.objects.create_user("ada@example.com", None, name="Ada")


def test_what_an_account_has_stays() -> None:
    asset = upload(1, owner=user())
    assert expire() == 0
    assert all(exist(names_of(asset)))


def test_a_photo_stays_while_an_account_has_its_cut_out() -> None:
    photo = upload(1)
    result = cut_out_of(photo)
    Asset.objects.filter(pk=result.pk).update(owner=user())
    assert expire() == 0
    assert all(exist(names_of(photo, result)))


def design(thumbnail: Asset, catalogue: None) -> Design:
    product = Product.objects.first()
    assert product is not None
    return Design.objects.create(
        user=user(), name="Mine", product=product, design_data={}, thumbnail_url=thumbnail.file_url
    )


def test_the_thumbnail_and_the_artwork_of_a_design_stay(catalogue: None) -> None:
    thumbnail, artwork = upload(1), upload(2)
    upload(3)
    saved = design(thumbnail, catalogue)
    saved.artworks.create(asset=artwork, position=0)
    assert expire() == 1
    assert set(Asset.objects.all()) == {thumbnail, artwork}
    assert all(exist(names_of(thumbnail, artwork)))
    saved.delete()
    assert expire() == 2


def test_nothing_that_an_order_uses_can_be_deleted(guest: Storefront, art: Json) -> None:
    guest.json("POST", "/api/orders/create", json=order_body(tee(art)))
    asset = Asset.objects.get(pk=art["id"])
    assert asset.owner_id is None and LineArtwork.objects.filter(asset=asset).exists()
    assert expire() == 0
    assert all(exist(names_of(asset)))


def test_an_upload_that_is_ordered_in_this_very_moment_stays(
    guest: Storefront,
    art: Json,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The order's row comes between our look and our deletion: its foreign key must hold the asset."""
    from ops import orphans

    guest.json("POST", "/api/orders/create", json=order_body(tee(art)))
    monkeypatch.setattr(orphans, "expired_uploads", lambda now: Asset.objects.order_by("created_at"))
    monkeypatch.setattr(orphans, "_is_used", lambda assets: False)
    assert expire() == 0
    assert all(exist(names_of(Asset.objects.get(pk=art["id"]))))


@pytest.mark.parametrize("area", ["private", "public"])
def test_a_file_without_a_row_goes_after_a_day(area: str) -> None:
    asset = upload(1)
    name = stray_file(area)
    assert stores_clean(now=timezone.now() + timedelta(hours=23)) == 0
    assert area_storage(area).exists(name)
    assert stores_clean(now=timezone.now() + timedelta(hours=25)) == 1
    assert not area_storage(area).exists(name)
    assert all(exist(names_of(asset)))


def test_a_file_whose_row_came_in_the_meantime_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    from ops import orphans

    asset = upload(1)
    listed = [("private", asset.original_file), ("public", asset.public_name)]
    monkeypatch.setattr(orphans, "unreferenced_files", lambda now: listed)
    assert stores_clean() == 0
    assert all(exist(names_of(asset)))


@pytest.mark.production
def test_strays_of_both_stores_go(target: Any) -> None:
    name = stray_file("public")
    assert located("public").home.exists(name)
    located("public").target.save("another-stray-file.png", ContentFile(b"stray"))
    assert stores_clean(now=timezone.now() + timedelta(hours=25)) == 2
    assert located("public").listdir("") == ([], [])
