"""A price per ink is a price of the inks that the shop has counted; a caller's number counts where nothing is known."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from demo.storefront import Json, Refused, Storefront
from designs.models import ArtworkFacts
from tests.contracts.baskets import variant_id
from tests.contracts.test_designs import design_body, design_data, save

pytestmark = pytest.mark.django_db
NOWHERE = "3f0c7f4e-8d8f-4f0e-9a57-0d5f7d3a1c11"
SPOT_COLOURS = ((200, 40, 60), (30, 80, 200), (250, 220, 40))


def upload(browser: Storefront, colours: int) -> Json:
    """Bars of so many flat colours on clear ground."""
    picture = Image.new("RGBA", (900, 600))
    for index, colour in enumerate(SPOT_COLOURS[:colours]):
        picture.paste((*colour, 255), (100 + 200 * index, 100, 250 + 200 * index, 500))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return browser.upload_file("bars.png", file.getvalue(), "image/png")


def ask(browser: Storefront, *placements: Json, sku: str = "TEE-WHT-M", **changes: Any) -> Json:
    body = {
        "variant_id": variant_id(sku),
        "method": "screen_print",
        "book": "trade",
        "placements": list(placements),
        "quantity": 48,
    }
    data: Json = browser.json("POST", "/api/price/quote", json=body | changes)["data"]
    return data


def test_the_count_of_the_artwork_goes_before_the_callers(guest: Storefront) -> None:
    art = upload(guest, 3)
    honest = ask(guest, {"placement": "front", "ink_colours": 3})
    counted = ask(guest, {"placement": "front", "ink_colours": 1, "artwork_ids": [art["id"]]})
    assert counted["inks"] == [{"placement": "front", "count": 3, "basis": "artwork", "counted": 3}]
    assert counted["subtotal"] == honest["subtotal"] > ask(guest, {"ink_colours": 1})["subtotal"]
    # Three names are no fourth ink, and none is none.
    named = {"placement": "front", "colors": ["a", "b", "c", "d"], "artwork_ids": [art["id"]]}
    assert ask(guest, named)["subtotal"] == honest["subtotal"]


def test_without_an_artwork_the_caller_is_believed_and_the_answer_says_so(guest: Storefront) -> None:
    assert ask(guest, {"ink_colours": 2})["inks"] == [
        {"placement": "front", "count": 2, "basis": "caller", "counted": None}
    ]


def test_an_uncertain_count_is_the_callers_to_settle(guest: Storefront) -> None:
    art = upload(guest, 3)
    ask(guest, {"artwork_ids": [art["id"]]})
    facts = ArtworkFacts.objects.get(asset=art["id"])
    ArtworkFacts.objects.filter(pk=facts.pk).update(inks=facts.inks | {"confidence": 0.1})
    said = ask(guest, {"artwork_ids": [art["id"]], "ink_colours": 2})["inks"]
    assert said == [{"placement": "front", "count": 2, "basis": "caller", "counted": 3}]
    unsaid = ask(guest, {"artwork_ids": [art["id"]]})["inks"]
    assert unsaid == [{"placement": "front", "count": 3, "basis": "estimate", "counted": 3}]


def test_a_saved_design_is_counted_on_both_sides(customer: Storefront) -> None:
    one, three = upload(customer, 1), upload(customer, 3)
    body = design_body(
        one, designData=design_data(front=[None], back=[None]), artworkIds=[one["id"], three["id"]]
    )
    design = save(customer, body)
    sides = ({"placement": "front"}, {"placement": "back", "ink_colours": 9})
    told = ask(customer, *sides, design_id=design["id"])["inks"]
    assert [(row["placement"], row["count"], row["basis"]) for row in told] == [
        ("front", 1, "artwork"), ("back", 3, "artwork"),
    ]  # fmt: skip
    compared = customer.json(
        "POST", "/api/price/compare",
        json={
            "variant_id": variant_id("TEE-WHT-M"), "quantity": 48, "placements": list(sides),
            "design_id": design["id"],
        },
    )["data"]  # fmt: skip
    assert compared["inks"] == told


def test_what_is_somebody_elses_is_not_counted(
    customer: Storefront,
    stranger: Storefront,
    guest: Storefront,
) -> None:
    art = upload(customer, 2)
    design = save(customer, design_body(art))
    for browser in (stranger, guest):
        for given in ({"artwork_ids": [art["id"]]}, {"artwork_ids": [NOWHERE]}):
            with pytest.raises(Refused) as refusal:
                ask(browser, given)
            assert (refusal.value.status, refusal.value.message) == (404, "File not found")
        for known in (design["id"], NOWHERE):
            with pytest.raises(Refused) as refusal:
                ask(browser, {"ink_colours": 1}, design_id=known)
            assert (refusal.value.status, refusal.value.message) == (404, "Design not found")
