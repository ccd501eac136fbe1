"""What shipping costs: the table of zones and weights, else the flat amount of the price book."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from common.errors import Unprocessable
from orders.models import ShippingRate
from orders.totals import ZERO
from pricing.rules import Book
from products.models import Variant

# A tee in M weighs 6 oz, a hoodie 20; what has no weight in the catalogue counts as something in between.
ASSUMED_WEIGHT_OZ = Decimal(8)


def parcel_weight_oz(pieces: Iterable[tuple[Variant, int]]) -> Decimal:
    """The weight of so many pieces of each variant."""
    return sum((_weight_oz(variant) * count for variant, count in pieces), ZERO)


def _weight_oz(variant: Variant) -> Decimal:
    weight = variant.product.weight_oz
    return ASSUMED_WEIGHT_OZ if weight is None else weight


def shipping_cost(book: Book, country: str, weight_oz: Decimal) -> Decimal:
    """What a parcel of this weight costs to `country`.

    Raises Unprocessable `country_not_served` where the shop does not ship, and `parcel_too_heavy` above the zone's
    heaviest class.
    """
    rates = list(ShippingRate.objects.filter(zone__countries__code=country))
    if not rates:
        if country not in book.shipping:
            raise Unprocessable(f"We do not ship to {country}.", code="country_not_served")
        return book.shipping[country]
    classes = sorted(rates, key=lambda rate: (rate.up_to_oz is None, rate.up_to_oz or ZERO))
    for rate in classes:
        if rate.up_to_oz is None or weight_oz <= rate.up_to_oz:
            return rate.price
    raise Unprocessable(
        "This order is too heavy to ship at once. Please contact us.", code="parcel_too_heavy"
    )
