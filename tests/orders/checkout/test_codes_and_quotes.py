"""Quotes that checkout honours, and orders that a code or a gift card helps to pay."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from demo.storefront import Json, Refused, Storefront
from orders import lifecycle
from orders.models import Order, OrderLine, Payment, ProductionPack
from pricing.models import DiscountCode, GiftCard, Quote
from pricing.services.books import book_draft, book_publish
from pricing.services.gift_cards import gift_card_balance, gift_card_issue
from tests.contracts.baskets import order_body, tee

pytestmark = pytest.mark.django_db
D = Decimal


def create(shop: Storefront, body: Json) -> Json:
    data: Json = shop.json("POST", "/api/orders/create", json=body)["data"]
    return data


def quote_for(shop: Storefront, item: Json) -> Json:
    asked = {name: item[name] for name in ("variant_id", "quantity", "customization")}
    quote: Json = shop.json("POST", "/api/orders/quote", json={"items": [asked]})["data"]["quotes"][0]
    return quote


def raise_prices() -> None:
    """A second printed side costs 9.00 from now on."""
    draft = book_draft("storefront")
    draft.rules["second_side"] = "9.00"
    draft.save()
    book_publish(draft, None)


def quoted(item: Json, quote: Json, **changes: Any) -> Json:
    return item | {"quote": {"id": quote["id"], "signature": quote["signature"]}} | changes


def test_a_quote_holds_after_the_price_went_up(guest: Storefront, art: Json) -> None:
    item = tee(art, back=True, unit_price=17.98)
    quote = quote_for(guest, item)
    assert quote["total"] == 17.98
    raise_prices()
    with pytest.raises(Refused) as refusal:
        create(guest, order_body(item))
    assert (refusal.value.status, refusal.value.body["code"]) == (409, "price_changed")
    assert refusal.value.body["diff"][0] == {
        "pointer": "/items/0/unit_price", "code": "price_changed", "detail": "shown 17.98, is 21.98",
        "shown": 17.98, "actual": 21.98,
    }  # fmt: skip
    assert Order.objects.count() == 0
    data = create(guest, order_body(quoted(item, quote)))
    assert data["order"]["subtotal"] == 17.98
    assert str(OrderLine.objects.get().quote_id) == quote["id"]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda item, quote: quoted(item, quote | {"signature": "0" * 64}), "quote_tampered"),
        (lambda item, quote: quoted(item, quote, quantity=2, total_price=35.96), "quote_changed"),
        (lambda item, quote: quoted(item | {"variant_id": "hoodie-M"}, quote), "quote_changed"),
        (
            lambda item, quote: quoted(
                item | {"customization": item["customization"] | {"backArtworks": []}}, quote
            ),
            "quote_changed",
        ),
    ],
)
def test_a_quote_for_something_else_is_a_conflict_with_a_difference(
    guest: Storefront, art: Json, spoil: Any, code: str
) -> None:
    item = tee(art, back=True, unit_price=17.98)
    quote = quote_for(guest, item)
    raise_prices()
    with pytest.raises(Refused) as refusal:
        create(guest, order_body(spoil(item, quote)))
    assert (refusal.value.status, refusal.value.body["code"]) == (409, code)
    if code == "quote_changed":
        assert refusal.value.body["diff"] and refusal.value.body["quoted_total"] == 17.98
    assert (Order.objects.count(), Payment.objects.count()) == (0, 0)


def test_an_expired_quote_shows_what_changed(
    guest: Storefront, art: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = tee(art, back=True, unit_price=17.98)
    quote = quote_for(guest, item)
    raise_prices()
    later = Quote.objects.get().expires_at
    monkeypatch.setattr("pricing.services.quotes.timezone.now", lambda: later)
    with pytest.raises(Refused) as refusal:
        create(guest, order_body(quoted(item, quote)))
    assert refusal.value.body["code"] == "quote_expired"
    assert refusal.value.body["diff"] == [{"rule": "second_side", "quoted": 5.0, "current": 9.0}]


def test_a_discount_comes_off_the_goods_and_their_tax(guest: Storefront, art: Json) -> None:
    from demo.walk import ADDRESS

    DiscountCode.objects.create(code="TEN", kind="percent", value=D(10))
    body = order_body(tee(art), address=ADDRESS, tax=0.85, discount=1.3, discount_code="ten")
    body["total"] = 12.98 + 4.98 + 0.85 - 1.3
    order = create(guest, body)["order"]
    assert (order["discount"], order["tax"], order["total"]) == (1.3, 0.85, 17.51)  # 7.25 % of 11.68
    assert Payment.objects.get().amount == D("17.51")
    assert DiscountCode.objects.get().given_away == D("1.30")
    assert create(guest, body)["order"]["id"] == order["id"], "the retry is the same order, not a second use"
    lifecycle.order_change_production(Order.objects.get().pk, "cancelled", actor="staff:1")
    assert DiscountCode.objects.get().given_away == 0


def test_a_discount_that_was_not_shown_is_not_taken(guest: Storefront, art: Json) -> None:
    DiscountCode.objects.create(code="TEN", kind="percent", value=D(10))
    with pytest.raises(Refused) as refusal:
        create(guest, order_body(tee(art), discount_code="TEN"))
    assert {d["pointer"] for d in refusal.value.body["diff"]} == {"/discount", "/total"}
    assert (Order.objects.count(), DiscountCode.objects.get().given_away) == (0, 0)


def test_a_gift_card_pays_a_part(guest: Storefront, art: Json) -> None:
    _, secret = gift_card_issue(D("10.00"))
    body = order_body(tee(art), gift_card=10, gift_card_code=secret, total=7.96)
    data = create(guest, body)
    assert (data["order"]["gift_card"], data["order"]["total"]) == (10.0, 7.96)
    assert Payment.objects.get().amount == D("7.96")
    assert gift_card_balance(secret) == 0
    lifecycle.order_change_production(Order.objects.get().pk, "cancelled", actor="staff:1")
    assert gift_card_balance(secret) == D("10.00")


def test_a_gift_card_that_pays_everything_needs_no_card(guest: Storefront, art: Json) -> None:
    _, secret = gift_card_issue(D("50.00"))
    data = create(guest, order_body(tee(art), gift_card=17.96, gift_card_code=secret, total=0))
    assert data["client_secret"] is None
    order = Order.objects.get()
    assert (order.payment_status, order.total, order.gift_card) == ("paid", 0, D("17.96"))
    assert order.events.get(kind="order.paid").actor == "gift-card"
    assert (Payment.objects.count(), ProductionPack.objects.count()) == (0, 1)
    assert gift_card_balance(secret) == D("32.04")


def test_a_refused_order_spends_no_code(
    guest: Storefront, art: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = gift_card_issue(D("10.00"))
    DiscountCode.objects.create(code="TEN", kind="fixed", value=D(1))
    monkeypatch.setattr("orders.checkout.services._insert_line", lambda *args: 1 / 0)
    body = order_body(
        tee(art), gift_card=10, gift_card_code=secret, discount=1, discount_code="TEN", total=6.96
    )
    with pytest.raises(Refused) as refusal:
        create(guest, body)
    assert refusal.value.status == 500
    assert (Order.objects.count(), GiftCard.objects.get().balance) == (0, D("10.00"))
    assert DiscountCode.objects.get().given_away == 0


def test_a_code_that_ends_between_page_and_order_is_refused(guest: Storefront, art: Json) -> None:
    DiscountCode.objects.create(code="TEN", kind="percent", value=D(10), ends_at=timezone.now())
    with pytest.raises(Refused) as refusal:
        create(guest, order_body(tee(art), discount=1.3, discount_code="TEN", total=16.66))
    assert (refusal.value.status, refusal.value.body["code"]) == (422, "discount_expired")
    assert Order.objects.count() == 0
