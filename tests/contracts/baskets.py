"""Bodies of the checkout page, float noise and all, and the two calls that every buyer makes."""

from __future__ import annotations

from typing import Any

from demo.storefront import SHIPPING, Json, Storefront, artwork, cart_item, customization
from demo.walk import ADDRESS
from orders.payments.backends.bank import confirm_intent
from products.models import Variant
from tests.contracts.expectations import data_of
from tests.contracts.in_process import API_URL

CREATE = "/api/orders/create"
CUSTOMER = {"email": "ada@example.com", "name": "Ada Lovelace", "phone": ""}
# The shop collects no tax there, so totals are those of CONTRACT 3.1.
NEVADA = ADDRESS | {"city": "Reno", "state": "NV", "postal_code": "89501"}
# As the stage reports it, digit by digit (CONTRACT 2.2).
POSITION = {
    "x": 419.77500000000003,
    "y": 405.331,
    "scaleX": 0.6004497244665725,
    "scaleY": 0.600449724466573,
    "rotation": 0,
}


def variant_id(sku: str) -> str:
    return str(Variant.objects.get(sku=sku).pk)


def placed(asset: Json, position: Json | None = POSITION) -> Json:
    """One artwork of the cart: an absolute address, a position, and the id of the asset."""
    return artwork(API_URL, asset, position)


def tee(art: Json | None, *, quantity: int = 1, unit_price: float = 12.98, back: bool = False) -> Json:
    """A black tee in M, with the artwork on its front, or on both sides."""
    sides = customization(front=[placed(art)] if art else [], back=[placed(art)] if art and back else [])
    return cart_item({"id": variant_id("TEE-BLK-M")}, quantity, unit_price, sides)


def hoodie(art: Json, *, quantity: int = 1, unit_price: float = 35.99) -> Json:
    """What the hoodie page puts into the cart: a fixed alias instead of a variant's id."""
    return cart_item({"id": "hoodie-M"}, quantity, unit_price, customization(front=[placed(art)]))


def order_body(*items: Json, address: Json = NEVADA, tax: float = 0, **changes: Any) -> Json:
    """The body of `POST /api/orders/create`; sums are IEEE floats, as JavaScript makes them."""
    subtotal = sum(item["total_price"] for item in items)
    body = {
        "customer": CUSTOMER,
        "items": list(items),
        "shipping_address": address,
        "billing_address": dict(address),
        "subtotal": subtotal,
        "tax": tax,
        "shipping": SHIPPING,
        "total": subtotal + SHIPPING + tax,
    }
    return body | changes


def create(browser: Storefront, *items: Json, **changes: Any) -> Json:
    return data_of(browser.call("POST", CREATE, json=order_body(*items, **changes)), 201)


def pay(browser: Storefront, created: Json) -> Json:
    """The card is charged; the shop hears of it from the browser."""
    secret = created["client_secret"]
    intent = confirm_intent(secret.split("_secret_")[0], client_secret=secret, payment_method="pm_card_visa")
    browser.capture_payment(created["order"]["id"], intent["id"])
    return intent
