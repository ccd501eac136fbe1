"""CONTRACT 1.1, 1.2: what the product pages read."""

import json
from decimal import Decimal
from typing import Any

import pytest

from demo.storefront import Json, Storefront
from products.models import Product, Variant
from tests.contracts.expectations import (
    A_COUNT,
    A_LIST,
    A_NUMBER,
    A_TEXT,
    A_TIME,
    AN_ID,
    AN_OBJECT,
    TEXT_OR_NULL,
    assert_has,
    assert_refused,
    data_of,
)

HOODIE_ID = "9f9e4e98-4128-4d09-af21-58e5523eed14"
HOODIE_VARIANT_IDS = {
    "S": "242180eb-3029-40bc-b185-7ae8e3328b31",
    "M": "677f0bf4-98b9-4088-9151-7422312bbf76",
    "L": "d6495a9b-0e81-40f7-81e4-3cf09eb25f2a",
    "XL": "be75094a-c54b-4e3e-b861-b57aaaf2c774",
    "2XL": "0e302d1c-ce97-4a69-96df-eb603fca599e",
}
SIZES = ["S", "M", "L", "XL", "2XL"]


def by_slug(guest: Storefront) -> dict[str, Json]:
    products = data_of(guest.call("GET", "/api/products"))["products"]
    return {product["slug"]: product for product in products}


def test_the_list_has_every_field_that_the_pages_read(guest: Storefront) -> None:
    products = data_of(guest.call("GET", "/api/products"))["products"]

    assert len(products) == 2
    for product in products:
        assert_has(
            product, id=AN_ID, title=A_TEXT, slug=A_TEXT, images=A_LIST, variants=A_LIST, status="active"
        )
        assert_has(
            product, description=TEXT_OR_NULL, materials=A_TEXT, weight=A_NUMBER, country_of_origin="USA"
        )
        assert_has(product, metadata=AN_OBJECT, created_at=A_TIME, updated_at=A_TIME)
        assert product["title"] and product["images"]
        assert all(image.startswith("/assets/") for image in product["images"])


def test_a_variant_has_every_field_that_the_pages_read(guest: Storefront) -> None:
    for slug, product in by_slug(guest).items():
        for variant in product["variants"]:
            assert_has(variant, id=AN_ID, product_id=product["id"], color=A_TEXT, size=A_TEXT, sku=A_TEXT)
            assert_has(
                variant,
                base_price={"classic-tee": 12.98, "classic-hoodie": 35.99}[slug],
                created_at=A_TIME,
                updated_at=A_TIME,
            )


def test_the_first_variant_is_the_cheapest(guest: Storefront) -> None:
    """The pages show the price of `variants[0]` as "from $x"."""
    Variant.objects.filter(sku="TEE-WHT-2XL").update(base_price=Decimal("9.50"))

    for product in by_slug(guest).values():
        prices = [variant["base_price"] for variant in product["variants"]]
        assert prices[0] == min(prices)
    assert by_slug(guest)["classic-tee"]["variants"][0]["sku"] == "TEE-WHT-2XL"


def test_newest_products_come_first_and_only_active_ones(guest: Storefront) -> None:
    Product.objects.create(title="Draft", slug="draft", status=Product.Status.DRAFT)
    Product.objects.create(title="Gone", slug="gone", status=Product.Status.ARCHIVED)
    Product.objects.create(title="Newest", slug="newest")

    products = data_of(guest.call("GET", "/api/products"))["products"]

    assert [product["slug"] for product in products][0] == "newest"
    assert {product["slug"] for product in products} == {"newest", "classic-tee", "classic-hoodie"}
    times = [product["created_at"] for product in products]
    assert times == sorted(times, reverse=True)


def test_the_ids_that_the_hoodie_page_has_built_in_exist(guest: Storefront) -> None:
    hoodie = by_slug(guest)["classic-hoodie"]

    assert hoodie["id"] == HOODIE_ID
    assert {row["size"]: row["id"] for row in hoodie["variants"]} == HOODIE_VARIANT_IDS


def test_the_tee_comes_in_three_colours_and_five_sizes(guest: Storefront) -> None:
    variants = by_slug(guest)["classic-tee"]["variants"]

    pairs = {(row["color"], row["size"]) for row in variants}
    assert pairs == {(colour, size) for colour in ("Black", "White", "Navy") for size in SIZES}
    assert len(variants) == len(pairs)


@pytest.mark.parametrize("slug", ["classic-tee", "classic-hoodie"])
def test_the_product_page_gets_its_product(guest: Storefront, slug: str) -> None:
    data = data_of(guest.call("GET", f"/api/products/{slug}"))

    listed = by_slug(guest)[slug]
    assert {name: data["product"][name] for name in listed} == listed
    assert_has(data["product"], print_areas=A_LIST, placement_conflicts=A_LIST, size_guide=AN_OBJECT)
    assert {row["name"] for row in data["decorationMethods"]} == {"dtg", "embroidery", "screen_print"}
    for method in data["decorationMethods"]:
        assert_has(method, id=AN_ID, display_name=A_TEXT, pricing_rules=AN_OBJECT, status="active")
        assert_has(method, file_requirements=AN_OBJECT, allowed_products=A_LIST, created_at=A_TIME)


def test_a_product_without_variants_has_an_empty_list_and_not_null(guest: Storefront) -> None:
    """`product.variants.map` of null is a blank page."""
    Product.objects.create(title="Bare", slug="bare")

    product = data_of(guest.call("GET", "/api/products/bare"))["product"]

    assert (product["variants"], product["images"]) == ([], [])


@pytest.mark.parametrize(
    "slug", ["unknown", "gone", "9f9e4e98-4128-4d09-af21-58e5523eed14", "%00", "ü", "a" * 500]
)
def test_an_unknown_product_is_404(guest: Storefront, slug: str) -> None:
    Product.objects.create(title="Gone", slug="gone", status=Product.Status.ARCHIVED)

    answer = guest.call("GET", f"/api/products/{slug}")

    if slug == "%00":
        assert answer.status_code == 404 and isinstance(answer.json()["message"], str)
    else:
        assert_refused(answer, 404, "Product not found", code="product_not_found")


@pytest.mark.parametrize("path", ["/api/products", "/api/products/classic-tee"])
def test_what_a_piece_costs_the_shop_is_never_shown(guest: Storefront, staff: Storefront, path: str) -> None:
    for browser in (guest, staff):
        text = browser.call("GET", path).text
        assert "base_cost" not in text and "18.00" not in text and "19.0" not in text


@pytest.mark.parametrize("token", ["garbage", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA", "null", "undefined"])
def test_a_bad_token_makes_a_guest_of_the_caller(guest: Storefront, token: str) -> None:
    guest.token = token

    assert len(data_of(guest.call("GET", "/api/products"))["products"]) == 2


def test_counts_are_whole_numbers(guest: Storefront) -> None:
    Variant.objects.filter(sku="TEE-WHT-M").update(stock_level=7)
    variants: list[dict[str, Any]] = by_slug(guest)["classic-tee"]["variants"]

    levels = {row["sku"]: row["stock_level"] for row in variants}
    assert levels["TEE-WHT-M"] == A_COUNT
    assert levels["TEE-WHT-S"] is None
    assert json.dumps(levels["TEE-WHT-M"]) == "7"
