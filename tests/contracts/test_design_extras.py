"""What the designs API has beyond the storefront's needs: quality, versions, links, mock-ups, text."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from demo.storefront import Json, Storefront
from products.models import Product
from tests.contracts.expectations import A_LIST, A_TIME, assert_has, assert_refused, data_of
from tests.contracts.test_designs import design_body, save


def position(width_in: float, asset: Json) -> Json:
    """On the tee's front, an inch from the left and from the top of the print area."""
    scale = 390 / 14
    side = max(asset["width"], asset["height"])
    return {
        "x": 103 + scale,
        "y": 100 + scale,
        "scaleX": width_in * scale * side / asset["width"] / 500,
        "scaleY": width_in * scale * side / asset["width"] / 500,
        "rotation": 0,
    }


@pytest.fixture
def large(guest: Storefront) -> Json:
    """A picture of 1200 x 900 px, all of it solid."""
    file = io.BytesIO()
    Image.new("RGBA", (1200, 900), (200, 40, 60, 255)).save(file, "PNG")
    return guest.upload_file("large.png", file.getvalue(), "image/png")


def test_a_design_says_how_it_will_print(customer: Storefront, large: Json) -> None:
    body = design_body(large)
    body["designData"]["front"] = [position(8.0, large)]
    quality = save(customer, body)["print_quality"]
    assert (quality["grade"], quality["not_offered"]) == ("poor", [])
    front = quality["placements"]["front"]
    (layer,) = front["layers"]
    assert_has(layer, effective_dpi=150.0, grade="poor", width_in=8.0, height_in=6.0, largest_width_in=8.0)
    assert_has(layer, left_in=1.0, top_in=1.0, top_below_collar_in=1.8, off_area_in={}, off_safe_zone_in={})
    assert front["inks"]["palette"] == [{"hex": "#c8283c", "coverage_percent": 100.0}]
    assert (front["inks"]["count"], front["inks"]["certain"], front["overlaps"]) == (1, True, [])


def test_versions_over_the_wire(customer: Storefront, stranger: Storefront, art: Json) -> None:
    design = save(customer, design_body(art))
    path = f"/api/designs/{design['id']}"
    customer.json("PUT", path, json={"name": "Second"})

    versions = data_of(customer.call("GET", f"{path}/versions"))["versions"]
    assert [(v["number"], v["name"], v["artwork_ids"]) for v in versions] == [
        (2, "Second", [art["id"]]),
        (1, "My fox", [art["id"]]),
    ]
    assert_has(versions[0], created_at=A_TIME, design_hash=design["design_hash"])
    restored = data_of(customer.call("POST", f"{path}/versions/1/restore"))["design"]
    assert restored["name"] == "My fox"
    for number in ("9", "-1", "x", "1e3"):
        assert_refused(customer.call("POST", f"{path}/versions/{number}/restore"), 404, "Version not found")
    assert_refused(stranger.call("GET", f"{path}/versions"), 404, "Design not found")


def test_a_link_shows_the_look_and_nothing_to_use(
    customer: Storefront, stranger: Storefront, guest: Storefront, art: Json
) -> None:
    design = save(customer, design_body(art))
    path = f"/api/designs/{design['id']}/share"
    assert_refused(stranger.call("POST", path), 404, "Design not found")
    shared = data_of(customer.call("POST", path), 201)
    assert_has(shared, expires_at=A_TIME)
    assert shared["url"].endswith(f"/api/designs/shared/{shared['token']}")

    answer = guest.call("GET", f"/api/designs/shared/{shared['token']}")
    seen = data_of(answer)
    assert_has(seen["design"], name="My fox", product_slug="classic-tee", variant_color="Black")
    assert [m["view"] for m in seen["mockups"]] == ["front", "back"]
    assert art["id"] not in answer.text
    assert customer.token
    for method in ("PUT", "DELETE", "POST"):
        assert guest.call(method, f"/api/designs/shared/{shared['token']}", json={}).status_code == 405

    data_of(customer.call("DELETE", path))
    answer = guest.call("GET", f"/api/designs/shared/{shared['token']}")
    assert_refused(answer, 404, "This link is not valid any more.", code="share_link_invalid")


def test_mock_ups_of_every_colour_or_of_one(customer: Storefront, stranger: Storefront, art: Json) -> None:
    design = save(customer, design_body(art))
    path = f"/api/designs/{design['id']}/mockups"
    mockups = data_of(customer.call("GET", path))["mockups"]
    assert {(m["color"], m["view"]) for m in mockups} == {
        (colour, view) for colour in ("Black", "White", "Navy") for view in ("front", "back")
    }
    one = data_of(customer.call("GET", f"{path}?color=White"))["mockups"]
    assert [(m["color"], m["color_hex"]) for m in one] == [("White", "#f7f7f5")] * 2
    assert_refused(stranger.call("GET", path), 404, "Design not found")


def test_text_becomes_an_artwork_where_inches_say(customer: Storefront, guest: Storefront) -> None:
    assert data_of(guest.call("GET", "/api/designs/fonts"))["fonts"] == sorted(
        ["alfa-slab-one", "anton", "archivo-black", "bebas-neue", "lobster", "pacifico"]
    )
    place = {
        "productId": str(Product.objects.get(slug="classic-tee").pk),
        "color": "Black",
        "placement": "front",
        "left_in": 2.0,
        "top_in": 3.0,
        "width_in": 10.0,
    }
    body = {"text": "Stolen\nTee", "font": "anton", "colour": "#C81E28", "place": place}
    made = data_of(customer.call("POST", "/api/designs/text", json=body), 201)
    asset = made["asset"]
    assert max(asset["width"], asset["height"]) > 3000
    assert asset["metadata"]["text_layer"]["text"] == "Stolen\nTee"
    assert asset["metadata"]["text_layer"]["colour"] == "#c81e28"

    saved = design_body(asset, thumbnailUrl="")
    saved["designData"]["front"] = [made["position"]]
    layer = save(customer, saved)["print_quality"]["placements"]["front"]["layers"][0]
    assert_has(layer, left_in=2.0, top_in=3.0, width_in=10.0, grade="good")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"text": "\u65e5\u672c"}, 422, "glyph_missing"),
        ({"text": "   "}, 422, "text_empty"),
        ({"text": "x" * 201}, 400, "invalid"),
        ({"font": "comic-sans"}, 400, "invalid"),
        ({"colour": "red"}, 400, "invalid"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_text_that_cannot_be_printed_is_refused(
    guest: Storefront, changes: Json, status: int, code: str
) -> None:
    answer = guest.call("POST", "/api/designs/text", json={"text": "Fox", "font": "anton"} | changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["errors"] == A_LIST
