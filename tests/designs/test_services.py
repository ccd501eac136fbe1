"""A design holds its own artworks, and a refusal leaves everything as it was."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from common.errors import NotFound, Unprocessable
from designs import services
from designs.models import Design, DesignArtwork
from designs.selectors import design_of, designs_of
from designs.serializers import DesignSerializer
from products.models import Product
from tests.contracts.expectations import nothing_changes
from tests.factories import AssetFactory, DesignFactory, ProductFactory, UserFactory, VariantFactory
from uploads.models import Asset

pytestmark = pytest.mark.django_db


def data(*artworks: Asset, product: Product | None = None, **changes: Any) -> dict[str, Any]:
    """A validated body that places the artworks on the front."""
    body = {
        "name": "My fox",
        "productId": (product or ProductFactory()).pk,
        "designData": {"front": [None] * len(artworks), "back": [], "neck": []},
        "artworkIds": [artwork.pk for artwork in artworks],
    }
    return body | changes


def artwork_ids(design: Design) -> list[UUID]:
    return list(
        DesignArtwork.objects.filter(design=design).order_by("position").values_list("asset", flat=True)
    )


@pytest.fixture
def ada() -> User:
    return UserFactory()


def test_artworks_keep_their_order_and_may_come_twice(ada: User) -> None:
    fox, owl = AssetFactory(), AssetFactory()
    design = services.design_create(ada, data(owl, fox, owl))
    assert artwork_ids(design) == [owl.pk, fox.pk, owl.pk]
    assert set(Asset.objects.values_list("owner", flat=True)) == {ada.pk}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_artwork_that_has_not_arrived_is_missed(ada: User, count: int) -> None:
    """A skipped id would shift all later ones onto the wrong positions."""
    artworks = [AssetFactory() for _ in range(count)]
    body = data(*artworks, designData={"front": [None], "back": [None], "neck": []})
    with nothing_changes(), pytest.raises(Unprocessable) as refusal:
        services.design_create(ada, body)
    assert refusal.value.code == "artwork_missing"


def test_one_foreign_artwork_refuses_all_and_claims_none(ada: User) -> None:
    guests, eves = AssetFactory(), AssetFactory(owner=UserFactory())
    body = data(guests, eves)
    with nothing_changes(), pytest.raises(Unprocessable) as refusal:
        services.design_create(ada, body)
    assert refusal.value.code == "asset_not_found"
    guests.refresh_from_db()
    assert guests.owner is None


def test_a_foreign_artwork_does_not_get_into_a_saved_design_either(ada: User) -> None:
    own, eves, guests = AssetFactory(), AssetFactory(owner=UserFactory()), AssetFactory()
    design = services.design_create(ada, data(own))
    for ids in ([eves.pk], [guests.pk, eves.pk], [uuid4()]):
        change = {"name": "X", "designData": {"front": [None] * len(ids)}, "artworkIds": ids}
        with nothing_changes(), pytest.raises(Unprocessable):
            services.design_update(ada, str(design.pk), change)
    assert artwork_ids(design) == [own.pk]


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_a_design_is_for_something_that_is_on_sale(ada: User, status: str) -> None:
    product = ProductFactory(status=status)
    with nothing_changes(), pytest.raises(Unprocessable, match="not available"):
        services.design_create(ada, data(product=product))


def test_a_variant_belongs_to_its_product(ada: User) -> None:
    variant, other = VariantFactory(), VariantFactory()
    design = services.design_create(ada, data(product=variant.product, variantId=variant.pk))
    assert design.variant == variant
    body = data(product=variant.product, variantId=other.pk)
    with nothing_changes(), pytest.raises(Unprocessable, match="does not belong"):
        services.design_create(ada, body)


def test_another_product_takes_no_variant_along(ada: User) -> None:
    variant, other = VariantFactory(), VariantFactory()
    design = services.design_create(ada, data(product=variant.product, variantId=variant.pk))

    moved = services.design_update(ada, str(design.pk), {"productId": other.product_id})
    assert (moved.product, moved.variant) == (other.product, None)

    with nothing_changes(), pytest.raises(Unprocessable):
        services.design_update(ada, str(design.pk), {"productId": other.product_id, "variantId": variant.pk})
    both = services.design_update(
        ada, str(design.pk), {"productId": variant.product_id, "variantId": variant.pk}
    )
    assert (both.product, both.variant) == (variant.product, variant)


def test_a_change_leaves_what_is_absent_and_clears_what_is_empty(ada: User) -> None:
    variant, art = VariantFactory(), AssetFactory()
    url = AssetFactory().file_url
    body = data(art, product=variant.product, variantId=variant.pk, thumbnailUrl=url, notes="hi")
    design = services.design_create(ada, body)

    design = services.design_update(ada, str(design.pk), {"name": "Renamed"})
    assert (design.name, design.thumbnail_url, design.notes) == ("Renamed", url, "hi")
    assert (design.variant, artwork_ids(design)) == (variant, [art.pk])

    emptied = {"variantId": None, "thumbnailUrl": "", "notes": None, "designData": {}, "artworkIds": []}
    design = services.design_update(ada, str(design.pk), emptied)
    assert (design.variant, design.thumbnail_url, design.notes, artwork_ids(design)) == (None, "", "", [])
    assert design.name == "Renamed"


def test_a_design_keeps_its_artworks_from_being_deleted(ada: User) -> None:
    art = AssetFactory()
    design = services.design_create(ada, data(art))
    with pytest.raises(ProtectedError):
        art.delete()
    services.design_delete(ada, str(design.pk))
    assert (Design.objects.count(), DesignArtwork.objects.count(), Asset.objects.count()) == (0, 0, 1)


@pytest.mark.parametrize("act", ["read", "update", "delete"])
@pytest.mark.parametrize("whose", ["another's", "nobody's", "not an id", ""])
def test_everybody_has_their_own_designs_only(ada: User, act: str, whose: str) -> None:
    foreign = str(DesignFactory().pk)
    design_id = {"another's": foreign, "nobody's": str(uuid4())}.get(whose, whose)
    with nothing_changes(), pytest.raises(NotFound, match="Design not found"):
        if act == "read":
            design_of(ada, design_id)
        elif act == "update":
            services.design_update(ada, design_id, {"name": "Mine now"})
        else:
            services.design_delete(ada, design_id)


def test_there_is_a_last_design(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MAX_DESIGNS_PER_USER", 2)
    DesignFactory.create_batch(2, user=ada)
    DesignFactory()
    body = data()
    with nothing_changes(), pytest.raises(Unprocessable, match="You can keep 2 designs") as refusal:
        services.design_create(ada, body)
    assert refusal.value.code == "too_many_designs"
    services.design_update(ada, str(ada.designs.first().pk), {"name": "Still editable"})
    services.design_create(UserFactory(), body)
    assert Design.objects.count() == 4


def test_the_list_takes_as_many_queries_for_one_as_for_many(ada: User) -> None:
    counts = []
    for more in (1, 6):
        for _ in range(more):
            services.design_create(ada, data(AssetFactory(), AssetFactory()))
        with CaptureQueriesContext(connection) as captured:
            shown = DesignSerializer(designs_of(ada), many=True).data
        counts.append(len(captured))
        assert all(len(design["artwork_ids"]) == 2 for design in shown)
    assert (len(shown), counts) == (7, [2, 2])


def test_artworks_are_locked_in_one_order(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two designs of the same artworks in another order would otherwise wait for each other for ever."""
    artworks = [AssetFactory() for _ in range(4)]
    use, locked = services.asset_use, []

    def record(asset_id: UUID, *, user: User | None) -> Asset:
        locked.append(asset_id)
        return use(asset_id, user=user)

    monkeypatch.setattr(services, "asset_use", record)
    for order in (artworks, artworks[::-1]):
        design = services.design_create(ada, data(*order))
        assert artwork_ids(design) == [artwork.pk for artwork in order]
    assert locked == sorted(locked[:4]) * 2


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_a_save_that_is_sent_twice_is_one_save() -> None:
    """The storefront repeats a request that got no answer."""
    ada, artworks = UserFactory(), [AssetFactory(), AssetFactory()]
    design = services.design_create(ada, data(*artworks))
    barrier, errors = threading.Barrier(4), []

    def save(order: list[Asset]) -> None:
        change = {"designData": {"front": [None, None]}, "artworkIds": [artwork.pk for artwork in order]}
        barrier.wait()
        try:
            for _ in range(5):
                services.design_update(ada, str(design.pk), change)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    orders = [artworks, artworks[::-1]] * 2
    threads = [threading.Thread(target=save, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(artwork_ids(design)) == sorted(artwork.pk for artwork in artworks)
