from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from products import seed
from products.models import Colour, DecorationMethod, PrintArea, Product, Size, StageView, Variant


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
        for facts in seed.PRODUCTS:
            _add_product(facts, colours, sizes)
        for method in seed.METHODS:
            DecorationMethod.objects.get_or_create(name=method["name"], defaults=method)
        self.stdout.write(
            f"catalogue: {Product.objects.count()} products, {Variant.objects.count()} variants"
        )


def _add_product(facts: dict[str, Any], colours: dict[str, Colour], sizes: dict[str, Size]) -> None:
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
            _add_print_area(product, placement, inches, views, colours)


def _add_print_area(
    product: Product,
    placement: str,
    inches: tuple[str, str, str],
    views: dict[str | None, tuple[float, ...]],
    colours: dict[str, Colour],
) -> None:
    width_in, height_in, collar_offset_in = (Decimal(value) for value in inches)
    area = PrintArea.objects.create(
        product=product,
        placement=placement,
        width_in=width_in,
        height_in=height_in,
        collar_offset_in=collar_offset_in,
    )
    names = (
        "stage_width_px", "stage_height_px", "image_left_px", "image_top_px", "image_width_px", "image_height_px",
        "area_left_px", "area_top_px", "pixels_per_inch",
    )  # fmt: skip
    for colour_name, values in views.items():
        colour = colours[colour_name] if colour_name else None
        StageView.objects.create(print_area=area, colour=colour, **dict(zip(names, values, strict=True)))
