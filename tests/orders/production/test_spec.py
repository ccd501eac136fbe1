"""The spec's numbers, its words for the wearer and its JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from orders.production.pack_schema import PACK_SCHEMA
from orders.production.placement_spec import ColourSpec, in_both_units
from orders.production.spec import PurchaseSpec
from tests.orders.production.examples import spec

VALIDATOR = Draft202012Validator(PACK_SCHEMA)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(PACK_SCHEMA)


def test_the_json_mirror_obeys_the_schema_and_keeps_the_numbers() -> None:
    mirror = json.loads(spec().to_json())
    VALIDATOR.validate(mirror)
    front = mirror["placements"][0]
    assert front["inches"] == {
        "left": 3.0,
        "top": 4.0,
        "width": 2.0,
        "height": 1.0,
        "top_below_collar": 6.0,
        "centre_offset": -2.0,
    }
    assert front["centimetres"] == {
        "left": 7.62,
        "top": 10.16,
        "width": 5.08,
        "height": 2.54,
        "top_below_collar": 15.24,
        "centre_offset": -5.08,
    }
    assert front["pixels"] == {"width": 600, "height": 300}
    assert (front["effective_dpi"], front["dpi_grade"], front["clipped"]) == (300.0, "good", False)
    assert front["colours"] == [
        {"hex": "#d62839", "coverage_percent": 75.0},
        {"hex": "#184ea0", "coverage_percent": 25.0},
    ]
    assert mirror["garment"] == {
        "sku": "TEE-BLK-M",
        "product": "Classic Cotton T-Shirt",
        "colour": {"name": "Black", "hex": "#1b1c20"},
        "size": "M",
        "quantity": 12,
        "size_split": [{"size": "M", "sku": "TEE-BLK-M", "quantity": 12}],
    }
    assert mirror["due"] == "2026-03-20"
    assert mirror["ship_to"] == {"type": "customer", "country": "US", "region": "CA"}
    # The red print is 600 by 300 px; two pixels less on every side are 596 by 296.
    assert front["underbase"] == {
        "file": "underbase/front.png",
        "choke_px": 2,
        "choke_pt": 0.48,
        "coverage_percent": 98.0,
    }


def test_the_mirror_says_what_the_customer_agreed_to_and_how_the_method_prints() -> None:
    told = PurchaseSpec("poor", "customer", (("front", 172.44, "poor"),))
    mirror = json.loads(spec(purchase=told).to_json())
    VALIDATOR.validate(mirror)
    assert mirror["purchase"] == {
        "grade": "poor",
        "consent": "customer",
        "placements": [{"placement": "front", "effective_dpi": 172.4, "dpi_grade": "poor"}],
    }
    assert json.loads(spec().to_json())["purchase"] is None
    for changes, whole in (
        ({}, False), ({"whole_pixels": True}, True), ({"method": "dtf"}, True),
    ):  # fmt: skip
        assert json.loads(spec(**changes).to_json())["method"]["whole_pixels"] is whole


def test_the_turn_of_an_artwork_is_told_and_is_in_the_file() -> None:
    back = spec().to_dict()["placements"][1]
    assert back["rotation_in_file"] is True
    assert back["artworks"][0]["rotation_deg"] == 20
    assert back["artworks"][0]["inches"]["width"] == pytest.approx(60 / (390 / 14 * 1.1), abs=0.001)
    # The file holds the turned square, which is wider than the square.
    assert back["inches"]["width"] > back["artworks"][0]["inches"]["width"] * 1.2


def test_equal_specs_have_equal_json_with_sorted_keys() -> None:
    text = spec().to_json()
    assert text == spec().to_json()
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=2, ensure_ascii=False) + "\n"
    assert "Zoë" in text


def test_a_blank_garment_is_a_valid_pack() -> None:
    VALIDATOR.validate(spec(placements=()).to_dict())


@pytest.mark.parametrize(
    ("placement", "offset_in", "text"),
    [
        ("front", 0.049, "Front, centred"),
        ("front", 2.0, "Front, 2.00 in (5.1 cm) towards the wearer's left"),
        ("front", -2.0, "Front, 2.00 in (5.1 cm) towards the wearer's right"),
        ("back", 1.25, "Back, 1.25 in (3.2 cm) towards the wearer's right"),
        ("neck", -1.25, "Back of the neck, 1.25 in (3.2 cm) towards the wearer's left"),
    ],
)
def test_the_wearers_left_is_the_viewers_right_in_front_only(
    placement: str, offset_in: float, text: str
) -> None:
    front = replace(spec().placements[0], placement=placement, centre_offset_in=offset_in)
    assert front.wearer_text == text


@pytest.mark.parametrize(
    ("colour_hex", "underbase"),
    [
        ("#1b1c20", "white"),
        ("#1f2a44", "white"),
        ("#ffffff", "none"),
        ("#f5f0e1", "none"),
        ("#9a9a9a", "white"),
    ],
)
def test_dark_cloth_needs_a_white_underbase(colour_hex: str, underbase: str) -> None:
    assert spec(colour_hex=colour_hex).underbase == underbase


@pytest.mark.parametrize(
    "changes",
    [
        {"order_number": "../ST-1"},
        {"order_number": ""},
        {"line_number": 0},
        {"quantity": 0},
        {"sku": " "},
        {"size": ""},
        {"colour_hex": "black"},
        {"created": "yesterday"},
        {"placements": (spec().placements[0], spec().placements[0])},
    ],
)
def test_an_ambiguous_line_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        spec(**changes)


def test_a_colour_must_be_a_hex() -> None:
    with pytest.raises(ValueError, match="no colour"):
        ColourSpec("#FF0000", 10)


def test_the_schema_refuses_what_nobody_specified() -> None:
    mirror = spec().to_dict()
    mirror["placements"][0]["inches"]["width"] = 0
    mirror["surprise"] = 1
    del mirror["garment"]["sku"]
    assert len(list(VALIDATOR.iter_errors(mirror))) == 3


def test_lengths_are_written_in_both_units() -> None:
    assert in_both_units(2.25) == "2.25 in (5.7 cm)"
