"""The catalogue's stages in the geometry's terms: sizes, areas and defaults per garment and colour (CONTRACT 2.4)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from designs.geometry import Position, StageView
from designs.stage import position_of, stage_views
from products.models import Colour, PrintArea, Product

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def views(slug: str, colour: str) -> dict[str, StageView]:
    return stage_views(Product.objects.get(slug=slug), Colour.objects.get(name=colour).pk)


@pytest.mark.parametrize(
    ("slug", "colour", "placement", "stage_px", "image_px"),
    [
        ("classic-tee", "Black", "front", (600, 600), (0, 0, 600, 600)),
        ("classic-tee", "Black", "back", (600, 600), (0, 0, 600, 600)),
        ("classic-tee", "White", "front", (600, 600), (0, 0, 600, 600)),
        ("classic-tee", "White", "back", (660, 660), (0, 0, 660, 660)),
        ("classic-tee", "Navy", "front", (600, 600), (0, 0, 600, 600)),
        ("classic-tee", "Navy", "back", (612, 612), (0, 0, 612, 612)),
        ("classic-tee", "Navy", "neck", (1600, 1358.48), (0, 0, 1600, 1358.48)),
        ("classic-hoodie", "Black", "front", (690, 734.516), (0, 0, 690, 734.516)),
        ("classic-hoodie", "Black", "back", (690, 734.516), (0, -20, 690, 734.516)),
        ("classic-hoodie", "Black", "neck", (690, 734.516), (0, 0, 690, 734.516)),
    ],
)
def test_stages_are_as_large_as_the_storefront_draws_them(
    slug: str,
    colour: str,
    placement: str,
    stage_px: tuple[float, float],
    image_px: tuple[float, float, float, float],
) -> None:
    view = views(slug, colour)[placement]
    assert (view.stage_width_px, view.stage_height_px) == stage_px
    assert (view.image_left_px, view.image_top_px, view.image_width_px, view.image_height_px) == image_px
    assert (view.garment, view.placement) == (slug.removeprefix("classic-"), placement)


@pytest.mark.parametrize(
    ("slug", "base_box_px", "auto_crop", "default_px", "neck_default_px"),
    [
        ("classic-tee", 500, True, (200, 250), (750, 500)),
        ("classic-hoodie", 250, False, (270, 250), (270, 250)),
    ],
)
def test_what_the_storefront_has_built_in_per_garment(
    slug: str,
    base_box_px: float,
    auto_crop: bool,
    default_px: tuple[float, float],
    neck_default_px: tuple[float, float],
) -> None:
    for placement, view in views(slug, "Black").items():
        assert (view.base_box_px, view.auto_crop) == (base_box_px, auto_crop)
        expected = neck_default_px if placement == "neck" else default_px
        assert (view.default_left_px, view.default_top_px) == expected


def test_the_tees_front_is_fourteen_inches_between_the_drag_limits() -> None:
    view = views("classic-tee", "Black")["front"]
    assert (view.area_left_px, view.area_top_px) == (103, 100)
    assert view.area_width_in * view.pixels_per_inch == pytest.approx(493 - 103)
    assert (view.area_width_in, view.area_height_in) == (14, 16)


@pytest.mark.parametrize("colour", ["Black", "White", "Navy"])
def test_an_enlarged_back_has_the_same_inches(colour: str) -> None:
    """The picture is drawn larger, so the scale grows with it, and the print stays where it is on the cloth."""
    view, plain = views("classic-tee", colour)["back"], views("classic-tee", "Black")["back"]
    factor = view.stage_width_px / plain.stage_width_px
    assert view.pixels_per_inch == pytest.approx(plain.pixels_per_inch * factor)
    assert view.area_left_of_centre_in == pytest.approx(plain.area_left_of_centre_in, abs=0.03)
    assert (view.area_width_in, view.area_height_in) == (plain.area_width_in, plain.area_height_in)


def test_every_area_lies_on_its_stage() -> None:
    for product in Product.objects.all():
        for colour in Colour.objects.all():
            for view in stage_views(product, colour.pk).values():
                right = view.area_left_px + view.area_width_in * view.pixels_per_inch
                bottom = view.area_top_px + view.area_height_in * view.pixels_per_inch
                assert view.area_left_px >= 0 and view.area_top_px >= 0, view
                assert right <= view.stage_width_px and bottom <= view.stage_height_px, view


def test_an_area_that_begins_elsewhere_moves_by_its_inches() -> None:
    before = views("classic-tee", "Black")["front"]
    PrintArea.objects.filter(product__slug="classic-tee", placement="front", method__name="dtg").update(
        left_offset_in=Decimal("2.0"), collar_offset_in=Decimal("1.8"), width_in=Decimal("10")
    )
    after = views("classic-tee", "Black")["front"]
    assert after.area_left_px == pytest.approx(before.area_left_px + 2 * before.pixels_per_inch)
    assert after.area_top_px == pytest.approx(before.area_top_px + 1 * before.pixels_per_inch)
    assert (after.area_width_in, after.collar_offset_in) == (10, 1.8)


def test_only_what_is_printed_on_the_stage_has_a_view() -> None:
    assert set(views("classic-tee", "Black")) == {"front", "back", "neck"}
    PrintArea.objects.filter(placement="neck").delete()
    assert set(views("classic-tee", "Black")) == {"front", "back"}


def test_a_position_as_sent_is_the_geometrys() -> None:
    sent = {"x": 1, "y": 2.5, "scaleX": 0.6, "scaleY": 0.7, "rotation": 45}
    assert position_of(sent) == Position(x=1, y=2.5, scale_x=0.6, scale_y=0.7, rotation_deg=45)
    assert position_of(None) is None
