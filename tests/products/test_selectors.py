"""What the storefront sends as `variant_id`, and what becomes of it (CONTRACT 1.5, 10.11)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.errors import Unprocessable
from products.models import Product, Variant
from products.selectors import stage_geometry, variants_by_reference
from tests.contracts.expectations import UNKNOWN_ID

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def tee(sku: str = "TEE-BLK-M") -> str:
    return str(Variant.objects.get(sku=sku).pk)


def refusal_of(*references: str) -> Unprocessable:
    with pytest.raises(Unprocessable) as refusal:
        variants_by_reference(references)
    assert (refusal.value.status, refusal.value.code) == (422, "variant_not_found")
    return refusal.value


def test_ids_and_aliases_become_variants() -> None:
    found = variants_by_reference([tee(), "hoodie-M", "hoodie-2XL", tee().upper()])
    assert {reference: variant.sku for reference, variant in found.items()} == {
        tee(): "TEE-BLK-M",
        "hoodie-M": "HOODIE-BLK-M",
        "hoodie-2XL": "HOODIE-BLK-2XL",
        tee().upper(): "TEE-BLK-M",
    }


def test_the_hoodies_id_and_its_alias_are_one_variant() -> None:
    found = variants_by_reference(["677f0bf4-98b9-4088-9151-7422312bbf76", "hoodie-M"])
    assert len({variant.pk for variant in found.values()}) == 1


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("temp-Navy-3XL", "Navy 3XL is not available. Please choose another colour or size."),
        ("temp-Royal Blue-M", "Royal Blue M is not available. Please choose another colour or size."),
        ("1", "This item was added while the shop was unreachable. Please remove it and add it again."),
        ("19", "This item was added while the shop was unreachable. Please remove it and add it again."),
        ("hoodie-3XL", "This item is no longer available."),
        ("hoodie-m", "This item is no longer available."),
        ("TEE-BLK-M", "This item is no longer available."),
        ("", "This item is no longer available."),
        ("' OR 1=1 --", "This item is no longer available."),
        (UNKNOWN_ID, "This item is no longer available."),
    ],
)
def test_what_cannot_be_bought_says_why(reference: str, message: str) -> None:
    assert refusal_of(reference).message == message


def test_every_item_that_cannot_be_bought_is_named_by_its_place() -> None:
    refusal = refusal_of(tee(), "temp-Navy-M", "hoodie-M", "7")
    assert [error["pointer"] for error in refusal.errors] == ["/items/1/variant_id", "/items/3/variant_id"]
    assert refusal.message == refusal.errors[0]["detail"]


@pytest.mark.parametrize("status", ["archived", "draft"])
def test_what_is_not_on_sale_cannot_be_bought_by_any_name(status: str) -> None:
    Product.objects.filter(slug="classic-hoodie").update(status=status)
    for reference in ("hoodie-M", "677f0bf4-98b9-4088-9151-7422312bbf76"):
        assert refusal_of(reference).message == "This item is no longer available."
    assert len(variants_by_reference([tee()])) == 1


def test_a_cart_of_any_size_takes_two_queries() -> None:
    ids = [str(pk) for pk in Variant.objects.values_list("pk", flat=True)]
    counts = []
    for references in (ids[:1] + ["hoodie-S"], [*ids, "hoodie-S", "hoodie-M"]):
        with CaptureQueriesContext(connection) as captured:
            for variant in variants_by_reference(references).values():
                assert variant.product.slug and variant.colour.name and variant.size.name
        counts.append(len(captured))
    assert counts == [2, 2]


@pytest.mark.parametrize(("colour", "back_px"), [("Black", 600.0), ("White", 660.0), ("Navy", 612.0)])
def test_the_back_is_enlarged_on_two_colours(colour: str, back_px: float) -> None:
    product = Product.objects.get(slug="classic-tee")
    colour_id = Variant.objects.filter(colour__name=colour)[0].colour_id
    geometry = stage_geometry(product, colour_id)
    assert set(geometry) == {"front", "back", "neck"}
    assert geometry["back"][0].stage_width_px == back_px
    assert geometry["front"][0].stage_width_px == 600
    assert {area.method.name for _, area in geometry.values()} == {"dtg"}


def test_another_method_prints_in_places_of_its_own() -> None:
    product = Product.objects.get(slug="classic-tee")
    colour_id = Variant.objects.filter(colour__name="Black")[0].colour_id
    assert set(stage_geometry(product, colour_id, "screen_print")) == {"front", "back"}
    assert set(stage_geometry(product, colour_id, "embroidery")) == {"left_chest"}
    assert stage_geometry(product, colour_id, "unknown") == {}
