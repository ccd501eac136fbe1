"""The catalogue is read once per version, is right after every write, and costs as many queries at any size."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import brotli
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from demo.storefront import Storefront
from pricing.models import PriceBook
from products import catalogue as products_catalogue
from products.models import CatalogueVersion, Colour, PrintArea, Product, Size, Variant
from products.serializers import ProductSerializer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
ROOT = Path(__file__).resolve().parents[2]


def get(path: str = "/api/products", **headers: str) -> Any:
    return Client().get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def price_of(sku: str) -> float:
    products = get().json()["data"]["products"]
    return next(v["base_price"] for p in products for v in p["variants"] if v["sku"] == sku)


def more_products(count: int) -> None:
    colours, sizes = list(Colour.objects.all()), list(Size.objects.all())
    for number in range(count):
        product = Product.objects.create(title=f"Tee {number:03d}", slug=f"tee-{number:03d}")
        Variant.objects.bulk_create(
            Variant(
                product=product, colour=colour, size=size, sku=f"T{number}-{colour.name}-{size.name}",
                base_cost=Decimal(5), base_price=Decimal(10 + number % 7),
            )
            for colour in colours
            for size in sizes
        )  # fmt: skip


def queries(path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize(
    "path", ["/api/products", "/api/products/classic-tee", "/api/products?facets=1&q=tee&limit=5"]
)
def test_the_number_of_queries_does_not_depend_on_the_size(path: str) -> None:
    Product.objects.update(materials="read anew")
    few, cached = queries(path), queries(path)
    more_products(40)
    assert queries(path) == few <= 10
    assert cached == 1


def test_lists_and_documents_agree() -> None:
    shown = {product["id"]: product for product in get().json()["data"]["products"]}
    assert shown == {
        str(p.pk): json.loads(json.dumps(ProductSerializer(p).data, default=str)) | _order(p)
        for p in Product.objects.all()
    }


def _order(product: Product) -> dict[str, Any]:
    """The variants in the catalogue's order: cheapest first, then colour and size."""
    rows = product.variants.order_by("base_price", "colour__name", "size__position")
    return {"variants": json.loads(json.dumps([_variant(row) for row in rows], default=str))}


def _variant(row: Variant) -> Any:
    from products.serializers import VariantSerializer

    return VariantSerializer(row).data


def test_the_first_variant_is_the_cheapest_and_cost_stays_inside() -> None:
    Variant.objects.filter(sku="TEE-WHT-L").update(base_price=Decimal("9.99"))
    for path in ("/api/products", "/api/products/classic-tee"):
        text = get(path).content.decode()
        assert "base_cost" not in text and "cost" not in text.lower()
    tee = get("/api/products/classic-tee").json()["data"]["product"]
    assert (tee["variants"][0]["sku"], tee["variants"][0]["base_price"]) == ("TEE-WHT-L", 9.99)


@pytest.mark.parametrize(
    "write",
    [
        lambda: Variant.objects.filter(sku="TEE-BLK-M").update(base_price=Decimal("11.11")),
        lambda: connection.cursor().execute(
            "UPDATE products_variant SET base_price = 11.11 WHERE sku = 'TEE-BLK-M'"
        ),
    ],
)
def test_no_write_is_missed(write: Any) -> None:
    assert price_of("TEE-BLK-M") == 12.98
    before = CatalogueVersion.objects.get().token
    write()
    assert CatalogueVersion.objects.get().token != before
    assert price_of("TEE-BLK-M") == 11.11


def test_everything_behind_the_catalogue_renews_the_token() -> None:
    seen = {CatalogueVersion.objects.get().token}
    for model in (Product, Colour, Size, Variant, PrintArea):
        model.objects.order_by("pk").first().save()
        seen.add(CatalogueVersion.objects.get().token)
    PriceBook.objects.filter(code="trade").update(notes="x")
    seen.add(CatalogueVersion.objects.get().token)
    assert len(seen) == 7


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_another_process_shows_at_once() -> None:
    from django.db import connections

    assert price_of("TEE-BLK-M") == 12.98
    name = connections["default"].settings_dict["NAME"]
    code = (
        "from django.db import connections; connections['default'].settings_dict['NAME'] = %r;"
        "from products.models import Variant; Variant.objects.filter(sku='TEE-BLK-M').update(base_price='11.11')"
    )
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", code % name], cwd=ROOT, check=True, timeout=60
    )
    assert price_of("TEE-BLK-M") == 11.11


def test_a_browser_asks_and_is_told_that_nothing_changed() -> None:
    first = get()
    assert first["Cache-Control"] == "public, max-age=3600, stale-while-revalidate=7200"
    again = get(if_none_match=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    Variant.objects.filter(sku="TEE-BLK-M").update(base_price=Decimal("11.11"))
    changed = get(if_none_match=first["ETag"])
    assert changed.status_code == 200 and changed["ETag"] != first["ETag"]


@pytest.mark.parametrize(
    ("accept", "encoding", "decode"),
    [
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip;q=1.0, br;q=0", "gzip", gzip.decompress),
        ("identity", None, bytes),
        ("", None, bytes),
    ],
)
def test_encodings(accept: str, encoding: str | None, decode: Any) -> None:
    plain = get()
    answer = get(accept_encoding=accept)
    assert answer.get("Content-Encoding") == encoding
    assert decode(answer.content) == plain.content
    assert (answer["ETag"] == plain["ETag"]) == (encoding is None)
    assert "Accept-Encoding" in answer["Vary"]


def ids(path: str) -> list[str]:
    return [product["slug"] for product in get(path).json()["data"]["products"]]


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("q=HOODIE", ["classic-hoodie"]),
        ("q=cotton+tee", ["classic-tee"]),
        ("q=nothing", []),
        ("color=navy", ["classic-tee"]),
        ("color=navy,black", ["classic-hoodie", "classic-tee"]),
        ("color=navy&size=3XL", []),
        ("size=m", ["classic-hoodie", "classic-tee"]),
        ("method=embroidery", ["classic-hoodie", "classic-tee"]),
        ("method=dtg&placement=left_chest", []),
        ("method=embroidery&placement=left_chest", ["classic-hoodie", "classic-tee"]),
        ("min_price=20", ["classic-hoodie"]),
        ("max_price=12.98", ["classic-tee"]),
        ("in_stock=true", ["classic-hoodie", "classic-tee"]),
    ],
)
def test_filters(query: str, slugs: list[str]) -> None:
    assert sorted(ids(f"/api/products?{query}")) == slugs


def test_stock_counts_only_where_it_is_tracked() -> None:
    Variant.objects.filter(product__slug="classic-hoodie").update(stock_level=0)
    assert ids("/api/products?in_stock=1") == ["classic-tee"]


def test_sorting_and_pages_cover_everything_once() -> None:
    more_products(23)
    for sort in ("newest", "title", "price", "-price"):
        whole, seen, cursor = ids(f"/api/products?sort={sort}"), [], ""
        while True:
            page = get(
                f"/api/products?sort={sort}&limit=4&cursor={cursor}"
                if cursor
                else f"/api/products?sort={sort}&limit=4"
            )
            data = page.json()["data"]
            seen += [product["slug"] for product in data["products"]]
            cursor = data["next_cursor"]
            if cursor is None:
                break
        assert seen == whole and len(seen) == 25
    prices = [
        p["variants"][0]["base_price"] for p in get("/api/products?sort=price").json()["data"]["products"]
    ]
    assert prices == sorted(prices)


def test_facets_count_the_filtered_products() -> None:
    facets = get("/api/products?facets=true&max_price=20").json()["data"]["facets"]
    assert facets["colors"] == [{"value": name, "count": 1} for name in ("Black", "Navy", "White")]
    assert {"value": "embroidery", "count": 1} in facets["methods"]
    assert facets["price"] == {"min": 12.98, "max": 12.98}
    assert "facets" not in get().json()["data"] and "next_cursor" not in get().json()["data"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("sort=cheap", "/sort"), ("limit=0", "/limit"), ("limit=101", "/limit"), ("limit=x", "/limit"),
        ("min_price=-1", "/min_price"), ("max_price=abc", "/max_price"), ("placement=moon", "/placement"),
        ("cursor=forged", "/cursor"), ("facets=perhaps", "/facets"), (f"q={'x' * 101}", "/q"),
    ],
)  # fmt: skip
def test_bad_parameters_are_named(query: str, pointer: str) -> None:
    answer = get(f"/api/products?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


def test_a_cursor_of_another_list_is_refused() -> None:
    more_products(3)
    cursor = get("/api/products?sort=title&limit=2").json()["data"]["next_cursor"]
    Product.objects.filter(slug="classic-hoodie").update(status="archived")
    assert (
        get(f"/api/products?sort=title&limit=1&cursor={cursor}").json()["errors"][0]["pointer"] == "/cursor"
    )


def test_archived_products_are_gone(staff: Storefront) -> None:
    hoodie = Product.objects.get(slug="classic-hoodie")
    staff.json("DELETE", f"/api/admin/products/{hoodie.pk}")
    assert ids("/api/products") == ["classic-tee"]
    assert get("/api/products/classic-hoodie").status_code == 404


def test_areas_convert_between_pixels_and_inches_both_ways() -> None:
    tee = get("/api/products/classic-tee").json()["data"]["product"]
    areas = {(area["placement"], area["method"]): area for area in tee["print_areas"]}
    front = areas["front", "dtg"]
    assert (front["width_in"], front["height_in"], front["width_px_300dpi"]) == (14.0, 16.0, 4200)
    assert front["stage"][0] | {"pixels_per_inch": 0} == {
        "color": None, "stage_width_px": 600.0, "stage_height_px": 600.0, "pixels_per_inch": 0, "left_px": 103.0,
        "top_px": 100.0, "width_px": pytest.approx(390.0), "height_px": pytest.approx(16 * 390 / 14),
    }  # fmt: skip
    for area in areas.values():
        for stage in area["stage"]:
            assert stage["width_px"] / stage["pixels_per_inch"] == pytest.approx(area["width_in"], abs=1e-9)
    chest = areas["left_chest", "embroidery"]["stage"][0]
    assert chest["left_px"] == pytest.approx(103 + 8.5 * 390 / 14)
    assert chest["top_px"] == pytest.approx(100 + 1.2 * 390 / 14)
    assert {s["color"] for s in areas["back", "dtg"]["stage"]} == {None, "White", "Navy"}
    assert ["front", "left_chest"] in tee["placement_conflicts"]
    assert tee["size_guide"]["inches"]["Chest width"]["M"] == 20.0
    assert tee["size_guide"]["centimetres"]["Chest width"]["M"] == 50.8


def test_the_cache_knows_what_pricing_needs() -> None:
    known = products_catalogue.current()
    facts = known.variants[Variant.objects.get(sku="TEE-NVY-2XL").pk]
    assert (facts.product_slug, facts.is_dark, facts.base_cost) == ("classic-tee", True, Decimal("6.00"))
    assert products_catalogue.current() is known
