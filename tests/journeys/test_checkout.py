"""Checkout over HTTP: the hoodie page, a card that is declined first, and one basket that is sent many times."""

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from demo.artwork import artwork as badge
from demo.storefront import Json, Refused, Storefront, artwork, cart_item, customization
from demo.walk import ADDRESS, until
from tests.journeys.walk import (
    CUSTOMER,
    DECLINED,
    VISA,
    capture,
    fetch_pack,
    until_packed,
    until_paid,
)
from tests.server import Shop

# Nevada: the shop collects tax in California alone, so the totals are those of CONTRACT 3.1.
NEVADA = ADDRESS | {"city": "Reno", "state": "NV", "postal_code": "89501"}
# Half of the stage's base size: 1000 px on 4.5 in, which is enough for a printer.
HALF_SIZE = {"x": 270, "y": 250, "scaleX": 0.5, "scaleY": 0.5, "rotation": 0}
SHOPPERS = 8


@dataclass
class HoodieJourney:
    """The answers that the hoodie's buyer got."""

    first: Json
    declined: Refused
    failed: Json
    second: Json
    paid: Json
    captured: Json
    tray: Json
    spec: Json


@pytest.fixture(scope="module")
def art(shop: Shop) -> Iterator[Json]:
    """An artwork that a guest has uploaded on the hoodie page."""
    browser = Storefront(shop.url)
    with browser.session:
        file = io.BytesIO()
        badge(1000).save(file, "PNG")
        yield browser.upload_file("badge.png", file.getvalue(), "image/png")


@pytest.fixture(scope="module")
def hoodie(shop: Shop, art: Json) -> Iterator[HoodieJourney]:
    browser = Storefront(shop.url)
    with browser.session:
        yield _buy_a_hoodie(browser, art)


def _buy_a_hoodie(browser: Storefront, art: Json) -> HoodieJourney:
    placed = artwork(browser.api_url, art, HALF_SIZE)
    printed = customization(front=[placed], back=[placed], neck=placed)
    items = [cart_item({"id": "hoodie-M"}, 1, 41.99, printed)]
    first = browser.create_order(CUSTOMER, items, NEVADA, browser.tax(items, NEVADA))
    with pytest.raises(Refused) as declined:
        browser.confirm_card_payment(first["client_secret"], DECLINED)
    number = first["order"]["order_number"]
    failed = until(
        lambda: _tracked_as(browser, number, "failed"),
        lambda waited_s: None,
    )
    second = browser.create_order(CUSTOMER, items, NEVADA, 0.0)
    intent = browser.confirm_card_payment(second["client_secret"], VISA)
    paid = until_paid(browser, number)
    captured = capture(browser, second["order"], intent).json()
    tray = until_packed(browser, number)
    return HoodieJourney(
        first, declined.value, failed, second, paid, captured, tray, _spec(tray["packs"][0]["url"])
    )


def _tracked_as(browser: Storefront, order_number: str, payment_status: str) -> Json | None:
    tracked = browser.track(order_number)
    return tracked if tracked["order"]["payment_status"] == payment_status else None


def _spec(url: str) -> Json:
    with zipfile.ZipFile(io.BytesIO(fetch_pack(url))) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/spec.json"))
        spec: Json = json.loads(archive.read(name))
        return spec


def test_the_hoodie_costs_what_its_page_shows(hoodie: HoodieJourney) -> None:
    """35.99, the second side 5.00, the neck label 1.00, and shipping 4.98."""
    order = hoodie.first["order"]

    assert (order["subtotal"], order["shipping"], order["tax"], order["total"]) == (41.99, 4.98, 0.0, 46.97)


def test_a_declined_card_is_told_in_stripes_words(hoodie: HoodieJourney) -> None:
    error = hoodie.declined.body["error"]

    assert hoodie.declined.status == 402
    assert error["message"] == "Your card was declined."
    assert (error["code"], error["type"]) == ("card_declined", "card_error")


def test_the_tracking_page_shows_the_failure(hoodie: HoodieJourney) -> None:
    assert hoodie.failed["order"]["payment_status"] == "failed"
    assert hoodie.failed["order"]["production_status"] == "pending"


def test_paying_again_is_the_same_order_and_the_same_intent(hoodie: HoodieJourney) -> None:
    assert hoodie.second["order"]["id"] == hoodie.first["order"]["id"]
    assert hoodie.second["order"]["order_number"] == hoodie.first["order"]["order_number"]
    assert hoodie.second["client_secret"] == hoodie.first["client_secret"]


def test_the_second_card_pays_the_order_once(hoodie: HoodieJourney) -> None:
    assert hoodie.paid["order"]["payment_status"] == "paid"
    assert hoodie.captured["data"]["order"]["total"] == 46.97
    assert len(hoodie.tray["packs"]) == 1


def test_the_hoodies_pack_holds_all_three_prints(hoodie: HoodieJourney) -> None:
    placements = {placement["placement"] for placement in hoodie.spec["placements"]}

    assert placements == {"front", "back", "neck"}
    assert hoodie.spec["garment"]["sku"] == "HOODIE-BLK-M"


@pytest.mark.parametrize(("key", "quantity", "total"), [("", 3, 43.92), ("one-click", 4, 56.90)])
def test_one_basket_that_is_sent_many_times_at_once_is_one_order(
    shop: Shop, browser: Storefront, art: Json, key: str, quantity: int, total: float
) -> None:
    """The storefront sends no Idempotency-Key; with one it is the key that makes them the same."""
    items = [_tee(browser, art, quantity=quantity)]

    answers = _send_at_once(shop, items, key)

    assert {answer["order"]["id"] for answer in answers} == {answers[0]["order"]["id"]}
    assert {answer["client_secret"] for answer in answers} == {answers[0]["client_secret"]}
    assert answers[0]["order"]["total"] == total


def test_a_paid_basket_may_be_bought_again(browser: Storefront, art: Json) -> None:
    items = [_tee(browser, art, quantity=2)]
    first = browser.create_order(CUSTOMER, items, NEVADA, 0.0)
    browser.confirm_card_payment(first["client_secret"], VISA)
    until_paid(browser, first["order"]["order_number"])

    second = browser.create_order(CUSTOMER, items, NEVADA, 0.0)

    assert second["order"]["id"] != first["order"]["id"]
    assert second["client_secret"] != first["client_secret"]
    assert second["order"]["payment_status"] == "pending"


def test_one_intent_does_not_pay_two_orders(browser: Storefront, art: Json) -> None:
    cheap = browser.create_order(CUSTOMER, [_tee(browser, art, quantity=1)], NEVADA, 0.0)
    dear = browser.create_order(CUSTOMER, [_tee(browser, art, quantity=9)], NEVADA, 0.0)
    intent = browser.confirm_card_payment(cheap["client_secret"], VISA)

    answer = capture(browser, dear["order"], intent)

    assert (answer.status_code, answer.json()["message"]) == (400, "Payment not completed")
    assert browser.track(dear["order"]["order_number"])["order"]["payment_status"] == "pending"


def _tee(browser: Storefront, art: Json, *, quantity: int) -> Json:
    variants = browser.product("classic-tee")["variants"]
    navy = next(row for row in variants if (row["color"], row["size"]) == ("Navy", "L"))
    return cart_item(
        navy,
        quantity,
        12.98,
        customization(front=[artwork(browser.api_url, art, HALF_SIZE | {"scaleX": 0.25, "scaleY": 0.25})]),
    )


def _send_at_once(shop: Shop, items: list[Json], key: str) -> list[Json]:
    def send(_: int) -> Json:
        browser = Storefront(shop.url)
        browser.session.headers.update({"Idempotency-Key": key} if key else {})
        with browser.session:
            return browser.create_order(CUSTOMER, items, NEVADA, 0.0)

    with ThreadPoolExecutor(SHOPPERS) as threads:
        return list(threads.map(send, range(SHOPPERS)))
