"""What the storefront shows is what the engine charges: every worked example, to the cent."""

from decimal import Decimal

import pytest

from pricing.engine import NotPriceable, price
from tests.pricing.engine_lines import STOREFRONT, amounts, line, place

FRONT, BACK = place("front", "dtg"), place("back", "dtg")
HOODIE = {"slug": "classic-hoodie", "price": "35.99", "dark": True}


@pytest.mark.parametrize(
    ("shown", "unit", "subtotal", "with_shipping"),
    [
        (line(FRONT), "12.98", "12.98", "17.96"),
        (line(), "12.98", "12.98", "17.96"),
        (line(FRONT, BACK), "17.98", "17.98", "22.96"),
        (line(FRONT, quantity=3), "12.98", "38.94", "43.92"),
        (line(FRONT, BACK, quantity=24), "17.98", "431.52", "436.50"),
        (line(FRONT, **HOODIE), "35.99", "35.99", "40.97"),
        (line(FRONT, BACK, neck=True, **HOODIE), "41.99", "41.99", "46.97"),
        (line(quantity=2, neck=True, **HOODIE), "36.99", "73.98", "78.96"),
        # On the tee page the storefront shows a hoodie at the tee's price; the engine goes by the garment.
        (line(FRONT, slug="classic-hoodie", price="12.98"), "12.98", "12.98", "17.96"),
    ],
)
def test_the_storefronts_examples(shown, unit, subtotal, with_shipping) -> None:
    breakdown = price(STOREFRONT, shown)
    assert str(breakdown.unit_price) == unit
    assert str(breakdown.total) == subtotal
    assert str(breakdown.total + STOREFRONT.shipping["US"]) == with_shipping
    assert breakdown.unit_price * breakdown.quantity == breakdown.total


def test_every_charge_cites_its_rule_and_version() -> None:
    breakdown = price(STOREFRONT, line(FRONT, BACK, neck=True, **HOODIE))
    assert breakdown.book == "storefront@1"
    assert amounts(breakdown) == [
        ("garment", "35.99", "piece"),
        ("second_side", "5.00", "piece"),
        ("neck_label/classic-hoodie", "1.00", "piece"),
    ]
    assert [charge.description for charge in breakdown.charges] == [
        "Garment with one printed side",
        "Second printed side",
        "Neck label",
    ]


@pytest.mark.parametrize("size", ["S", "2XL", "3XL"])
@pytest.mark.parametrize("dark", [True, False])
def test_size_colour_and_quantity_have_no_effect(size: str, dark: bool) -> None:
    breakdown = price(STOREFRONT, line(FRONT, size=size, dark=dark, quantity=1000))
    assert (str(breakdown.unit_price), breakdown.next_break) == ("12.98", None)


def test_a_neck_label_costs_nothing_on_a_tee() -> None:
    assert price(STOREFRONT, line(FRONT, neck=True)).total == Decimal("12.98")


def test_the_storefront_ships_to_two_countries() -> None:
    assert {country: str(cost) for country, cost in STOREFRONT.shipping.items()} == {
        "US": "4.98",
        "CA": "4.98",
    }


def test_the_storefront_sells_no_embroidery_at_the_price_of_a_print() -> None:
    with pytest.raises(NotPriceable) as refusal:
        price(STOREFRONT, line(FRONT, place("left_chest", "embroidery")))
    assert (refusal.value.code, refusal.value.pointer) == ("method_not_priced", "/placements/1/method")
