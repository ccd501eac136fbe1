"""`python -m bench.catalogue`: queries and times of the product list for a small and a large catalogue.

An edit comes before each uncached call, so that the whole catalogue is read and serialized anew. What is compared is
the cost per returned product, and a cached list with a bare health answer, in one run.
"""

from __future__ import annotations

import argparse
from decimal import Decimal

from bench.shop import open_shop, percentile, queries_of, seconds

COLOURS, SIZES = 10, 6  # 60 variants a product


def fill(count: int) -> None:
    """`count` products with 60 variants each, besides the seeded ones."""
    from products.models import Colour, Product, Size, Variant

    for number in range(COLOURS):
        Colour.objects.get_or_create(name=f"Colour {number}", defaults={"hex": "#102030", "is_dark": True})
    colours = list(Colour.objects.filter(name__startswith="Colour "))
    sizes = list(Size.objects.order_by("position")[:SIZES])
    start = Product.objects.count()
    for number in range(start, start + count):
        product = Product.objects.create(title=f"Product {number}", slug=f"product-{number}")
        Variant.objects.bulk_create(
            Variant(
                product=product,
                colour=colour,
                size=size,
                sku=f"P{number}-{colour.pk.hex[:8]}-{size.name}",
                base_cost=Decimal(5),
                base_price=Decimal(13),
            )
            for colour in colours
            for size in sizes
        )


def measure(label: str, path: str, products: int, *, repeats: int) -> dict[str, float]:
    from django.test import Client

    from products.models import Size

    client = Client(headers={"accept-encoding": "br"})

    def edited() -> None:
        Size.objects.filter(name="S").update(position=0)
        assert client.get(path).status_code == 200

    edited_queries, cached_queries = queries_of(edited) - 1, queries_of(lambda: client.get(path))
    anew, cached = seconds(edited, repeats), seconds(lambda: client.get(path), 200)
    for kind, taken, queries in (("after an edit", anew, edited_queries), ("cached", cached, cached_queries)):
        p50, p95 = percentile(taken, 50) * 1000, percentile(taken, 95) * 1000
        each = p50 * 1000 / products
        print(f"{label:<28}{kind:<16}{queries:>8}{p50:>12.2f}{p95:>12.2f}{each:>18.1f}")
    return {"anew": percentile(anew, 50) / products, "cached": percentile(cached, 50)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--large", type=int, default=2000, help="products of the large catalogue")
    large = options.parse_args().large
    open_shop()
    from django.test import Client

    print(f"{'catalogue':<28}{'list':<16}{'queries':>8}{'p50 ms':>12}{'p95 ms':>12}{'us per product':>18}")
    fill(18)
    small_list = measure("20 products", "/api/products", 20, repeats=20)
    client = Client()
    health = percentile(seconds(lambda: client.get("/health/live"), 200), 50)
    fill(large - 20)
    large_list = measure(f"{large} products", "/api/products", large, repeats=3)
    measure(
        f"{large} products, a page of 20", "/api/products?limit=20&color=colour+1&facets=1", 20, repeats=3
    )
    print(
        f"\ncost per product, {large} over 20 products, after an edit: {large_list['anew'] / small_list['anew']:.2f}"
    )
    print(f"cached list of 20 products over a bare health answer:      {small_list['cached'] / health:.2f}")


if __name__ == "__main__":
    main()
