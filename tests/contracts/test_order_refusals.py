"""CONTRACT 1.5, 2.2, 10: orders that are refused, and leave nothing behind."""

from typing import Any

import pytest

from demo.storefront import Json, Storefront
from products.models import Product
from tests.contracts.baskets import (
    CREATE,
    NEVADA,
    order_body,
    tee,
    variant_id,
)
from tests.contracts.expectations import (
    A_TEXT,
    UNKNOWN_ID,
    assert_refused,
    nothing_changes,
)


@pytest.mark.parametrize("missing", ["customer", "items", "shipping_address"])
def test_an_order_needs_customer_items_and_address(guest: Storefront, art: Json, missing: str) -> None:
    body = order_body(tee(art))
    del body[missing]

    with nothing_changes():
        assert_refused(
            guest.call("POST", CREATE, json=body),
            400,
            "customer, items, and shipping_address are required",
        )


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("temp-Navy-M", "Navy M is not available. Please choose another colour or size."),
        ("1", "This item was added while the shop was unreachable. Please remove it and add it again."),
        ("19", "This item was added while the shop was unreachable. Please remove it and add it again."),
        ("hoodie-3XL", "This item is no longer available."),
        (UNKNOWN_ID, "This item is no longer available."),
        ("not-an-id", "This item is no longer available."),
    ],
)
def test_what_is_not_in_the_catalogue_is_422_with_a_clear_message(
    guest: Storefront, art: Json, reference: str, message: str
) -> None:
    body = order_body(tee(art) | {"variant_id": reference})

    with nothing_changes():
        refusal = assert_refused(guest.call("POST", CREATE, json=body), 422, message)

    assert refusal["errors"][0]["pointer"] == "/items/0/variant_id"


def test_an_archived_product_cannot_be_bought(guest: Storefront, art: Json) -> None:
    body = order_body(tee(art))
    Product.objects.filter(slug="classic-tee").update(status=Product.Status.ARCHIVED)

    with nothing_changes():
        assert_refused(guest.call("POST", CREATE, json=body), 422, "This item is no longer available.")


def test_a_hoodie_at_the_price_of_a_tee_is_refused_with_the_difference(guest: Storefront, art: Json) -> None:
    """The tee page sells `classic-hoodie` at 12.98; nobody is charged another amount than shown."""
    body = order_body(tee(art) | {"variant_id": variant_id("HOODIE-BLK-M")})

    with nothing_changes():
        refusal = assert_refused(
            guest.call("POST", CREATE, json=body),
            409,
            "A price has changed since you saw it. Please review your cart.",
            code="price_changed",
        )

    shown_and_actual = {row["pointer"]: (row["shown"], row["actual"]) for row in refusal["diff"]}
    assert shown_and_actual == {
        "/items/0/unit_price": (12.98, 35.99),
        "/items/0/total_price": (12.98, 35.99),
        "/subtotal": (12.98, 35.99),
        "/total": (17.96, 40.97),
    }


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"subtotal": 0.01}, "/subtotal"),
        ({"shipping": 0}, "/shipping"),
        ({"tax": 0.01}, "/tax"),
        ({"total": 0.01}, "/total"),
        ({"total": 17.95}, "/total"),
        ({"total": 17.97}, "/total"),
    ],
    ids=str,
)
def test_a_claim_that_is_a_cent_off_is_refused(
    guest: Storefront, art: Json, changes: Json, pointer: str
) -> None:
    with nothing_changes():
        refusal = assert_refused(
            guest.call("POST", CREATE, json=order_body(tee(art), **changes)),
            409,
            "A price has changed since you saw it. Please review your cart.",
            code="price_changed",
        )

    assert pointer in {row["pointer"] for row in refusal["diff"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"unit_price": 0.01, "total_price": 0.01},
        {"unit_price": 12.97, "total_price": 12.97},
        {"total_price": 0.01},
    ],
    ids=str,
)
def test_an_item_that_is_too_cheap_is_refused(guest: Storefront, art: Json, changes: Json) -> None:
    with nothing_changes():
        answer = guest.call("POST", CREATE, json=order_body(tee(art) | changes))

    assert (answer.status_code, answer.json()["code"]) == (409, "price_changed")


@pytest.mark.parametrize("quantity", [-2, 0, 1.5, 10**9, "two", None, True, [1]], ids=str)
def test_a_quantity_is_a_whole_number_of_pieces(guest: Storefront, art: Json, quantity: Any) -> None:
    item = tee(art) | {"quantity": quantity}
    if quantity == -2:
        item["total_price"] = -25.96

    with nothing_changes():
        answer = guest.call("POST", CREATE, json=order_body(item, subtotal=12.98, total=17.96))

    assert answer.status_code == 400
    assert answer.json()["message"] == A_TEXT


@pytest.mark.parametrize(
    "change",
    [
        {"subtotal": "12.98"},
        {"subtotal": -12.98},
        {"shipping": -4.98},
        {"total": None},
        {"tax": "none"},
        {"tax": True},
        {"total": 1e300},
    ],
    ids=str,
)
def test_amounts_are_numbers_and_not_negative(guest: Storefront, art: Json, change: Json) -> None:
    with nothing_changes():
        answer = guest.call("POST", CREATE, json=order_body(tee(art)) | change)

    assert answer.status_code == 400
    assert answer.json()["message"] == A_TEXT


def test_an_artwork_that_is_still_in_the_browser_is_refused(guest: Storefront) -> None:
    """`blob:` and no `assetId`: the upload had not finished when the tee went into the cart."""
    item = tee(None)
    blob = {"url": f"blob:http://localhost:5173/{UNKNOWN_ID}", "position": None}
    item["customization"]["frontArtworks"] = [blob]

    with nothing_changes():
        assert_refused(
            guest.call("POST", CREATE, json=order_body(item)),
            400,
            "An artwork has not finished uploading. Please remove the item and add it again.",
        )


def test_an_unknown_artwork_is_refused(guest: Storefront, art: Json) -> None:
    with nothing_changes():
        assert_refused(
            guest.call("POST", CREATE, json=order_body(tee(art | {"id": UNKNOWN_ID}))),
            422,
            "An artwork of this item is not available. Please upload it again.",
            code="asset_not_found",
        )


def test_another_customers_artwork_is_refused_in_the_same_words(
    guest: Storefront, customer: Storefront, stranger: Storefront, art_png: bytes
) -> None:
    owned = customer.upload_file("mine.png", art_png, "image/png")

    for thief in (guest, stranger):
        with nothing_changes():
            assert_refused(
                thief.call("POST", CREATE, json=order_body(tee(owned))),
                422,
                "An artwork of this item is not available. Please upload it again.",
            )


@pytest.mark.parametrize(
    "customization_sent",
    [
        {"method": "dtg", "frontArtworks": "none", "backArtworks": [], "neckArtwork": None},
        {"method": "dtg", "frontArtworks": [1], "backArtworks": [], "neckArtwork": None},
        {"method": "dtg", "frontArtworks": [], "backArtworks": [], "neckArtwork": []},
        {"method": "laser", "frontArtworks": [], "backArtworks": [], "neckArtwork": None},
        [],
        "none",
    ],
    ids=str,
)
def test_a_broken_customization_is_refused(guest: Storefront, customization_sent: Any) -> None:
    with nothing_changes():
        answer = guest.call(
            "POST", CREATE, json=order_body(tee(None) | {"customization": customization_sent})
        )

    assert answer.status_code in (400, 422)
    assert answer.json()["message"] == A_TEXT


@pytest.mark.parametrize("name", ["x", "scaleX", "rotation"])
@pytest.mark.parametrize("value", ["left", None, 1e9, True])
def test_a_broken_position_is_refused(guest: Storefront, art: Json, name: str, value: Any) -> None:
    item = tee(art)
    position = item["customization"]["frontArtworks"][0]["position"]
    item["customization"]["frontArtworks"][0]["position"] = position | {name: value}

    with nothing_changes():
        answer = guest.call("POST", CREATE, json=order_body(item))

    assert answer.status_code == 400
    assert answer.json()["message"] == A_TEXT


@pytest.mark.parametrize("country", ["DE", "us", "", None])
def test_the_shop_ships_to_two_countries(guest: Storefront, art: Json, country: str | None) -> None:
    body = order_body(tee(art), address=NEVADA | {"country": country})

    with nothing_changes():
        answer = guest.call("POST", CREATE, json=body)

    assert answer.status_code in (400, 422)
    assert answer.json()["message"] == A_TEXT
