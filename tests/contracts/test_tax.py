"""CONTRACT 1.4: the tax, asked at every keystroke in the address."""

import pytest

from demo.storefront import Json, Storefront
from demo.walk import ADDRESS
from tests.contracts.baskets import (
    hoodie,
    tee,
)
from tests.contracts.expectations import (
    A_LIST,
    A_NUMBER,
    assert_has,
    assert_refused,
    data_of,
)

TAX = "/api/orders/calculate-tax"


def tax_body(*items: Json, **address: str) -> Json:
    names = ("variant_id", "quantity", "unit_price", "total_price")
    lines = [{name: item[name] for name in names} for item in items]
    return {"items": lines, "shipping_address": ADDRESS | address, "shipping": 4.98}


def test_tax_is_a_number_and_not_a_text(guest: Storefront, art: Json) -> None:
    """A text crashes the whole page: it calls `toFixed` on it."""
    answer = guest.call("POST", TAX, json=tax_body(tee(art)))

    assert_has(data_of(answer), tax=0.94, tax_breakdown=A_LIST)
    assert '"tax":0.94' in answer.text.replace(" ", "")


def test_no_tax_is_the_number_zero(guest: Storefront, art: Json) -> None:
    body = tax_body(tee(art), city="Reno", state="NV", postal_code="89501")

    assert data_of(guest.call("POST", TAX, json=body))["tax"] == A_NUMBER
    assert data_of(guest.call("POST", TAX, json=body))["tax"] == 0


def test_typing_a_zip_costs_nothing_until_it_is_complete(guest: Storefront, art: Json) -> None:
    typed = ["9", "90", "900", "9000", "90001"]

    taxes = [
        data_of(guest.call("POST", TAX, json=tax_body(tee(art), postal_code=code)))["tax"] for code in typed
    ]

    assert taxes == [0, 0, 0, 0, 0.94]


@pytest.mark.parametrize(
    ("state", "tax"), [("CA", 0.94), ("ca", 0.94), (" California ", 0.94), ("Atlantis", 0), ("Москва", 0)]
)
def test_the_state_is_free_text(guest: Storefront, art: Json, state: str, tax: float) -> None:
    assert data_of(guest.call("POST", TAX, json=tax_body(tee(art), state=state)))["tax"] == tax


@pytest.mark.parametrize("reference", ["hoodie-M", "temp-Navy-M", "1", "19"])
def test_tax_is_told_for_whatever_lies_in_the_cart(guest: Storefront, art: Json, reference: str) -> None:
    body = tax_body(tee(art) | {"variant_id": reference})

    assert data_of(guest.call("POST", TAX, json=body))["tax"] == 0.94


def test_tax_of_float_noise(guest: Storefront, art: Json) -> None:
    """35.99 x 5 arrives as 179.95000000000002; 7.25 % of 179.95 are 13.05."""
    body = tax_body(hoodie(art, quantity=5))

    assert body["items"][0]["total_price"] == 179.95000000000002
    assert data_of(guest.call("POST", TAX, json=body))["tax"] == 13.05


@pytest.mark.parametrize("missing", ["items", "shipping_address"])
def test_tax_needs_items_and_an_address(guest: Storefront, art: Json, missing: str) -> None:
    body = tax_body(tee(art))
    del body[missing]

    assert_refused(guest.call("POST", TAX, json=body), 400, "items and shipping_address are required")
