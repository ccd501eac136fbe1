from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from products import seed
from products.models import (
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


class Command(BaseCommand):
    help = (
        "Adds the shop's first catalogue. What exists already, and what staff have changed, stays as it is."
    )

    @transaction.atomic
    def handle(self, *args: object, **options: object) -> None:
        colours = {
            name: Colour.objects.get_or_create(name=name, defaults={"hex": hex_value, "is_dark": is_dark})[0]
            for name, (hex_value, is_dark, _) in seed.COLOURS.items()
        }
        sizes = {
            name: Size.objects.get_or_create(name=name, defaults={"position": position})[0]
            for position, name in enumerate(seed.SIZES)
        }
        methods = {
            method["name"]: DecorationMethod.objects.get_or_create(name=method["name"], defaults=method)[0]
            for method in seed.METHODS
        }
        for facts in seed.PRODUCTS:
            _add_product(facts, colours, sizes, methods)
        for first, second in seed.CONFLICTS:
            PlacementConflict.objects.get_or_create(product=None, first=first, second=second)
        self.stdout.write(
            f"catalogue: {Product.objects.count()} products, {Variant.objects.count()} variants"
        )


def _add_product(
    facts: dict[str, Any],
    colours: dict[str, Colour],
    sizes: dict[str, Size],
    methods: dict[str, DecorationMethod],
) -> None:
    fields = ("title", "description", "garment", "images", "materials", "weight_oz", "country_of_origin")
    product, created = Product.objects.get_or_create(
        slug=facts["slug"], defaults={"id": facts["id"], **{name: facts[name] for name in fields}}
    )
    if not created:
        return
    for colour_name in facts["colours"]:
        for size_name, cost in facts["costs"].items():
            sku = f"{facts['sku_prefix']}-{seed.COLOURS[colour_name][2]}-{size_name}"
            is_hoodie = facts["alias_prefix"] is not None
            Variant.objects.create(
                id=seed.HOODIE_VARIANT_IDS[size_name] if is_hoodie else seed.stable_id(sku),
                product=product,
                colour=colours[colour_name],
                size=sizes[size_name],
                sku=sku,
                base_cost=Decimal(cost),
                base_price=facts["price"],
                storefront_alias=f"{facts['alias_prefix']}-{size_name}" if is_hoodie else None,
            )
    for (slug, placement), (inches, views) in seed.PRINT_AREAS.items():
        if slug == facts["slug"]:
            _add_stage(product, placement, inches[2], views, colours)
            _add_area(product, placement, methods["dtg"], *inches)
    for (slug, placement, method), inches_and_colours in seed.OTHER_AREAS.items():
        if slug == facts["slug"]:
            if placement in seed.SIDE_OF:
                inches, views = seed.PRINT_AREAS[slug, seed.SIDE_OF[placement]]
                _add_stage(product, placement, inches[2], views, colours)
            _add_area(product, placement, methods[method], *inches_and_colours)
    for name, lengths in seed.SIZE_GUIDES[facts["slug"]].items():
        for size_name, length in zip(facts["costs"], lengths, strict=True):
            SizeMeasurement.objects.create(
                product=product, size=sizes[size_name], name=name, length_in=Decimal(length)
            )


def _add_area(
    product: Product,
    placement: str,
    method: DecorationMethod,
    width_in: str,
    height_in: str,
    collar_offset_in: str,
    left_offset_in: str = "0",
    max_colours: int | None = None,
) -> None:
    PrintArea.objects.create(
        product=product,
        placement=placement,
        method=method,
        width_in=Decimal(width_in),
        height_in=Decimal(height_in),
        collar_offset_in=Decimal(collar_offset_in),
        left_offset_in=Decimal(left_offset_in),
        safe_margin_in=seed.SAFE_MARGIN_IN,
        max_colours=max_colours,
    )


def _add_stage(
    product: Product,
    placement: str,
    datum_collar_offset_in: str,
    views: dict[str | None, tuple[float, ...]],
    colours: dict[str, Colour],
) -> None:
    names = (
        "stage_width_px", "stage_height_px", "image_left_px", "image_top_px", "image_width_px", "image_height_px",
        "area_left_px", "area_top_px", "pixels_per_inch",
    )  # fmt: skip
    for colour_name, values in views.items():
        StageView.objects.create(
            product=product,
            placement=placement,
            colour=colours[colour_name] if colour_name else None,
            datum_collar_offset_in=Decimal(datum_collar_offset_in),
            **dict(zip(names, values, strict=True)),
        )
