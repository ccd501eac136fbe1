"""A catalogue of one's own; the shop's first one comes from `seed_catalogue`."""

from decimal import Decimal

import factory

from products.models import Colour, Garment, Product, Size, Variant


class ColourFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Colour
        django_get_or_create = ("name",)

    name = "Moss"
    hex = "#4a5d23"
    is_dark = True


class SizeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Size
        django_get_or_create = ("name",)

    name = "One"
    position = 90


class ProductFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Product

    title = factory.Sequence(lambda number: f"Shirt {number}")
    slug = factory.Sequence(lambda number: f"shirt-{number}")
    garment = Garment.TEE


class VariantFactory(factory.django.DjangoModelFactory):
    """One moss-green size of a product of its own."""

    class Meta:
        model = Variant

    product = factory.SubFactory(ProductFactory)
    colour = factory.SubFactory(ColourFactory)
    size = factory.SubFactory(SizeFactory)
    sku = factory.Sequence(lambda number: f"SKU-{number}")
    base_cost = Decimal("5.00")
    base_price = Decimal("12.98")
