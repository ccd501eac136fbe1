"""The stock ledger: what an order takes, gives back and sells, and that it can neither oversell nor be rewritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client

from accounts.models import User
from common.errors import Unprocessable
from demo.storefront import Json, Refused, Storefront
from orders import lifecycle
from orders.models import Order, OrderEvent, StockLevel, StockMovement
from orders.stock.services import stock_count, stock_publish, stock_publish_missed
from products.models import Variant
from tests.contracts.baskets import create, hoodie, order_body, pay, tee, variant_id
from tests.contracts.expectations import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def black_m(catalogue: None) -> Variant:
    return Variant.objects.get(sku="TEE-BLK-M")


@pytest.fixture
def ten(black_m: Variant) -> StockLevel:
    return stock_count(black_m, 10, actor="staff:1")


def numbers(level: StockLevel) -> tuple[int, int, int]:
    """On the shelf, held, and for sale."""
    level.refresh_from_db()
    return level.on_hand, level.reserved, level.available


def moves() -> list[tuple[str, int, int]]:
    rows = StockMovement.objects.order_by("created_at")
    return list(rows.values_list("kind", "on_hand_change", "reserved_change"))


def sums_agree(level: StockLevel) -> bool:
    rows = StockMovement.objects.filter(level=level)
    return (sum(m.on_hand_change for m in rows), sum(m.reserved_change for m in rows)) == numbers(level)[:2]


def test_what_nobody_has_counted_is_sold_without_a_limit(guest: Storefront, art: Json) -> None:
    create(guest, tee(art, quantity=500))
    assert StockLevel.objects.count() == StockMovement.objects.count() == 0


def test_an_order_holds_its_pieces_and_sells_them_when_paid(
    guest: Storefront, art: Json, ten: StockLevel
) -> None:
    created = create(guest, tee(art, quantity=3), hoodie(art))
    assert numbers(ten) == (10, 3, 7)
    pay(guest, created)
    assert numbers(ten) == (7, 0, 7)
    assert moves() == [("count", 10, 0), ("reserve", 0, 3), ("sell", -3, -3)]
    assert sums_agree(ten)


def test_two_lines_of_one_variant_count_together(guest: Storefront, art: Json, ten: StockLevel) -> None:
    with nothing_changes(), pytest.raises(Refused) as refusal:
        body = order_body(tee(art, quantity=6), tee(None, quantity=6))
        guest.json("POST", "/api/orders/create", json=body)
    assert (refusal.value.status, refusal.value.body["code"]) == (409, "out_of_stock")
    (error,) = refusal.value.body["errors"]
    assert (error["variant_id"], error["available"]) == (variant_id("TEE-BLK-M"), 10)


@pytest.mark.parametrize("ending", ["expire", "cancel"])
def test_an_order_that_ends_unpaid_lets_go(
    guest: Storefront, art: Json, ten: StockLevel, ending: str
) -> None:
    order = Order.objects.get(pk=create(guest, tee(art, quantity=4))["order"]["id"])
    if ending == "expire":
        assert lifecycle.order_expire(order.pk)
        assert not lifecycle.order_expire(order.pk)
    else:
        for _ in range(2):
            lifecycle.order_change_production(order.pk, "cancelled", actor="staff:1")
    assert numbers(ten) == (10, 0, 10)
    assert moves()[1:] == [("reserve", 0, 4), ("release", 0, -4)]


def test_a_paid_order_that_is_cancelled_before_it_is_printed_gives_its_blanks_back(
    guest: Storefront, art: Json, ten: StockLevel
) -> None:
    created = create(guest, tee(art, quantity=4))
    pay(guest, created)
    lifecycle.order_change_production(created["order"]["id"], "cancelled", actor="staff:1")
    assert numbers(ten) == (10, 0, 10)
    assert moves()[-1] == ("return", 4, 0)


def test_what_was_taken_into_production_does_not_come_back(
    guest: Storefront, art: Json, ten: StockLevel
) -> None:
    created = create(guest, tee(art, quantity=4))
    pay(guest, created)
    for word in ("processing", "cancelled"):
        lifecycle.order_change_production(created["order"]["id"], word, actor="staff:1")
    assert numbers(ten) == (6, 0, 6)


def test_a_declined_card_keeps_what_it_holds(guest: Storefront, art: Json, ten: StockLevel) -> None:
    order = Order.objects.get(pk=create(guest, tee(art, quantity=4))["order"]["id"])
    lifecycle.order_mark_payment_failed(order, actor="stripe", reason="declined")
    assert numbers(ten) == (10, 4, 6)


def test_a_count_leaves_what_orders_hold(guest: Storefront, art: Json, ten: StockLevel) -> None:
    create(guest, tee(art, quantity=4))
    stock_count(ten.variant, 2, actor="staff:1", note="moths")
    assert numbers(ten) == (6, 4, 2)
    assert sums_agree(ten)
    stock_count(ten.variant, None, actor="staff:1")
    create(guest, tee(art, quantity=50))
    assert numbers(ten)[1] == 4
    with pytest.raises(Unprocessable):
        stock_count(ten.variant, -1, actor="staff:1")


def test_the_database_refuses_to_oversell(ten: StockLevel) -> None:
    for wrong in ({"reserved": 11}, {"on_hand": -1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            StockLevel.objects.update(**wrong)
    assert numbers(ten) == (10, 0, 10)


@pytest.mark.parametrize("table", ["orders_stockmovement", "orders_orderevent"])
def test_history_cannot_be_rewritten(guest: Storefront, art: Json, ten: StockLevel, table: str) -> None:
    create(guest, tee(art))
    model = {"orders_stockmovement": StockMovement, "orders_orderevent": OrderEvent}[table]
    with nothing_changes():
        with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
            model.objects.update(actor="somebody else")
        with (
            pytest.raises(DatabaseError, match="only ever added"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE {table} SET actor = 'somebody else'")  # noqa: S608  Our own name.


@pytest.mark.production
def test_history_cannot_be_deleted(guest: Storefront, art: Json, ten: StockLevel) -> None:
    create(guest, tee(art))
    for model in (StockMovement, OrderEvent):
        with nothing_changes(), pytest.raises(DatabaseError), transaction.atomic():
            model.objects.all().delete()


# --- What the catalogue shows --------------------------------------------------------------------------------------


def shown(guest: Storefront) -> int | None:
    products = {product["slug"]: product for product in guest.products()}
    levels = {row["sku"]: row["stock_level"] for row in products["classic-tee"]["variants"]}
    return levels["TEE-BLK-M"]


def test_the_catalogue_shows_what_can_still_be_bought(
    guest: Storefront, art: Json, ten: StockLevel, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    assert shown(guest) is None
    assert stock_publish_missed() == 1
    assert (shown(guest), stock_publish_missed()) == (10, 0)
    with django_capture_on_commit_callbacks(execute=True):
        create(guest, tee(art, quantity=4))
    assert (shown(guest), stock_publish_missed()) == (6, 0)
    stock_count(ten.variant, None, actor="staff:1")
    assert (stock_publish_missed(), shown(guest), stock_publish_missed()) == (1, None, 0)


def test_a_number_that_staff_write_into_the_catalogue_is_a_count(black_m: Variant) -> None:
    black_m.stock_level = 5
    black_m.save()
    level = StockLevel.objects.get(variant=black_m)
    stock_publish(level.pk)
    assert numbers(level) == (5, 0, 5)
    black_m.refresh_from_db()
    black_m.base_price += 1
    black_m.save()
    assert StockMovement.objects.count() == 1, "whatever else is saved is no count"
    black_m.stock_level = None
    black_m.save()
    level.refresh_from_db()
    assert not level.is_tracked


# --- The admin -----------------------------------------------------------------------------------------------------


@pytest.fixture
def owner(client: Client, db: Any) -> Client:
    client.force_login(User.objects.create_user("boss@example.com", None, name="Boss", role=User.Role.OWNER))
    return client


def test_staff_count_in_the_admin(owner: Client, ten: StockLevel) -> None:
    page = f"/admin/orders/stocklevel/{ten.pk}/change/"
    form = {"movements-TOTAL_FORMS": "0", "movements-INITIAL_FORMS": "0", "note": "shelf 3"}
    assert b"TEE-BLK-M" in owner.get(page).content
    assert owner.post(page, form | {"available_now": "12"}).status_code == 302
    assert numbers(ten) == (12, 0, 12)
    movement = StockMovement.objects.first()
    assert movement and (movement.note, movement.actor.split(":")[0]) == ("shelf 3", "staff")


def test_a_form_that_lay_open_does_not_undo_sales(
    owner: Client, guest: Storefront, art: Json, ten: StockLevel
) -> None:
    page = f"/admin/products/variant/{ten.variant_id}/change/"
    assert b'name="stock_level"' not in owner.get(page).content
    page = f"/admin/orders/stocklevel/{ten.pk}/change/"
    assert b'name="initial-available_now" value="10"' in owner.get(page).content
    create(guest, tee(art, quantity=3))
    form = {"movements-TOTAL_FORMS": "0", "movements-INITIAL_FORMS": "0", "note": ""}
    with nothing_changes():
        answer = owner.post(page, form | {"available_now": "10", "initial-available_now": "10"})
        assert answer.status_code == 302
    assert numbers(ten) == (10, 3, 7)
