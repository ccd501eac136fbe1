"""CONTRACT 1.24-1.27, 5, 7: the admin page, which reads a superset of two shapes, and the staff's product API."""

from typing import Any

import pytest

from accounts.models import User
from demo.storefront import Json, Storefront
from orders import lifecycle
from orders.models import Order, OrderEvent, OutboxMail
from orders.payments.services import payment_capture
from products.models import CatalogueVersion, Product
from tests.contracts.baskets import CUSTOMER, NEVADA, hoodie, order_body, tee
from tests.contracts.expectations import (
    A_COUNT,
    A_LIST,
    A_NUMBER,
    A_RANDOM_ID,
    A_TEXT,
    A_TIME,
    AN_ID,
    AN_OBJECT,
    TEXT_OR_NULL,
    UNKNOWN_ID,
    assert_has,
    assert_readable_by_the_page,
    assert_refused,
    data_of,
    nothing_changes,
)

ORDERS, PRODUCTS = "/api/admin/orders", "/api/admin/products"
FORBIDDEN = "Insufficient permissions - requires one of: admin"
NEW_PRODUCT = {
    "title": "Long Sleeve",
    "slug": "long-sleeve",
    "description": "Sleeves that are long.",
    "images": ["/assets/white-front.png"],
    "materials": "100% Cotton",
    "weight": 7.5,
    "country_of_origin": "USA",
}


@pytest.fixture
def order(guest: Storefront, art: Json) -> Json:
    """An unpaid order of two lines."""
    created: Json = data_of(
        guest.call("POST", "/api/orders/create", json=order_body(tee(art, quantity=2), hoodie(art))), 201
    )
    return created["order"] | {"client_secret": created["client_secret"]}


@pytest.fixture
def paid(guest: Storefront, order: Json) -> Json:
    intent = guest.confirm_card_payment(order["client_secret"], "pm_card_visa")
    payment_capture(Order.objects.get(pk=order["id"]).pk, intent["id"])
    return order


def listed(staff: Storefront, query: str = "") -> list[Json]:
    orders: list[Json] = data_of(staff.call("GET", f"{ORDERS}{query}"))["orders"]
    return orders


def patch(staff: Storefront, order: Json, **body: Any) -> Any:
    return staff.call("PATCH", f"{ORDERS}/{order['id']}/status", json=body)


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_the_page_gets_the_flat_shape_that_it_reads(staff: Storefront, order: Json) -> None:
    (row,) = listed(staff)

    assert_has(row, id=order["id"], order_number=order["order_number"])
    assert_has(row, customer_name=CUSTOMER["name"], customer_email=CUSTOMER["email"], phone="")
    assert_has(row, status="pending", total=66.93, items=A_LIST, tracking_number=None)
    assert_has(row["shipping_address"], street=A_TEXT, city="Reno", state="NV", zip="89501", country="US")
    assert_has(row, created_at=A_TIME, updated_at=A_TIME)


def test_the_page_gets_the_items_that_it_reads(staff: Storefront, order: Json) -> None:
    first, second = listed(staff)[0]["items"]

    assert_has(first, id=A_RANDOM_ID, quantity=2, price=12.98, product_name="Classic Cotton T-Shirt")
    assert_has(first, size="M", color="Black", product_slug="classic-tee")
    assert_has(second, id=A_RANDOM_ID, quantity=1, price=35.99, product_name="Classic Hoodie")
    for item in (first, second):
        assert_has(item, quantity=A_COUNT, price=A_NUMBER, design_image_url=A_TEXT)


def test_the_picture_of_an_item_loads_without_a_token(
    guest: Storefront, staff: Storefront, order: Json
) -> None:
    url = listed(staff)[0]["items"][0]["design_image_url"]

    assert guest.file(url).startswith(b"\x89PNG")


def test_the_documents_get_the_nested_shape_too(staff: Storefront, order: Json) -> None:
    (row,) = listed(staff)

    assert_has(row["customer"], id=None, name=CUSTOMER["name"], email=CUSTOMER["email"], phone="")
    assert_has(row["totals"], subtotal=61.95, tax=0.0, shipping=4.98, discount=0.0, total=66.93)
    for address in (row["shipping_address"], row["billing_address"]):
        assert {name: address[name] for name in NEVADA} == NEVADA
    assert_has(row, payment_status="pending", production_status="pending", carrier="", shipped_at=None)
    assert_has(row, customer_notes="", internal_notes="")


def test_the_documents_get_nested_items_too(staff: Storefront, order: Json, art: Json) -> None:
    item = listed(staff)[0]["items"][0]

    assert_has(item, order_id=order["id"], variant_id=AN_ID, unit_price=12.98, total_price=25.96)
    assert item["variant_details"] == {"color": "Black", "size": "M", "sku": "TEE-BLK-M"}
    assert_has(item, production_status="pending", mockup_url=None)
    (image,) = item["custom_design"]["design_images"]
    assert_has(image, asset_id=art["id"], file_url=art["file_url"], kind="upload", original_name="art.png")
    assert_has(image, width=40, height=30, dpi=None)
    assert_has(item["custom_design"], custom_spec=AN_OBJECT)


def test_the_documents_get_the_payment_and_the_pack(staff: Storefront, order: Json) -> None:
    (row,) = listed(staff)

    assert_has(
        row, payment_intent_id=order["client_secret"].split("_secret_")[0], payment_method=TEXT_OR_NULL
    )
    assert [item["production_pack_url"] for item in row["items"]] == [None, None]


def test_all_orders_come_newest_first(staff: Storefront, guest: Storefront, art: Json) -> None:
    numbers = [
        guest.json("POST", "/api/orders/create", json=order_body(tee(art, quantity=quantity)))["data"][
            "order"
        ]["order_number"]
        for quantity in range(1, 26)
    ]

    assert [row["order_number"] for row in listed(staff)] == numbers[::-1]


def test_the_whole_list_is_what_the_serializer_says(
    staff: Storefront, guest: Storefront, paid: Json, art: Json
) -> None:
    guest.json("POST", "/api/orders/create", json=order_body(hoodie(art)))
    whole = listed(staff)
    paged = data_of(staff.call("GET", f"{ORDERS}?limit=500"))["orders"]
    assert whole == paged and len(whole) == 2


def test_pages_come_only_when_asked_for_and_lose_nothing(
    staff: Storefront, guest: Storefront, art: Json
) -> None:
    for quantity in range(1, 8):
        guest.json("POST", "/api/orders/create", json=order_body(tee(art, quantity=quantity)))
    Order.objects.update(created_at=Order.objects.latest("created_at").created_at)  # all of one moment
    everything = {row["id"] for row in listed(staff)}
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = data_of(staff.call("GET", f"{ORDERS}?limit=3" + (f"&cursor={cursor}" if cursor else "")))
        seen += [row["id"] for row in page["orders"]]
        cursor = page["next_cursor"]
    assert len(seen) == 7 and set(seen) == everything
    for wrong in ("limit=0", "limit=x", "limit=501", "limit=2&cursor=nonsense", "cursor=2020_x"):
        assert staff.call("GET", f"{ORDERS}?{wrong}").status_code == 400


def test_orders_can_be_filtered(staff: Storefront, guest: Storefront, paid: Json, art: Json) -> None:
    guest.json("POST", "/api/orders/create", json=order_body(tee(art, quantity=9)))

    assert [row["id"] for row in listed(staff, "?payment_status=paid")] == [paid["id"]]
    assert len(listed(staff, "?payment_status=pending")) == 1
    assert len(listed(staff, "?production_status=pending")) == 2
    assert listed(staff, "?production_status=shipped&payment_status=paid") == []
    assert listed(staff, "?payment_status=nonsense") == []


def test_one_order_is_the_same_object(staff: Storefront, order: Json) -> None:
    one = data_of(staff.call("GET", f"{ORDERS}/{order['id']}"))["order"]

    assert one == listed(staff)[0]


@pytest.mark.parametrize("order_id", [UNKNOWN_ID, "abc", "1", "null"])
def test_an_unknown_order_is_404(staff: Storefront, order_id: str) -> None:
    assert_refused(staff.call("GET", f"{ORDERS}/{order_id}"), 404, "Order not found")
    assert_refused(
        staff.call("PATCH", f"{ORDERS}/{order_id}/status", json={"status": "processing"}),
        404,
        "Order not found",
    )


# --- Who may ---------------------------------------------------------------------------------------------------------


STAFF_ONLY = [
    ("GET", ORDERS),
    ("GET", f"{ORDERS}/{UNKNOWN_ID}"),
    ("PATCH", f"{ORDERS}/{UNKNOWN_ID}/status"),
    ("POST", PRODUCTS),
    ("PUT", f"{PRODUCTS}/{UNKNOWN_ID}"),
    ("DELETE", f"{PRODUCTS}/{UNKNOWN_ID}"),
]


@pytest.mark.parametrize(("method", "path"), STAFF_ONLY)
def test_a_customer_is_403_and_stays_logged_in(customer: Storefront, method: str, path: str) -> None:
    with nothing_changes():
        assert_refused(customer.call(method, path, json=NEW_PRODUCT), 403, FORBIDDEN)


@pytest.mark.parametrize(("method", "path"), STAFF_ONLY)
def test_a_guest_is_401(guest: Storefront, method: str, path: str) -> None:
    with nothing_changes():
        answer = guest.call(method, path, json=NEW_PRODUCT)

    assert_refused(answer, 401, "Authentication required - no token provided")


def test_a_demoted_owner_loses_the_page_at_once(staff: Storefront) -> None:
    User.objects.filter(email="owner@example.com").update(role=User.Role.CUSTOMER)

    assert_refused(staff.call("GET", ORDERS), 403, FORBIDDEN)


# --- Moving an order on ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["processing", "in_production"])
def test_both_vocabularies_are_taken(staff: Storefront, paid: Json, word: str) -> None:
    moved = data_of(patch(staff, paid, status=word))["order"]

    assert_has(moved, id=paid["id"], status="processing", production_status="in_production")
    assert_has(listed(staff)[0], status="processing", production_status="in_production")


def test_an_order_goes_its_way(staff: Storefront, paid: Json) -> None:
    shown = []
    for word in ("processing", "shipped", "delivered"):
        moved = data_of(patch(staff, paid, status=word))["order"]
        shown.append((moved["status"], moved["production_status"]))

    assert shown == [
        ("processing", "in_production"),
        ("shipped", "shipped"),
        ("delivered", "delivered"),
    ]
    assert listed(staff)[0]["shipped_at"] == A_TIME


def test_tracking_carrier_and_notes_are_kept(staff: Storefront, paid: Json) -> None:
    data_of(patch(staff, paid, status="processing"))
    body = {"status": "shipped", "tracking_number": "1Z999AA10123456784", "carrier": "USPS"}

    moved = data_of(patch(staff, paid, **body, internal_notes="Fragile"))["order"]

    assert_has(moved, tracking_number="1Z999AA10123456784", carrier="USPS", internal_notes="Fragile")


def test_saving_without_a_change_works(staff: Storefront, paid: Json) -> None:
    """The page sends the status that it shows, also when only the tracking number was edited."""
    data_of(patch(staff, paid, status="processing"))

    moved = data_of(patch(staff, paid, status="processing", tracking_number="1Z999"))["order"]

    assert_has(moved, status="processing", tracking_number="1Z999")


def test_a_move_is_written_down_with_who_made_it(staff: Storefront, paid: Json) -> None:
    data_of(patch(staff, paid, status="processing"))

    event = OrderEvent.objects.get(order_id=paid["id"], kind="order.in_production")
    owner = User.objects.get(email="owner@example.com")
    assert (event.before, event.after) == (
        {"production_status": "pending"},
        {"production_status": "in_production"},
    )
    assert event.actor == f"staff:{owner.pk}"


def test_each_step_writes_to_the_customer_once(staff: Storefront, paid: Json) -> None:
    for word in ("processing", "processing", "shipped", "shipped", "delivered"):
        data_of(patch(staff, paid, status=word))

    kinds = sorted(OutboxMail.objects.filter(order_id=paid["id"]).values_list("kind", flat=True))
    assert kinds == ["order_delivered", "order_placed", "order_processing", "order_shipped"]


@pytest.mark.parametrize("word", ["processing", "shipped", "delivered"])
def test_an_unpaid_order_is_not_produced(staff: Storefront, order: Json, word: str) -> None:
    with nothing_changes():
        answer = patch(staff, order, status=word)

    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")
    assert answer.json()["message"] == A_TEXT
    assert answer.json()["allowed"] == ["cancelled", "in_production"]


@pytest.mark.parametrize(
    ("moves", "word"),
    [
        ([], "shipped"),
        ([], "delivered"),
        (["in_production"], "pending"),
        (["in_production", "shipped"], "cancelled"),
        (["in_production", "shipped"], "processing"),
        (["cancelled"], "processing"),
        (["in_production", "shipped", "delivered"], "shipped"),
    ],
    ids=str,
)
def test_an_impossible_move_is_refused(staff: Storefront, paid: Json, moves: list[str], word: str) -> None:
    for move in moves:
        lifecycle.order_change_production(Order.objects.get(pk=paid["id"]).pk, move, actor="test")

    with nothing_changes():
        answer = patch(staff, paid, status=word, tracking_number="1Z999")

    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")


def test_an_unpaid_order_can_be_cancelled(staff: Storefront, order: Json) -> None:
    assert_has(data_of(patch(staff, order, status="cancelled"))["order"], status="cancelled")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"status": None}, 400),
        ({"status": ""}, 400),
        ({"status": ["shipped"]}, 400),
        ({"status": "refunded"}, 422),
        ({"status": "Processing"}, 422),
        ({"status": "processing", "tracking_number": "x" * 101}, 400),
        ({"status": "processing", "carrier": {"name": "USPS"}}, 400),
    ],
    ids=str,
)
def test_an_unknown_status_is_refused(staff: Storefront, paid: Json, body: Json, status: int) -> None:
    with nothing_changes():
        answer = patch(staff, paid, **body)

    assert (answer.status_code, answer.json()["message"]) == (status, A_TEXT)


# --- Products --------------------------------------------------------------------------------------------------------


def test_a_product_is_made(staff: Storefront, guest: Storefront) -> None:
    product = data_of(staff.call("POST", PRODUCTS, json=NEW_PRODUCT), 201)["product"]

    assert_has(product, id=A_RANDOM_ID, variants=[], status="active", **NEW_PRODUCT)
    assert guest.product("long-sleeve")["id"] == product["id"]


def test_the_named_columns_of_a_product_change(staff: Storefront) -> None:
    tee_id = Product.objects.get(slug="classic-tee").pk

    product = data_of(staff.call("PUT", f"{PRODUCTS}/{tee_id}", json={"title": "The Tee"}))["product"]

    assert_has(product, id=str(tee_id), title="The Tee", slug="classic-tee", materials="100% Cotton")


def test_other_columns_of_a_product_cannot_be_written(staff: Storefront) -> None:
    """The original took column names from the body's keys."""
    tee_id = Product.objects.get(slug="classic-tee").pk
    body = {"id": UNKNOWN_ID, "created_at": "2000-01-01", "metadata": {"x": 1}, "title) --": "x"}

    with nothing_changes():
        before = Product.objects.filter(pk=tee_id).values("updated_at").get()
        token = CatalogueVersion.objects.get().token
        data_of(staff.call("PUT", f"{PRODUCTS}/{tee_id}", json=body))
        Product.objects.filter(pk=tee_id).update(**before)
        CatalogueVersion.objects.update(token=token)


def test_a_deleted_product_is_archived(staff: Storefront, guest: Storefront, order: Json) -> None:
    tee_id = Product.objects.get(slug="classic-tee").pk

    answer = staff.call("DELETE", f"{PRODUCTS}/{tee_id}")

    assert answer.status_code == 200
    assert_readable_by_the_page(answer)
    assert_has(answer.json(), success=True, message=A_TEXT)
    assert [product["slug"] for product in guest.products()] == ["classic-hoodie"]
    assert Order.objects.get(pk=order["id"]).lines.count() == 2


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_unknown_product_is_404(staff: Storefront, method: str) -> None:
    assert_refused(
        staff.call(method, f"{PRODUCTS}/{UNKNOWN_ID}", json={"title": "x"}), 404, "Product not found"
    )


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_malformed_product_id_is_404(staff: Storefront, method: str) -> None:
    answer = staff.call(method, f"{PRODUCTS}/abc", json={"title": "x"})

    assert (answer.status_code, answer.json()["message"]) == (404, A_TEXT)


@pytest.mark.parametrize(
    "change",
    [
        {"title": None},
        {"title": ""},
        {"slug": "classic-tee"},
        {"slug": "no spaces"},
        {"images": "one.png"},
        {"weight": "heavy"},
        {"weight": -1},
        {"status": "sold"},
    ],
    ids=str,
)
def test_a_product_that_makes_no_sense_is_refused(staff: Storefront, change: Json) -> None:
    with nothing_changes():
        answer = staff.call("POST", PRODUCTS, json=NEW_PRODUCT | change)

    assert (answer.status_code, answer.json()["message"]) == (400, A_TEXT)
