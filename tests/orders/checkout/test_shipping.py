"""Shipping: the storefront's flat amount until staff fill in the table of zones and weights."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from common.errors import Unprocessable
from demo.storefront import Json, Storefront
from orders.checkout.shipping import parcel_weight_oz, shipping_cost
from orders.models import ShippingCountry, ShippingRate, ShippingZone
from pricing.selectors import STOREFRONT_BOOK, published_book
from products.models import Product, Variant
from tests.contracts.baskets import CREATE, order_body, tee
from tests.contracts.expectations import data_of, nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def zone(catalogue: None) -> ShippingZone:
    zone = ShippingZone.objects.create(name="North")
    ShippingCountry.objects.create(zone=zone, code="US")
    for up_to_oz, price in (("16", "4.98"), ("80", "9.50")):
        ShippingRate.objects.create(zone=zone, up_to_oz=Decimal(up_to_oz), price=Decimal(price))
    return zone


@pytest.mark.parametrize(
    ("weight", "price"), [("0.5", "4.98"), ("16", "4.98"), ("16.01", "9.50"), ("80", "9.50")]
)
def test_the_lightest_class_that_holds_the_parcel(zone: ShippingZone, weight: str, price: str) -> None:
    book = published_book(STOREFRONT_BOOK)
    assert shipping_cost(book, "US", Decimal(weight)) == Decimal(price)


def test_beyond_the_heaviest_class(zone: ShippingZone) -> None:
    book = published_book(STOREFRONT_BOOK)
    with pytest.raises(Unprocessable) as refusal:
        shipping_cost(book, "US", Decimal("80.01"))
    assert refusal.value.code == "parcel_too_heavy"
    ShippingRate.objects.create(zone=zone, price=Decimal("20.00"))
    assert shipping_cost(book, "US", Decimal(1000)) == Decimal("20.00")
    assert shipping_cost(book, "US", Decimal(1)) == Decimal("4.98")


def test_without_a_zone_the_books_flat_amount_holds(zone: ShippingZone) -> None:
    book = published_book(STOREFRONT_BOOK)
    assert shipping_cost(book, "CA", Decimal(500)) == Decimal("4.98")
    with pytest.raises(Unprocessable) as refusal:
        shipping_cost(book, "FR", Decimal(1))
    assert refusal.value.code == "country_not_served"


def test_what_has_no_weight_is_assumed_to_have_one(catalogue: None) -> None:
    Product.objects.filter(slug="classic-tee").update(weight_oz=Decimal("6.25"))
    Product.objects.filter(slug="classic-hoodie").update(weight_oz=None)
    rows = {row.sku: row for row in Variant.objects.select_related("product")}
    hoodie = next(row for sku, row in rows.items() if row.product.slug == "classic-hoodie")
    assert parcel_weight_oz([(rows["TEE-BLK-M"], 2), (hoodie, 1)]) == Decimal("20.50")


def test_the_constraints_keep_a_country_and_a_weight_from_having_two_prices(zone: ShippingZone) -> None:
    other = ShippingZone.objects.create(name="Elsewhere")
    ShippingRate.objects.create(zone=other, price=Decimal(1))
    wrong = (
        lambda: ShippingCountry.objects.create(zone=other, code="US"),
        lambda: ShippingRate.objects.create(zone=other, price=Decimal(2)),
        lambda: ShippingRate.objects.create(zone=zone, up_to_oz=Decimal(16), price=Decimal(2)),
        lambda: ShippingRate.objects.create(zone=zone, up_to_oz=Decimal(0), price=Decimal(2)),
        lambda: ShippingRate.objects.create(zone=zone, up_to_oz=Decimal(5), price=Decimal(-1)),
    )
    for attempt in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


def test_a_heavy_basket_is_charged_what_it_costs_or_refused_with_the_difference(
    guest: Storefront, art: Json, zone: ShippingZone
) -> None:
    Product.objects.update(weight_oz=Decimal(6))
    body = order_body(tee(art, quantity=3))
    with nothing_changes():
        answer = guest.call("POST", CREATE, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "price_changed")
    difference = {row["pointer"]: (row["shown"], row["actual"]) for row in answer.json()["diff"]}
    assert difference == {"/shipping": (4.98, 9.5), "/total": (43.92, 48.44)}
    data_of(guest.call("POST", CREATE, json=body | {"shipping": 9.5, "total": 48.44}), 201)
    data_of(guest.call("POST", CREATE, json=order_body(tee(art, quantity=2))), 201)
