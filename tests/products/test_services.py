"""What staff may write, and what no body can reach."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.exceptions import ValidationError

from common.errors import NotFound
from products import services
from products.models import Product, Variant
from tests.factories import OrderLineFactory, ProductFactory, VariantFactory

pytestmark = pytest.mark.django_db
NEW = {"title": "Long Sleeve", "slug": "long-sleeve", "weight": "7.5", "images": ["/assets/a.png"]}


def test_a_product_is_made_of_what_staff_may_set() -> None:
    product = services.product_create(NEW | {"description": "Warm.", "status": "draft"})
    product.refresh_from_db()
    assert (product.title, product.slug, product.description) == ("Long Sleeve", "long-sleeve", "Warm.")
    assert (product.weight_oz, product.images, product.status) == (
        Decimal("7.50"),
        ["/assets/a.png"],
        "draft",
    )


@pytest.mark.parametrize(
    "extra",
    [
        {"id": str(uuid4())},
        {"created_at": "2001-01-01T00:00:00Z"},
        {"metadata": {"x": 1}},
        {"base_cost": "0.01", "base_price": "0.01"},
        {"variants": [{"base_cost": "0.01"}]},
        {"garment": "hoodie"},
        {"pk": str(uuid4()), "_state": None, "objects": None},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_nothing_else_is_assigned(extra: dict[str, Any]) -> None:
    variant = VariantFactory()
    product = variant.product
    before = Product.objects.values().get()
    services.product_update(product.pk, extra)
    after = Product.objects.values().get()
    assert after | {"updated_at": 0} == before | {"updated_at": 0}
    variant.refresh_from_db()
    assert (variant.base_cost, variant.base_price) == (Decimal("5.00"), Decimal("12.98"))

    made = services.product_create(NEW | extra)
    assert str(made.pk) != extra.get("id") and made.metadata == {} and made.garment == "tee"
    assert made.created_at.year > 2020 and not made.variants.exists()


def test_a_change_leaves_what_is_not_named() -> None:
    product = ProductFactory(title="Old", materials="Wool")
    services.product_update(product.pk, {"title": "New"})
    product.refresh_from_db()
    assert (product.title, product.materials) == ("New", "Wool")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 256}, "title"),
        ({"slug": "not a slug"}, "slug"),
        ({"slug": "taken"}, "slug"),
        ({"status": "deleted"}, "status"),
        ({"weight": "-1"}, "weight"),
        ({"weight": "heavy"}, "weight"),
        ({"images": "one.png"}, "images"),
        ({"images": ["x"] * 21}, "images"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(change: dict[str, Any], field: str) -> None:
    ProductFactory(slug="taken")
    product = ProductFactory()
    before = list(Product.objects.order_by("pk").values())
    for act in (
        lambda: services.product_update(product.pk, change),
        lambda: services.product_create(NEW | change),
    ):
        with pytest.raises(ValidationError) as refusal:
            act()
        assert set(refusal.value.detail) == {field}
    assert list(Product.objects.order_by("pk").values()) == before


def test_archiving_takes_off_sale_and_keeps_what_was_ordered() -> None:
    line = OrderLineFactory()
    product = services.product_archive(line.variant.product_id)
    assert product.status == "archived"
    line.refresh_from_db()
    assert line.variant.product == product
    assert services.product_archive(product.pk).status == "archived"
    assert Variant.objects.count() == 1


def test_an_unknown_product_is_not_found() -> None:
    for act in (
        lambda: services.product_update(uuid4(), {"title": "x"}),
        lambda: services.product_archive(uuid4()),
    ):
        with pytest.raises(NotFound, match="Product not found"):
            act()
