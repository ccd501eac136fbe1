"""The first catalogue has the ids and prices that the storefront has built in, and can be seeded again."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from products import seed
from products.models import DecorationMethod, Placement, Product, Size, StageView, Variant
from products.selectors import methods_active
from tests.contracts.expectations import table_contents

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def seed_again() -> None:
    call_command("seed_catalogue", stdout=io.StringIO())
    call_command("seed_prices", stdout=io.StringIO())


def test_seeding_again_changes_nothing() -> None:
    before = table_contents()
    seed_again()
    assert table_contents() == before


@pytest.mark.parametrize(
    ("model", "find", "change"),
    [
        (Variant, {"sku": "TEE-BLK-M"}, {"base_price": Decimal("14.50"), "stock_level": 3}),
        (Product, {"slug": "classic-tee"}, {"title": "The Tee", "status": "archived"}),
        (
            DecorationMethod,
            {"name": "dtg"},
            {"display_name": "DTG", "pricing_rules": {"base_price": "11.00"}},
        ),
        (Size, {"name": "3XL"}, {"position": 60}),
        (StageView, {"colour__name": "White", "placement": "back"}, {"area_top_px": 111.0}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_what_staff_have_changed_stays(model: Any, find: dict[str, Any], change: dict[str, Any]) -> None:
    model.objects.filter(**find).update(**change)
    seed_again()
    assert model.objects.filter(**find).values(*change).get() == change


def test_a_variant_that_staff_removed_does_not_come_back() -> None:
    Variant.objects.filter(sku="TEE-NVY-2XL").delete()
    seed_again()
    assert not Variant.objects.filter(sku="TEE-NVY-2XL").exists()


def test_a_size_that_was_lost_is_added_again() -> None:
    Size.objects.filter(name="3XL").delete()
    seed_again()
    assert Size.objects.get(name="3XL").position == 5


def test_the_tee_costs_what_the_storefront_shows() -> None:
    tees = Variant.objects.filter(product__slug="classic-tee")
    assert {(v.colour.name, v.size.name) for v in tees} == {
        (colour, size) for colour in ("Black", "White", "Navy") for size in ("S", "M", "L", "XL", "2XL")
    }
    assert {v.base_price for v in tees} == {Decimal("12.98")}
    assert {v.base_cost for v in tees if v.size.name == "2XL"} == {Decimal("6.00")}
    assert all(v.storefront_alias is None for v in tees)


def test_the_hoodies_ids_are_those_of_the_storefront() -> None:
    """CONTRACT 4, copied here by hand: the storefront has them in its code."""
    hoodie = Product.objects.get(pk="9f9e4e98-4128-4d09-af21-58e5523eed14")
    assert hoodie.slug == "classic-hoodie"
    assert {v.storefront_alias: str(v.pk) for v in hoodie.variants.all()} == {
        "hoodie-S": "242180eb-3029-40bc-b185-7ae8e3328b31",
        "hoodie-M": "677f0bf4-98b9-4088-9151-7422312bbf76",
        "hoodie-L": "d6495a9b-0e81-40f7-81e4-3cf09eb25f2a",
        "hoodie-XL": "be75094a-c54b-4e3e-b861-b57aaaf2c774",
        "hoodie-2XL": "0e302d1c-ce97-4a69-96df-eb603fca599e",
    }
    assert {v.base_price for v in hoodie.variants.all()} == {Decimal("35.99")}


def test_ids_are_the_same_in_every_database() -> None:
    """Carts in browsers outlive a database."""
    for variant in Variant.objects.filter(product__slug="classic-tee"):
        assert variant.pk == seed.stable_id(variant.sku)
    assert str(seed.stable_id("classic-tee")) == "56672a21-7234-52a5-9037-2db614842880"


def test_nothing_sells_below_cost() -> None:
    assert [v.sku for v in Variant.objects.all() if v.base_price <= v.base_cost] == []


def test_methods_and_placements() -> None:
    assert set(methods_active().values_list("name", flat=True)) == {"screen_print", "embroidery", "dtg"}
    DecorationMethod.objects.filter(name="dtg").update(status="archived")
    assert set(methods_active().values_list("name", flat=True)) == {"screen_print", "embroidery"}
    for product in Product.objects.all():
        offered = {area.placement for area in product.print_areas.all()}
        assert {"front", "back", "neck"} <= offered <= set(Placement.values)
