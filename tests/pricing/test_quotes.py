"""A quote is frozen, signed, and holds for a day whatever becomes of the book."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from demo.storefront import Json, Refused, Storefront
from pricing.models import PriceBook, Quote
from pricing.services.books import book_draft, book_publish
from pricing.services.quotes import quote_difference
from products.models import Variant
from tests.contracts.baskets import variant_id

pytestmark = pytest.mark.django_db
NOWHERE = "3f0c7f4e-8d8f-4f0e-9a57-0d5f7d3a1c11"


def ask(shop: Storefront, **changes: Any) -> Json:
    body = {
        "variant_id": variant_id("TEE-BLK-M"),
        "method": "dtg",
        "placements": [{"width": 10, "height": 12}],
        "quantity": 6,
    } | changes
    data: Json = shop.json("POST", "/api/price/quote", json=body)["data"]
    return data


def read(shop: Storefront, quote_id: str) -> Json:
    quote: Json = shop.json("GET", f"/api/price/quote/{quote_id}")["data"]["quote"]
    return quote


def test_a_quote_cites_the_rule_and_the_books_version_of_every_charge(guest: Storefront) -> None:
    data = ask(guest)
    assert data["quote"]["book"] == "standard@1"
    assert all(line["rule"].startswith("standard@1/") for line in data["lines"])
    per_piece = sum(line["amount"] for line in data["lines"] if line["per"] == "piece")
    once = sum(line["amount"] for line in data["lines"] if line["per"] == "order")
    assert per_piece * 6 + once == pytest.approx(data["subtotal"], abs=1e-9)
    assert read(guest, data["quote"]["id"])["total"] == data["subtotal"]


def test_the_next_break_says_how_many_more_make_a_piece_how_much_cheaper(guest: Storefront) -> None:
    assert ask(guest, quantity=11)["next_break"] == {"qty": 12, "saves": pytest.approx(7.78, abs=2)}
    assert ask(guest, quantity=500)["next_break"] is None


def test_pieces_of_the_design_in_other_sizes_count(guest: Storefront) -> None:
    alone = ask(guest, quantity=6)["breakdown"]["unit_price"]
    assert ask(guest, quantity=6, design_quantity=24)["breakdown"]["unit_price"] < alone


def test_a_quote_survives_a_new_book_and_a_new_one_has_the_new_price(guest: Storefront) -> None:
    before = ask(guest)
    draft = book_draft("standard")
    draft.rules["methods"]["dtg"]["per_location"] = "9.00"
    draft.save()
    book_publish(draft, None)
    after = ask(guest)
    assert after["quote"]["book"] == "standard@2"
    assert after["subtotal"] > before["subtotal"]
    assert read(guest, before["quote"]["id"])["total"] == before["subtotal"]


@pytest.mark.parametrize(
    "field", ["total", "unit_price", "quantity", "design_hash", "expires_at", "book_version", "breakdown"]
)
def test_a_row_that_was_tampered_with_is_not_honoured(guest: Storefront, field: str) -> None:
    quote_id = ask(guest)["quote"]["id"]
    value: Any = {
        "book_version": 7,
        "expires_at": timezone.now() + timedelta(days=9),
        "design_hash": "0" * 64,
        "breakdown": {"charges": []},
    }.get(field, 1)
    Quote.objects.filter(pk=quote_id).update(**{field: value})
    with pytest.raises(Refused) as refusal:
        read(guest, quote_id)
    assert (refusal.value.status, refusal.value.body["code"]) == (409, "quote_tampered")


@pytest.mark.parametrize("reference", ["abc", NOWHERE])
def test_unknown_quotes(guest: Storefront, reference: str) -> None:
    with pytest.raises(Refused) as refusal:
        read(guest, reference)
    assert (refusal.value.status, refusal.value.message) == (404, "Quote not found")


def test_margins_are_for_staff(guest: Storefront, staff: Storefront) -> None:
    assert "margin" not in ask(guest)
    margin = ask(staff)["margin"]
    assert margin["blank_cost"] == 30.0 and margin["warning"] is False
    Variant.objects.update(base_cost=Decimal("45.00"))
    assert ask(staff)["margin"]["warning"] is True


@pytest.mark.parametrize(
    ("changes", "status", "pointer"),
    [
        ({"quantity": -1}, 400, "/quantity"),
        ({"quantity": 1.5}, 400, "/quantity"),
        ({"quantity": 10**9}, 400, "/quantity"),
        ({"quantity": "many"}, 400, "/quantity"),
        ({"variant_id": "2"}, 400, "/variant_id"),
        ({"placements": "front"}, 400, "/placements"),
        ({"placements": [{"width": -1}]}, 400, "/placements/0/width"),
        ({"placements": [{"width": "wide"}]}, 400, "/placements/0/width"),
        ({"placements": [{"colors": ["red"] * 21}]}, 400, "/placements/0/colors"),
        ({"design_quantity": 1}, 400, "/design_quantity"),
        ({"variant_id": NOWHERE}, 404, None),
        ({"method": "leather_patch"}, 404, None),
        ({"book": "none-such"}, 404, None),
        ({"book": "storefront", "method": "embroidery"}, 422, "/placements/0/method"),
        (
            {"book": "trade", "method": "screen_print", "placements": [{"ink_colours": 2}]},
            422,
            "/design_quantity",
        ),
    ],
)
def test_bad_input_names_its_field_and_makes_no_quote(
    guest: Storefront, changes: Json, status: int, pointer: str | None
) -> None:
    with pytest.raises(Refused) as refusal:
        ask(guest, **changes)
    assert refusal.value.status == status
    if pointer:
        assert pointer in {error["pointer"] for error in refusal.value.body["errors"]}
    assert Quote.objects.count() == 0


def test_the_same_look_in_every_method(guest: Storefront) -> None:
    body = {
        "variant_id": variant_id("TEE-WHT-M"),
        "placements": [{"placement": "front", "width": 10, "height": 10, "ink_colours": 2, "stitches": 8000}],
        "quantity": 48,
    }
    data = guest.json("POST", "/api/price/compare", json=body)["data"]
    methods = {row["method"]: row for row in data["methods"]}
    assert set(methods) == {"dtg", "embroidery", "screen_print"}, "the product's own methods, and no other"
    assert methods["screen_print"]["total"] < methods["dtg"]["total"]
    crossing = next(
        r for r in data["break_even"] if (r["method"], r["cheaper_than"]) == ("screen_print", "dtg")
    )
    at, below = (
        {
            row["method"]: row["total"]
            for row in guest.json("POST", "/api/price/compare", json=body | {"quantity": n})["data"][
                "methods"
            ]
        }
        for n in (crossing["from_quantity"], crossing["from_quantity"] - 1)
    )
    assert at["screen_print"] < at["dtg"]
    assert below["screen_print"] is None or below["screen_print"] >= below["dtg"]


def test_the_difference_counts_every_placement_that_cites_a_rule() -> None:
    charge = {"rule": "trade@1/methods/x", "amount": "2.00"}
    quoted = {"charges": [charge, charge]}
    current = {
        "charges": [charge | {"rule": "trade@2/methods/x"}, {"rule": "trade@2/rush", "amount": "1.00"}]
    }
    assert quote_difference(quoted, current) == [
        {"rule": "methods/x", "quoted": 4.0, "current": 2.0},
        {"rule": "rush", "quoted": None, "current": 1.0},
    ]


def test_books_of_one_code_have_one_in_force(guest: Storefront) -> None:
    assert sorted(PriceBook.objects.filter(status="published").values_list("code", flat=True)) == [
        "standard", "storefront", "trade",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("placements", "method", "code", "pointer"),
    [
        (
            [{"placement": "sleeve_left", "width": 3, "height": 3}],
            "dtg",
            "placement_not_offered",
            "/placements/0/placement",
        ),
        (
            [{"placement": "front"}, {"placement": "moon"}],
            "dtg",
            "placement_not_offered",
            "/placements/1/placement",
        ),
        (
            [{"placement": "front", "width": 14.5, "height": 3}],
            "dtg",
            "placement_too_large",
            "/placements/0/width",
        ),
        (
            [{"placement": "left_chest", "width": 4, "height": 5}],
            "embroidery",
            "placement_too_large",
            "/placements/0/height",
        ),
        ([{"placement": "front"}, {"placement": "left_chest"}], "dtg", "placement_conflict", "/placements"),
    ],
)
def test_places_are_the_products_large_enough_and_possible_together(
    guest: Storefront, placements: list[Json], method: str, code: str, pointer: str
) -> None:
    with pytest.raises(Refused) as refusal:
        ask(guest, placements=placements, method=method)
    body = refusal.value.body
    assert (refusal.value.status, body["code"], body["errors"][0]["pointer"]) == (422, code, pointer)
    assert Quote.objects.count() == 0
