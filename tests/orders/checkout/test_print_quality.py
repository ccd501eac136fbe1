"""The gate of checkout: bad prints are refused with the size that would pass, poor ones need a ground."""

from __future__ import annotations

import copy
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from demo.storefront import Json, Storefront
from orders.models import Order, OrderLine
from pricing.models import PriceBook
from pricing.services.books import book_draft, book_publish
from products.models import PrintArea
from tests.contracts.baskets import CREATE, order_body, placed, variant_id
from tests.contracts.expectations import assert_has, data_of


def png(width_px: int, height_px: int) -> bytes:
    """A solid red picture."""
    file = io.BytesIO()
    Image.new("RGBA", (width_px, height_px), (200, 40, 60, 255)).save(file, "PNG")
    return file.getvalue()


def stripes(*colours: tuple[int, int, int]) -> bytes:
    """A picture of 1600 px with a stripe of each colour."""
    picture = Image.new("RGBA", (1600, 200 * len(colours)))
    for row, colour in enumerate(colours):
        picture.paste((*colour, 255), (0, 200 * row, 1600, 200 * row + 200))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


SCALE = 390 / 14  # stage pixels per inch


@pytest.fixture(autouse=True)
def _shut_gate(settings: Any) -> None:
    settings.PRINT_QUALITY_GATE = "refuse"
    settings.POOR_PRINT_TERMS = "terms-of-use"


@pytest.fixture
def upload(guest: Storefront) -> Any:
    """Uploads a solid picture of so many pixels and gives its asset."""
    return lambda width, height: guest.upload_file("art.png", png(width, height), "image/png")


def at(width_in: float, left_in: float = 1.0) -> Json:
    size = width_in * SCALE / 500
    return {"x": 103 + left_in * SCALE, "y": 100 + SCALE, "scaleX": size, "scaleY": size, "rotation": 0}


def item(asset: Json, position: Json | None, **changes: Any) -> Json:
    custom = {
        "method": "dtg", "frontArtworks": [placed(asset, position)], "backArtworks": [], "neckArtwork": None,
    }  # fmt: skip
    return {
        "variant_id": variant_id("TEE-BLK-M"),
        "quantity": 1,
        "unit_price": 12.98,
        "total_price": 12.98,
        "customization": custom,
    } | changes


def order(browser: Storefront, *items: Json) -> Any:
    return browser.call("POST", CREATE, json=order_body(*items))


def refusal(answer: Any, code: str) -> Json:
    assert answer.status_code == 422, answer.text
    body: Json = answer.json()
    assert body["code"] == code
    return body


def test_a_bad_print_is_refused_with_the_largest_size_that_passes(guest: Storefront, upload: Any) -> None:
    asset = upload(900, 450)
    body = refusal(order(guest, item(asset, at(10.0))), "print_quality_bad")
    assert Order.objects.count() == 0
    (error,) = body["errors"]
    assert_has(error, effective_dpi=90.0, largest_width_in=6.0, largest_height_in=3.0)
    assert error["pointer"] == "/items/0/customization/frontArtworks/0"
    assert "6.00 x 3.00 in would pass" in body["message"]

    assert order(guest, item(asset, at(error["largest_width_in"]))).status_code == 201


def test_a_poor_print_is_made_by_the_shops_terms_and_the_order_says_so(
    guest: Storefront, upload: Any
) -> None:
    data_of(order(guest, item(upload(1600, 800), at(10.0))), 201)
    line = OrderLine.objects.get()
    assert_has(line.print_quality, grade="poor", consent="terms:terms-of-use")
    assert line.print_quality["placements"]["front"]["layers"][0]["effective_dpi"] == 160.0
    assert len(line.design_hash) == 64


def test_without_such_terms_the_customer_has_to_agree(guest: Storefront, upload: Any, settings: Any) -> None:
    settings.POOR_PRINT_TERMS = ""
    asset = upload(1600, 800)
    refusal(order(guest, item(asset, at(10.0))), "print_quality_consent_required")
    assert Order.objects.count() == 0
    data_of(order(guest, item(asset, at(10.0), accept_poor_print=True)), 201)
    assert OrderLine.objects.get().print_quality["consent"] == "customer"


def test_consent_does_not_make_a_bad_print_good(guest: Storefront, upload: Any) -> None:
    refusal(order(guest, item(upload(900, 450), at(10.0), accept_poor_print=True)), "print_quality_bad")


def test_a_good_print_needs_no_ground(guest: Storefront, upload: Any) -> None:
    data_of(order(guest, item(upload(1500, 700), at(5.0))), 201)
    assert_has(OrderLine.objects.get().print_quality, grade="good", consent="")


def test_a_product_may_ask_for_more_by_method(guest: Storefront, upload: Any) -> None:
    PrintArea.objects.filter(product__slug="classic-tee", placement="front", method__name="dtg").update(
        min_dpi=200, okay_dpi=250
    )
    body = refusal(order(guest, item(upload(1600, 800), at(10.0))), "print_quality_bad")
    assert body["errors"][0]["largest_width_in"] == 8.0


def test_nothing_to_print_is_no_order(guest: Storefront, upload: Any) -> None:
    away = at(3.0) | {"x": 5000.0}
    body = refusal(order(guest, item(upload(900, 900), away)), "nothing_to_print")
    assert "outside the print area" in body["message"]
    file = io.BytesIO()
    Image.new("RGBA", (900, 900)).save(file, "PNG")
    clear = guest.upload_file("clear.png", file.getvalue(), "image/png")
    assert "no visible pixel" in refusal(order(guest, item(clear, at(3.0))), "nothing_to_print")["message"]


def test_a_shop_may_only_note_it(guest: Storefront, upload: Any, settings: Any) -> None:
    settings.PRINT_QUALITY_GATE = "note"
    data_of(order(guest, item(upload(300, 300), None)), 201)
    assert_has(OrderLine.objects.get().print_quality, grade="bad", consent="terms:terms-of-use")


def test_a_quote_shows_the_quality_and_refuses_nothing(guest: Storefront, upload: Any) -> None:
    asked = item(upload(900, 450), at(10.0))
    body = {"items": [{name: asked[name] for name in ("variant_id", "quantity", "customization")}]}
    quoted = data_of(guest.call("POST", "/api/orders/quote", json=body), 201)
    (quality,) = quoted["print_quality"]
    assert quality["grade"] == "bad"
    assert quality["placements"]["front"]["inks"]["count"] == 1


@pytest.fixture
def screen_prints(guest: Storefront) -> None:
    """The storefront's book also prices screen prints by their inks."""
    draft = book_draft("storefront")
    trade = PriceBook.objects.get(code="trade")
    draft.rules = copy.deepcopy(draft.rules)
    draft.rules["methods"]["screen_print"] = trade.rules["methods"]["screen_print"]
    draft.save()
    book_publish(draft, None)


def screen_quote(browser: Storefront, asset: Json, **custom: Any) -> Any:
    asked = item(asset, at(8.0))
    customization = asked["customization"] | {"method": "screen_print"} | custom
    body = {"items": [{"variant_id": asked["variant_id"], "quantity": 24, "customization": customization}]}
    return browser.call("POST", "/api/orders/quote", json=body)


def test_a_screen_print_is_priced_by_the_inks_that_are_counted(
    guest: Storefront, screen_prints: None
) -> None:
    """Black stripes on a black shirt are left open; red and white are printed on an underbase."""
    asset = guest.upload_file("s.png", stripes((200, 40, 60), (255, 255, 255), (27, 27, 29)), "image/png")
    quoted = data_of(screen_quote(guest, asset), 201)
    charges = {line["description"]: line["amount"] for line in quoted["quotes"][0]["lines"]}
    assert charges["First ink colour, front"] == 4.26
    assert charges["1 further ink colour, front"] == 0.61
    assert [amount for text, amount in charges.items() if text.startswith("3 screens at")] == [60.0]
    inks = quoted["print_quality"][0]["placements"]["front"]["inks"]
    assert (inks["count"], inks["knocked_out"]) == (2, ["#1b1b1d"])


def test_a_picture_that_does_not_say_how_many_inks_asks(guest: Storefront, screen_prints: None) -> None:
    ramp = np.zeros((600, 1200, 4), np.uint8)
    ramp[..., 0] = np.linspace(0, 255, 1200)
    ramp[..., 3] = 255
    file = io.BytesIO()
    Image.fromarray(ramp).save(file, "PNG")
    asset = guest.upload_file("ramp.png", file.getvalue(), "image/png")
    body = refusal(screen_quote(guest, asset), "ink_count_uncertain")
    assert body["placement"] == "front"
    assert body["inks"]["confidence"] < 0.8
    quoted = data_of(screen_quote(guest, asset, confirmedInks={"front": 2}), 201)
    descriptions = [line["description"] for line in quoted["quotes"][0]["lines"]]
    assert "1 further ink colour, front" in descriptions


def test_a_clients_word_does_not_make_a_clear_picture_cheaper(guest: Storefront, screen_prints: None) -> None:
    asset = guest.upload_file("s.png", stripes((200, 40, 60), (255, 255, 255), (10, 150, 60)), "image/png")
    quoted = data_of(screen_quote(guest, asset, confirmedInks={"front": 1}), 201)
    descriptions = [line["description"] for line in quoted["quotes"][0]["lines"]]
    assert "2 further ink colours, front" in descriptions
