"""CONTRACT 1.5, 2.2, 3: the order, its price to the cent, and its sameness under retries."""

import json
from decimal import Decimal
from typing import Any

import pytest

from demo.storefront import Json, Refused, Storefront, customization
from demo.walk import ADDRESS
from orders.models import Order, OrderLine, Payment
from products.models import Variant
from tests.contracts.baskets import (
    CREATE,
    NEVADA,
    create,
    hoodie,
    order_body,
    pay,
    placed,
    tee,
)
from tests.contracts.expectations import (
    A_RANDOM_ID,
    A_TEXT,
    A_TIME,
    AN_OBJECT,
    assert_has,
    assert_refused,
    data_of,
    nothing_changes,
)


def test_a_created_order_has_what_the_page_reads(guest: Storefront, art: Json) -> None:
    data = create(guest, tee(art, quantity=3))
    order = data["order"]

    assert_has(order, id=A_RANDOM_ID, order_number=A_TEXT, created_at=A_TIME, updated_at=A_TIME)
    assert_has(order, payment_status="pending", production_status="pending", tracking_number=None)
    assert_has(order, subtotal=38.94, shipping=4.98, tax=0.0, discount=0.0, total=43.92)
    assert_has(order, shipping_address=NEVADA)
    intent, _, secret = data["client_secret"].partition("_secret_")
    assert intent.startswith("pi_") and secret


def test_the_order_number_fits_an_address_and_cannot_be_guessed(guest: Storefront, art: Json) -> None:
    numbers = [create(guest, tee(art, quantity=n))["order"]["order_number"] for n in (1, 2)]

    for number in numbers:
        assert number.startswith("RB-") and len(number) <= 50
        assert set(number) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
    assert numbers[0][:9] != numbers[1][:9]


@pytest.mark.parametrize(
    ("quantity", "unit_price", "back", "subtotal", "total"),
    # CONTRACT 3.1
    [
        (1, 12.98, False, 12.98, 17.96),
        (1, 17.98, True, 17.98, 22.96),
        (3, 12.98, False, 38.94, 43.92),
        (9, 12.98, False, 116.82, 121.80),
        (24, 17.98, True, 431.52, 436.50),
    ],
)
def test_a_tee_costs_what_its_page_shows(
    guest: Storefront,
    art: Json,
    quantity: int,
    unit_price: float,
    back: bool,
    subtotal: float,
    total: float,
) -> None:
    order = create(guest, tee(art, quantity=quantity, unit_price=unit_price, back=back))["order"]

    assert (order["subtotal"], order["total"]) == (subtotal, total)


def test_a_blank_tee_can_be_ordered(guest: Storefront) -> None:
    assert create(guest, tee(None))["order"]["total"] == 17.96


@pytest.mark.parametrize(
    ("sides", "unit_price", "quantity", "total"),
    [
        ("front", 35.99, 1, 40.97),
        ("front back neck", 41.99, 1, 46.97),
        ("neck", 36.99, 2, 78.96),
        ("front", 35.99, 5, 184.93),
    ],
    ids=str,
)
def test_a_hoodie_costs_what_its_page_shows(
    guest: Storefront, art: Json, sides: str, unit_price: float, quantity: int, total: float
) -> None:
    item = hoodie(art, quantity=quantity, unit_price=unit_price)
    one = [placed(art)]
    item["customization"] = customization(
        front=one if "front" in sides else [],
        back=one if "back" in sides else [],
        neck=one[0] if "neck" in sides else None,
    )

    assert create(guest, item)["order"]["total"] == total


def test_a_neck_label_that_survived_on_a_tee_is_not_charged(guest: Storefront, art: Json) -> None:
    item = tee(art)
    item["customization"]["neckArtwork"] = placed(art, None)

    assert create(guest, item)["order"]["subtotal"] == 12.98


@pytest.mark.parametrize("size", ["S", "M", "L", "XL", "2XL"])
def test_every_alias_of_the_hoodie_page_is_a_variant(guest: Storefront, art: Json, size: str) -> None:
    number = create(guest, hoodie(art) | {"variant_id": f"hoodie-{size}"})["order"]["order_number"]

    line = OrderLine.objects.get(order__number=number)
    assert line.sku == f"HOODIE-BLK-{size}"


def test_two_lines_of_one_variant_are_fine(guest: Storefront, art: Json) -> None:
    assert create(guest, tee(art), tee(None))["order"]["subtotal"] == 25.96


def test_what_the_storefront_sent_is_kept_word_for_word(guest: Storefront, art: Json) -> None:
    item = tee(art)
    item["customization"]["frontArtworks"] += [placed(art, None)]
    item["mockupUrl"] = "data:image/png;base64,AAAA"

    number = create(guest, item, discount=0, customer_notes="Please hurry")["order"]["order_number"]

    line = OrderLine.objects.select_related("order").get(order__number=number)
    assert line.customization == item["customization"]
    assert line.order.customer_notes == "Please hurry"
    positions = [artwork.position for artwork in line.artworks.order_by("index")]
    assert positions == [item["customization"]["frontArtworks"][0]["position"], None]


def test_the_tax_is_charged_as_it_was_shown(guest: Storefront, art: Json) -> None:
    """17.98 at 7.25 % is 1.30; the button shows 17.98 + 4.98 + 1.30."""
    order = create(guest, tee(art, unit_price=17.98, back=True), address=ADDRESS, tax=1.30)["order"]

    assert (order["tax"], order["total"]) == (1.30, 24.26)


def test_the_same_body_twice_is_one_order_with_one_secret(guest: Storefront, art: Json) -> None:
    first, second = create(guest, tee(art)), create(guest, tee(art))

    assert second["order"] == first["order"]
    assert second["client_secret"] == first["client_secret"]
    assert (Order.objects.count(), Payment.objects.count()) == (1, 1)


def test_after_a_declined_card_the_order_is_the_same(guest: Storefront, art: Json) -> None:
    first = create(guest, tee(art))
    with pytest.raises(Refused) as declined:
        guest.confirm_card_payment(first["client_secret"], "pm_card_chargeDeclined")

    second = create(guest, tee(art))

    assert declined.value.status == 402
    assert second["order"]["id"] == first["order"]["id"]
    assert second["client_secret"] == first["client_secret"]


def test_once_paid_the_same_basket_is_a_new_purchase(guest: Storefront, art: Json) -> None:
    first = create(guest, tee(art))
    pay(guest, first)

    second = create(guest, tee(art))

    assert second["order"]["id"] != first["order"]["id"]
    assert second["client_secret"] != first["client_secret"]


def test_another_customer_with_the_same_basket_gets_an_order_of_his_own(
    guest: Storefront, stranger: Storefront, art: Json
) -> None:
    assert create(guest, tee(art))["order"]["id"] != create(stranger, tee(art))["order"]["id"]


def create_with_key(browser: Storefront, key: str, *items: Json) -> Any:
    return browser.call("POST", CREATE, json=order_body(*items), headers={"Idempotency-Key": key})


@pytest.mark.parametrize("again", ["click-1", '"click-1"'])
def test_the_same_key_is_the_same_order_also_after_it_was_paid(
    guest: Storefront, art: Json, again: str
) -> None:
    first = data_of(create_with_key(guest, "click-1", tee(art)), 201)
    pay(guest, first)
    # Whatever the price is by now: what was ordered is what is answered.
    Variant.objects.filter(sku="TEE-BLK-M").update(base_price=Decimal("13.98"))

    second = data_of(create_with_key(guest, again, tee(art)), 201)

    assert second["order"]["id"] == first["order"]["id"]
    assert second["client_secret"] == first["client_secret"]
    assert second["order"]["total"] == 17.96
    assert (Order.objects.count(), Payment.objects.count()) == (1, 1)


def test_another_key_is_another_order(guest: Storefront, art: Json) -> None:
    first = data_of(create_with_key(guest, "click-1", tee(art)), 201)

    assert data_of(create_with_key(guest, "click-2", tee(art)), 201)["order"]["id"] != first["order"]["id"]
    assert create(guest, tee(art))["order"]["id"] != first["order"]["id"]


def test_a_key_with_another_body_is_refused(guest: Storefront, art: Json) -> None:
    data_of(create_with_key(guest, "click-1", tee(art)), 201)

    with nothing_changes():
        assert_refused(
            create_with_key(guest, "click-1", tee(art, quantity=2)),
            422,
            "This Idempotency-Key was used for another order.",
            code="idempotency_key_reused",
        )


def test_a_key_belongs_to_its_client(guest: Storefront, stranger: Storefront, art: Json) -> None:
    """Whoever guesses it gets an order of his own, not the secret of somebody else's."""
    mine = data_of(create_with_key(guest, "click-1", tee(art)), 201)
    theirs = data_of(create_with_key(stranger, "click-1", tee(None)), 201)

    assert theirs["order"]["id"] != mine["order"]["id"]
    assert theirs["client_secret"] != mine["client_secret"]


@pytest.mark.parametrize("key", ["", '""', "a b", "x" * 256])
def test_a_key_that_is_none_is_400(guest: Storefront, art: Json, key: str) -> None:
    with nothing_changes():
        assert_refused(
            create_with_key(guest, key, tee(art)),
            400,
            "Idempotency-Key must be 1 to 255 printable characters.",
        )


def test_a_refused_request_does_not_use_its_key_up(guest: Storefront, art: Json) -> None:
    assert create_with_key(guest, "click-1", tee(art, unit_price=0.01)).status_code == 409

    assert create_with_key(guest, "click-1", tee(art)).status_code == 201


def test_an_order_from_canada(guest: Storefront, art: Json) -> None:
    toronto = ADDRESS | {"city": "Toronto", "state": "ON", "postal_code": "M5V 3L9", "country": "CA"}

    assert create(guest, tee(art), address=toronto)["order"]["total"] == 17.96


def test_a_guest_with_a_bad_token_can_still_order(guest: Storefront, art: Json) -> None:
    guest.token = "expired.or.garbage"

    assert create(guest, tee(art))["order"]["total"] == 17.96


def test_the_body_of_an_order_is_json_as_javascript_writes_it(guest: Storefront, art: Json) -> None:
    """The digits of an IEEE product survive the way: 12.98 x 9 is 116.82000000000001."""
    body = order_body(tee(art, quantity=9))

    assert "116.82000000000001" in json.dumps(body)
    assert_has(create(guest, tee(art, quantity=9))["order"], subtotal=116.82, shipping_address=AN_OBJECT)
