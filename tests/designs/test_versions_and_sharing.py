"""Versions can be restored, links can be ended, thumbnails are the owner's or the server's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import ProtectedError

from accounts.models import User
from common.errors import NotFound, Unprocessable
from common.storage import public_storage
from designs import services
from designs.models import Design, DesignVersion, Mockup
from designs.selectors import version_of, versions_of
from products.models import Product
from tests.contracts.expectations import nothing_changes
from tests.factories import AssetFactory, UserFactory

pytestmark = pytest.mark.django_db
POSITION = {"x": 150.0, "y": 160.0, "scaleX": 0.5, "scaleY": 0.5, "rotation": 0}


@pytest.fixture
def ada(catalogue: None) -> User:
    return UserFactory()


def body(*artworks: Any, **changes: Any) -> dict[str, Any]:
    tee = Product.objects.get(slug="classic-tee")
    found = {
        "name": "My fox",
        "productId": tee.pk,
        "designData": {"front": [POSITION] * len(artworks), "selectedColor": "Navy"},
        "artworkIds": [artwork.pk for artwork in artworks],
    }
    return found | changes


def test_every_change_of_the_look_is_a_version_and_an_equal_save_is_none(ada: User) -> None:
    fox, owl = AssetFactory(), AssetFactory(width_px=60)
    design = services.design_create(ada, body(fox))
    services.design_update(ada, str(design.pk), body(fox))
    services.design_update(ada, str(design.pk), {"notes": "for Sunday"})
    assert list(design.versions.values_list("number", "name")) == [(1, "My fox")]

    changed = services.design_update(ada, str(design.pk), body(owl, name="My owl"))
    assert list(design.versions.values_list("number", "name")) == [(2, "My owl"), (1, "My fox")]
    assert changed.design_hash != design.design_hash


def test_an_old_version_comes_back_as_the_newest(ada: User) -> None:
    fox, owl = AssetFactory(), AssetFactory(width_px=60)
    design = services.design_create(ada, body(fox))
    services.design_update(ada, str(design.pk), body(owl, owl, name="My owls"))

    restored = services.design_restore(ada, str(design.pk), 1)

    assert (restored.name, [a.asset_id for a in restored.artworks.all()]) == ("My fox", [fox.pk])
    assert restored.design_data == body(fox)["designData"]
    assert restored.design_hash == design.design_hash
    numbers = [version.number for version in versions_of(restored)]
    assert numbers == [3, 2, 1]


def test_an_artwork_of_an_old_version_cannot_vanish(ada: User) -> None:
    fox, owl = AssetFactory(), AssetFactory()
    design = services.design_create(ada, body(fox))
    services.design_update(ada, str(design.pk), body(owl))
    with pytest.raises(ProtectedError):
        fox.delete()
    services.design_delete(ada, str(design.pk))
    fox.delete()
    assert DesignVersion.objects.count() == 0


def test_the_oldest_of_too_many_versions_go(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MAX_VERSIONS", 3)
    design = services.design_create(ada, body())
    for number in range(4):
        services.design_update(ada, str(design.pk), {"name": f"Name {number}"})
    assert list(design.versions.values_list("number", flat=True)) == [5, 4, 3]
    with nothing_changes(), pytest.raises(NotFound, match="Version not found"):
        services.design_restore(ada, str(design.pk), 1)
    with pytest.raises(NotFound):
        version_of(design, 99)


def test_strangers_neither_restore_nor_share(ada: User) -> None:
    design, eve = services.design_create(ada, body()), UserFactory()
    for act in (services.design_share, services.design_unshare):
        with nothing_changes(), pytest.raises(NotFound, match="Design not found"):
            act(eve, str(design.pk))
    with nothing_changes(), pytest.raises(NotFound, match="Design not found"):
        services.design_restore(eve, str(design.pk), 1)


def test_a_link_opens_until_it_is_ended(ada: User) -> None:
    design = services.design_create(ada, body())
    token = services.design_share(ada, str(design.pk))
    assert services.design_share(ada, str(design.pk)).split(":")[0] == token.split(":")[0], "one key for all"
    assert services.design_shared(token) == design
    services.design_unshare(ada, str(design.pk))
    with pytest.raises(NotFound, match="not valid"):
        services.design_shared(token)
    renewed = services.design_share(ada, str(design.pk))
    assert services.design_shared(renewed) == design
    with pytest.raises(NotFound):
        services.design_shared(token)


def test_an_altered_expired_or_foreign_link_opens_nothing(ada: User, settings: Any) -> None:
    design = services.design_create(ada, body())
    token = services.design_share(ada, str(design.pk))
    for wrong in (
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        "",
        "x",
        f"{uuid4()}:x:y",
        token.swapcase(),
    ):
        with pytest.raises(NotFound):
            services.design_shared(wrong)
    settings.DESIGN_SHARE_MAX_AGE = timedelta(seconds=-1)
    with pytest.raises(NotFound):
        services.design_shared(token)


def test_a_foreign_or_invented_thumbnail_is_refused(ada: User) -> None:
    eves = AssetFactory(owner=UserFactory())
    for url in (eves.file_url, "/uploads/AAAAAAAAAAAAAAAAAAAAAAAAAAA.png"):
        with nothing_changes(), pytest.raises(Unprocessable):
            services.design_create(ada, body(thumbnailUrl=url))
    own = AssetFactory()
    design = services.design_create(ada, body(thumbnailUrl=own.file_url))
    own.refresh_from_db()
    assert (design.shown_thumbnail, own.owner) == (own.file_url, ada)
    with pytest.raises(ProtectedError):
        own.delete()
    with nothing_changes(), pytest.raises(Unprocessable):
        services.design_update(ada, str(design.pk), {"thumbnailUrl": eves.file_url})


def test_a_design_without_a_picture_gets_one_from_the_server(ada: User) -> None:
    from designs.mockups.painter import paint

    design = services.design_create(ada, body(AssetFactory()))
    assert design.shown_thumbnail == ""
    for mockup in Mockup.objects.all():
        paint(str(mockup.pk))
    design.refresh_from_db()
    front = Mockup.objects.get(view="front")
    assert design.shown_thumbnail == front.thumbnail_url
    assert design.thumbnail_side == "front #1f2a44"

    again = services.design_update(ada, str(design.pk), {"name": "Renamed"})
    assert again.shown_thumbnail == front.thumbnail_url, "the same look keeps its picture"
    moved = services.design_update(ada, str(design.pk), body(AssetFactory(width_px=70)))
    assert moved.shown_thumbnail == "", "the picture of another look is none of this one"


def test_the_pictures_of_a_deleted_design_go_unless_another_shows_them(
    ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    from designs.mockups.painter import paint

    art = AssetFactory()
    first, second = services.design_create(ada, body(art)), services.design_create(ada, body(art))
    assert first.design_hash == second.design_hash
    for mockup in Mockup.objects.all():
        paint(str(mockup.pk))
    names = list(Mockup.objects.values_list("file_name", flat=True))
    assert len(names) == 2
    services.design_delete(ada, str(first.pk))
    assert Mockup.objects.count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        services.design_delete(ada, str(second.pk))
    assert (Mockup.objects.count(), Design.objects.count()) == (0, 0)
    assert not any(public_storage().exists(name) for name in names)
