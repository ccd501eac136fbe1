"""CONTRACT 1.16-1.20, 2.3: saved designs."""

from typing import Any

import pytest

from accounts.models import User
from demo.storefront import Json, Storefront
from products.models import Product
from tests.contracts.baskets import POSITION, variant_id
from tests.contracts.expectations import (
    A_LIST,
    A_RANDOM_ID,
    A_TEXT,
    A_TIME,
    AN_OBJECT,
    UNKNOWN_ID,
    assert_has,
    assert_refused,
    data_of,
    nothing_changes,
)
from uploads.models import Asset

HOODIE_ID = "9f9e4e98-4128-4d09-af21-58e5523eed14"
HOODIE_M_ID = "677f0bf4-98b9-4088-9151-7422312bbf76"
REQUIRED = "Name, productId, and designData are required"


def design_data(**views: list[Json | None]) -> Json:
    return {"front": [], "back": [], "neck": [], "selectedColor": "", "selectedSize": "M"} | views


def design_body(art: Json, **changes: Any) -> Json:
    """What the save modal sends from the tee page."""
    body = {
        "name": "My fox",
        "productId": str(Product.objects.get(slug="classic-tee").pk),
        "variantId": variant_id("TEE-BLK-M"),
        "designData": design_data(front=[POSITION], selectedColor="Black"),
        "artworkIds": [art["id"]],
        "thumbnailUrl": art["file_url"],
    }
    return body | changes


def save(browser: Storefront, body: Json) -> Json:
    design: Json = data_of(browser.call("POST", "/api/designs", json=body), 201)["design"]
    return design


def test_a_saved_design_has_every_field(customer: Storefront, customer_user: User, art: Json) -> None:
    body = design_body(art)

    design = save(customer, body)

    assert_has(design, id=A_RANDOM_ID, user_id=str(customer_user.pk), name="My fox", notes="")
    assert_has(design, product_id=body["productId"], variant_id=body["variantId"])
    assert_has(design, design_data=body["designData"], artwork_ids=[art["id"]])
    assert_has(design, thumbnail_url=art["file_url"], metadata=AN_OBJECT)
    assert_has(design, created_at=A_TIME, updated_at=A_TIME)


def test_the_hoodie_page_saves_with_the_ids_that_it_has_built_in(customer: Storefront, art: Json) -> None:
    body = design_body(
        art,
        productId=HOODIE_ID,
        variantId=HOODIE_M_ID,
        designData=design_data(front=[None], neck=[None]),
        artworkIds=[art["id"], art["id"]],
        thumbnailUrl="",
    )

    design = save(customer, body)

    assert_has(design, product_id=HOODIE_ID, variant_id=HOODIE_M_ID, thumbnail_url="")


def test_a_design_without_a_variant(customer: Storefront, art: Json) -> None:
    body = design_body(art)
    del body["variantId"]

    design = save(customer, body)

    assert_has(design, variant_id=None)
    opened = data_of(customer.call("GET", f"/api/designs/{design['id']}"))["design"]
    assert_has(opened, variant_color=None, variant_size=None)


def test_an_empty_design_can_be_saved(customer: Storefront, art: Json) -> None:
    design = save(customer, design_body(art, designData=design_data(), artworkIds=[], thumbnailUrl=""))

    assert design["artwork_ids"] == []


@pytest.mark.parametrize("missing", ["name", "productId", "designData"])
@pytest.mark.parametrize("value", ["absent", None, ""])
def test_name_product_and_data_are_required(
    customer: Storefront, art: Json, missing: str, value: str | None
) -> None:
    body = design_body(art, **{missing: value})
    if value == "absent":
        del body[missing]

    with nothing_changes():
        assert_refused(customer.call("POST", "/api/designs", json=body), 400, REQUIRED)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"productId": "1"}, 400),
        ({"productId": UNKNOWN_ID}, 422),
        ({"variantId": "temp-Navy-M"}, 400),
        ({"variantId": "hoodie-M"}, 400),
        ({"variantId": UNKNOWN_ID}, 422),
        ({"variantId": HOODIE_M_ID}, 422),
        ({"name": "x" * 256}, 400),
        ({"designData": [1]}, 400),
        ({"designData": {"front": [{"x": 1}]}}, 400),
        ({"designData": {"front": [None] * 5}}, 400),
        ({"designData": {"front": "none"}}, 400),
        ({"designData": {"front": [None], "notes": "x" * 70_000}}, 400),
        ({"artworkIds": ["1"]}, 400),
        ({"artworkIds": [UNKNOWN_ID]}, 422),
        # An upload that had not finished leaves an id out, which would shift all later ones.
        ({"artworkIds": []}, 422),
        ({"thumbnailUrl": "https://evil.example/pixel.png"}, 400),
        ({"thumbnailUrl": "javascript:alert(1)"}, 400),
        ({"thumbnailUrl": "/uploads/../secret-key"}, 400),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_does_not_fit_together_is_refused(
    customer: Storefront, art: Json, change: Json, status: int
) -> None:
    with nothing_changes():
        answer = customer.call("POST", "/api/designs", json=design_body(art, **change))

    assert answer.status_code == status
    assert answer.json()["message"] == A_TEXT


def test_a_guests_artwork_becomes_the_users_at_its_first_use(
    customer: Storefront, stranger: Storefront, customer_user: User, art: Json
) -> None:
    save(customer, design_body(art))

    assert Asset.objects.get(pk=art["id"]).owner_id == customer_user.pk
    with nothing_changes():
        assert_refused(
            stranger.call("POST", "/api/designs", json=design_body(art)),
            422,
            "This artwork is not available. Please upload it again.",
        )


def test_the_dashboard_lists_the_newest_change_first(
    customer: Storefront, stranger: Storefront, art: Json
) -> None:
    first = save(customer, design_body(art, name="First"))
    save(customer, design_body(art, name="Second"))
    customer.json("PUT", f"/api/designs/{first['id']}", json={"name": "First, changed"})

    designs = data_of(customer.call("GET", "/api/designs"))["designs"]

    assert [design["name"] for design in designs] == ["First, changed", "Second"]
    for design in designs:
        assert_has(design, id=A_RANDOM_ID, product_title="Classic Cotton T-Shirt", product_slug="classic-tee")
        assert_has(design, thumbnail_url=art["file_url"], updated_at=A_TIME, created_at=A_TIME)
    assert data_of(stranger.call("GET", "/api/designs"))["designs"] == []


def test_an_opened_design_has_what_the_canvas_reads(customer: Storefront, art: Json) -> None:
    saved = save(customer, design_body(art))

    design = data_of(customer.call("GET", f"/api/designs/{saved['id']}"))["design"]

    assert_has(design, id=saved["id"], name="My fox", artwork_ids=[art["id"]])
    assert_has(design, artwork_urls={art["id"]: art["file_url"]}, variant_id=variant_id("TEE-BLK-M"))
    assert_has(design, variant_color="Black", variant_size="M", product_slug="classic-tee")
    assert_has(design["design_data"], front=[POSITION], back=A_LIST, neck=A_LIST)
    assert_has(design["design_data"], selectedColor="Black", selectedSize="M")


def test_ids_keep_the_order_of_front_back_and_neck(customer: Storefront, art_png: bytes) -> None:
    # The same bytes of one account would be one asset.
    ids = [customer.upload_file(f"{n}.png", art_png + bytes([n]), "image/png")["id"] for n in range(4)]
    data = design_data(front=[None, POSITION], back=[None], neck=[POSITION])

    saved = save(customer, design_body({"id": ids[0], "file_url": ""}, designData=data, artworkIds=ids))

    assert saved["artwork_ids"] == ids
    assert list(saved["artwork_urls"]) == ids


def test_the_same_picture_on_both_sides_is_one_asset_in_two_places(
    customer: Storefront, art_png: bytes
) -> None:
    ids = [customer.upload_file(f"{n}.png", art_png, "image/png")["id"] for n in range(2)]
    assert ids[0] == ids[1]
    data = design_data(front=[POSITION], back=[POSITION])

    saved = save(customer, design_body({"id": ids[0], "file_url": ""}, designData=data, artworkIds=ids))

    assert saved["artwork_ids"] == ids
    assert list(saved["artwork_urls"]) == ids[:1]


def test_a_change_leaves_what_is_absent(customer: Storefront, art: Json, art_png: bytes) -> None:
    saved = save(customer, design_body(art))
    other = customer.upload_file("other.png", art_png, "image/png")

    renamed = data_of(customer.call("PUT", f"/api/designs/{saved['id']}", json={"name": "Renamed"}))["design"]
    assert renamed | {"name": 0, "updated_at": 0} == saved | {"name": 0, "updated_at": 0}
    assert renamed["name"] == "Renamed"

    body = design_body(other, name="All new", designData=design_data(back=[None]))
    changed = data_of(customer.call("PUT", f"/api/designs/{saved['id']}", json=body))["design"]
    assert_has(changed, id=saved["id"], name="All new", artwork_ids=[other["id"]])
    assert changed["design_data"]["back"] == [None]


def test_a_change_that_does_not_fit_changes_nothing(customer: Storefront, art: Json) -> None:
    saved = save(customer, design_body(art))

    for change in ({"artworkIds": [art["id"]] * 2}, {"artworkIds": [UNKNOWN_ID]}, {"variantId": HOODIE_M_ID}):
        with nothing_changes():
            answer = customer.call("PUT", f"/api/designs/{saved['id']}", json={"name": "X"} | change)
        assert (answer.status_code, answer.json()["message"]) == (422, A_TEXT)


def test_more_positions_without_their_artworks_are_refused(customer: Storefront, art: Json) -> None:
    """`designData` alone would leave ids and positions of different lengths."""
    saved = save(customer, design_body(art))

    with nothing_changes():
        answer = customer.call(
            "PUT", f"/api/designs/{saved['id']}", json={"designData": design_data(front=[None, None])}
        )

    assert (answer.status_code, answer.json()["message"]) == (422, A_TEXT)


def test_a_deleted_design_is_gone(customer: Storefront, art: Json) -> None:
    saved = save(customer, design_body(art))

    assert_has(data_of(customer.call("DELETE", f"/api/designs/{saved['id']}")), message=A_TEXT)

    assert_refused(customer.call("GET", f"/api/designs/{saved['id']}"), 404, "Design not found")
    assert_refused(customer.call("DELETE", f"/api/designs/{saved['id']}"), 404, "Design not found")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_users_design_does_not_exist(
    customer: Storefront, stranger: Storefront, art: Json, method: str
) -> None:
    saved = save(customer, design_body(art))

    with nothing_changes():
        answer = stranger.call(method, f"/api/designs/{saved['id']}", json={"name": "Mine now"})

    assert_refused(answer, 404, "Design not found")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("design_id", [UNKNOWN_ID, "abc", "1", "null", "ü"])
def test_an_unknown_design_is_404(customer: Storefront, method: str, design_id: str) -> None:
    answer = customer.call(method, f"/api/designs/{design_id}", json={"name": "x"})

    assert_refused(answer, 404, "Design not found")
