"""CONTRACT 1.3, 3.2: quotes by decoration method."""

from typing import Any

import pytest

from demo.storefront import Json, Storefront
from products.models import Variant
from tests.contracts.expectations import (
    A_NUMBER,
    A_TEXT,
    UNKNOWN_ID,
    assert_has,
    assert_refused,
    data_of,
    nothing_changes,
)

REQUIRED = "variant_id, method, placements, and quantity are required"


def black_m() -> str:
    return str(Variant.objects.get(sku="TEE-BLK-M").pk)


def quote(guest: Storefront, **changes: Any) -> Json:
    body = {
        "variant_id": black_m(),
        "method": "dtg",
        "placements": [{"width": 10, "height": 12}],
        "quantity": 1,
    }
    return data_of(guest.call("POST", "/api/price/quote", json=body | changes))


def test_a_quote_has_every_field_as_a_number(guest: Storefront) -> None:
    data = quote(guest)

    assert_has(data, variant_price=A_NUMBER, decoration_price=A_NUMBER, subtotal=A_NUMBER)
    assert_has(data, quantity_discount=A_NUMBER)
    assert_has(data["breakdown"], base_price=A_NUMBER, quantity_multiplier=A_NUMBER, total=A_NUMBER)
    for charge in data["breakdown"]["method_charges"]:
        assert_has(charge, description=A_TEXT, amount=A_NUMBER)


@pytest.mark.parametrize(
    ("quantity", "decoration", "multiplier", "subtotal"),
    # CONTRACT 3.2 starts from 12.99; the shop sells the tee at 12.98, so each piece is a cent less.
    [(1, 34.00, 1.00, 46.98), (6, 32.30, 0.95, 271.68), (12, 28.90, 0.85, 452.30)],
)
def test_a_print_of_ten_by_twelve_inches(
    guest: Storefront, quantity: int, decoration: float, multiplier: float, subtotal: float
) -> None:
    data = quote(guest, quantity=quantity)

    assert_has(data, variant_price=12.98, decoration_price=decoration, subtotal=subtotal)
    assert_has(data["breakdown"], quantity_multiplier=multiplier, total=subtotal)


@pytest.mark.parametrize(("quantity", "subtotal"), [(1, 23.98), (12, 241.16), (24, 421.87), (50, 783.20)])
def test_a_screen_print_in_two_colours(guest: Storefront, quantity: int, subtotal: float) -> None:
    """(12.98 + 11.00 x break) x quantity, less the global discount of 0, 10, 15 and 20 %."""
    data = quote(
        guest, method="screen_print", placements=[{"colors": ["#ff0000", "Pantone 186 C"]}], quantity=quantity
    )

    assert data["subtotal"] == subtotal


@pytest.mark.parametrize("missing", ["variant_id", "method", "placements", "quantity"])
@pytest.mark.parametrize("value", ["absent", None])
def test_what_is_missing_is_named(guest: Storefront, missing: str, value: str | None) -> None:
    body = {"variant_id": black_m(), "method": "dtg", "placements": [{}], "quantity": 1}
    if value is None:
        body[missing] = None
    else:
        del body[missing]

    with nothing_changes():
        assert_refused(guest.call("POST", "/api/price/quote", json=body), 400, REQUIRED)


def test_no_pieces_are_refused_like_a_missing_quantity(guest: Storefront) -> None:
    body = {"variant_id": black_m(), "method": "dtg", "placements": [{}], "quantity": 0}

    assert_refused(guest.call("POST", "/api/price/quote", json=body), 400, REQUIRED)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variant_id": UNKNOWN_ID}, "Variant not found"),
        ({"method": "leather_patch"}, "Decoration method not found"),
    ],
)
def test_unknown_variants_and_methods_are_404(guest: Storefront, changes: Json, message: str) -> None:
    body = {"variant_id": black_m(), "method": "dtg", "placements": [{}], "quantity": 1} | changes

    assert_refused(guest.call("POST", "/api/price/quote", json=body), 404, message)


@pytest.mark.parametrize(
    "changes",
    [
        {"variant_id": "1"},
        {"variant_id": "temp-Navy-M"},
        {"quantity": -3},
        {"quantity": 1.5},
        {"quantity": 10**9},
        {"quantity": "many"},
        {"placements": "front"},
        {"placements": [1]},
        {"placements": [{"width": -1, "height": 4}]},
        {"placements": [{"width": "wide"}]},
        {"placements": [{"colors": "red"}]},
    ],
    ids=str,
)
def test_nonsense_is_400_and_never_500(guest: Storefront, changes: Json) -> None:
    body = {"variant_id": black_m(), "method": "dtg", "placements": [{}], "quantity": 1} | changes

    answer = guest.call("POST", "/api/price/quote", json=body)

    assert answer.status_code == 400
    assert answer.json()["message"] == A_TEXT
