"""What the database itself refuses, on either of the two."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from products.models import (
    CatalogueVersion,
    Colour,
    DecorationMethod,
    PlacementConflict,
    PrintArea,
    Product,
    Size,
    SizeMeasurement,
    StageView,
    Variant,
)
from tests.factories import ColourFactory, OrderLineFactory, ProductFactory, SizeFactory, VariantFactory

pytestmark = pytest.mark.django_db


def refused(act: Callable[[], Any], constraint: str) -> None:
    """The database refuses, and for this reason. (SQLite names no unique constraint, only its columns.)"""
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        act()
    text = str(refusal.value)
    assert constraint in text or "UNIQUE constraint failed" in text, text


def test_a_variant_is_there_once_per_colour_and_size() -> None:
    variant = VariantFactory()
    refused(
        lambda: VariantFactory(product=variant.product, colour=variant.colour, size=variant.size),
        "variant_once_per_colour_and_size",
    )
    VariantFactory(product=variant.product, size=SizeFactory(name="Two", position=91))
    VariantFactory(product=ProductFactory(), colour=variant.colour, size=variant.size)
    assert Variant.objects.count() == 3


@pytest.mark.parametrize("column", ["base_price", "base_cost"])
def test_no_amount_is_negative(column: str) -> None:
    refused(lambda: VariantFactory(**{column: Decimal("-0.01")}), "variant_amounts_not_negative")
    variant = VariantFactory(**{column: Decimal("0.00")})
    refused(
        lambda: Variant.objects.filter(pk=variant.pk).update(**{column: Decimal("-0.01")}),
        "variant_amounts_not_negative",
    )
    variant.refresh_from_db()
    assert getattr(variant, column) == 0


@pytest.mark.parametrize("column", ["sku", "storefront_alias"])
def test_skus_and_aliases_are_unique(column: str) -> None:
    VariantFactory(**{column: "taken"})
    refused(lambda: VariantFactory(**{column: "taken"}), column)
    VariantFactory(storefront_alias=None)
    VariantFactory(storefront_alias=None)
    assert Variant.objects.count() == 3


def test_a_slug_is_unique_and_a_status_known() -> None:
    ProductFactory(slug="taken")
    refused(lambda: ProductFactory(slug="taken"), "slug")
    refused(lambda: ProductFactory(status="deleted"), "product_status_known")


def test_what_was_ordered_is_never_deleted() -> None:
    line = OrderLineFactory()
    for row in (line.variant, line.variant.product, line.variant.colour, line.variant.size, line.order):
        with pytest.raises(ProtectedError):
            row.delete()
    assert Variant.objects.get() == line.variant


def area(**changes: Any) -> PrintArea:
    method = DecorationMethod.objects.get_or_create(name="dtg", defaults={"display_name": "DTG"})[0]
    fields = {"placement": "front", "method": method, "width_in": 14, "height_in": 16, "collar_offset_in": 1}
    return PrintArea.objects.create(**fields | changes)


def test_a_print_area_is_there_once_and_has_a_size() -> None:
    product = ProductFactory()
    area(product=product)
    refused(lambda: area(product=product), "print_area_one_for_all_sizes")
    for change in ({"width_in": 0}, {"height_in": -1}, {"safe_margin_in": -1}):
        refused(
            lambda change=change: area(product=product, placement="back", **change), "print_area_has_a_size"
        )
    assert PrintArea.objects.count() == 1


def view(**changes: Any) -> StageView:
    fields = {
        "placement": "front", "stage_width_px": 600, "stage_height_px": 600, "image_width_px": 600,
        "image_height_px": 600, "area_left_px": 103, "area_top_px": 100, "pixels_per_inch": 27.9,
        "datum_collar_offset_in": 1,
    }  # fmt: skip
    return StageView.objects.create(**fields | changes)


def test_a_stage_view_is_there_once_per_colour_and_once_for_all_others() -> None:
    product, colour = ProductFactory(), ColourFactory()
    view(product=product)
    view(product=product, colour=colour)
    refused(lambda: view(product=product), "stage_view_one_for_any_colour")
    refused(lambda: view(product=product, colour=colour), "stage_view_once_per_colour")
    refused(lambda: view(product=product, placement="back", pixels_per_inch=0), "stage_view_has_a_scale")
    assert StageView.objects.count() == 2


def test_a_conflict_is_written_in_one_way() -> None:
    PlacementConflict.objects.create(first="back", second="front")
    refused(
        lambda: PlacementConflict.objects.create(first="back", second="front"),
        "placement_conflict_once_for_all",
    )
    for first, second in (("front", "back"), ("front", "front")):
        refused(
            lambda first=first, second=second: PlacementConflict.objects.create(first=first, second=second),
            "placement_conflict_in_alphabetical_order",
        )
    assert PlacementConflict.objects.count() == 1


def test_a_measurement_is_there_once_and_positive() -> None:
    row = {"product": ProductFactory(), "size": SizeFactory(), "name": "Body length"}
    SizeMeasurement.objects.create(**row, length_in=28)
    refused(lambda: SizeMeasurement.objects.create(**row, length_in=29), "size_measurement_once")
    row["name"] = "Chest width"
    refused(lambda: SizeMeasurement.objects.create(**row, length_in=0), "size_measurement_positive")
    assert SizeMeasurement.objects.count() == 1


def test_the_catalogue_has_one_version() -> None:
    assert CatalogueVersion.objects.count() == 1
    refused(lambda: CatalogueVersion.objects.create(pk=2, token="x"), "catalogue_version_is_one_row")


@pytest.mark.parametrize("value", ["#1b1b1d", "#ffffff"])
def test_colours_are_six_hexadecimal_digits(value: str) -> None:
    Colour(name="x", hex=value, is_dark=True).full_clean()


@pytest.mark.parametrize("value", ["1b1b1d", "#FFF", "#12345G", "red", "#1b1b1d;", "#1B1B1D"])
def test_what_is_no_colour_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        Colour(name="x", hex=value, is_dark=True).full_clean()


def test_rows_say_what_they_are() -> None:
    variant = VariantFactory(product__title="Shirt", sku="S-1")
    assert [str(row) for row in (variant, variant.product, variant.colour, variant.size)] == [
        "S-1",
        "Shirt",
        "Moss",
        "One",
    ]
    assert Size.objects.get() == variant.size and Product.objects.get() == variant.product
