"""The catalogue's stages in the geometry's terms: sizes, areas and defaults per garment and colour (CONTRACT 2.4)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from designs.geometry import CropBox, DpiThresholds, Position, StageView
from designs.quality import Artwork, Layer, placement_quality, position_in_inches
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


@pytest.mark.parametrize(
    ("slug", "placement", "standard_in", "area_in", "below_collar_in"),
    [
        ("classic-tee", "front", (12.0, 14.0), (14.0, 16.0), 0.8),
        ("classic-tee", "back", (12.0, 14.0), (12.0, 14.0), 2.0),
        ("classic-tee", "neck", (2.5, 2.5), (3.0, 3.0), 1.0),
        ("classic-hoodie", "front", (12.0, 12.0), (14.0, 13.0), 1.0),
        ("classic-hoodie", "back", (12.0, 14.0), (14.0, 16.0), 3.0),
        ("classic-hoodie", "neck", (2.5, 2.5), (3.0, 3.0), 1.0),
    ],
)
@pytest.mark.parametrize("colour", ["Black", "White", "Navy"])
def test_the_standard_sizes_fit_centred_on_every_stage(
    slug: str,
    placement: str,
    standard_in: tuple[float, float],
    area_in: tuple[float, float],
    below_collar_in: float,
    colour: str,
) -> None:
    """FEATURES 4a: 12 x 14 in fronts and backs, 2.5 in labels; a hoodie's front ends at its pocket."""
    view = views(slug, colour)[placement]
    assert (view.area_width_in, view.area_height_in) == area_in
    assert view.collar_offset_in == below_collar_in
    artwork = Artwork(
        round(standard_in[0] * 300),
        round(standard_in[1] * 300),
        CropBox(0, 0, round(standard_in[0] * 300), round(standard_in[1] * 300)),
    )
    corner = ((area_in[0] - standard_in[0]) / 2, (area_in[1] - standard_in[1]) / 2)
    layer = Layer(artwork, 0, position_in_inches(view, artwork, corner, standard_in[0]))
    measured = placement_quality(view, [layer]).layers[0]
    assert (measured.width_in, measured.height_in) == pytest.approx(standard_in, abs=0.0005)
    assert (measured.grade, measured.off_area) == ("good", {})
    assert measured.top_below_collar_in == pytest.approx(below_collar_in + corner[1], abs=0.0005)


def test_thresholds_and_the_safe_zone_come_from_the_products_area() -> None:
    tee = Product.objects.get(slug="classic-tee")
    area = PrintArea.objects.filter(product=tee, placement="front", method__name="screen_print")
    area.update(good_dpi=400, okay_dpi=300, min_dpi=250, safe_margin_in=Decimal("0.500"))
    screen = stage_views(tee, None, "screen_print")["front"]
    assert (screen.thresholds, screen.safe_margin_in) == (DpiThresholds(400, 300, 250), 0.5)
    assert stage_views(tee, None)["front"].thresholds == DpiThresholds(300, 200, 150)
    with pytest.raises(IntegrityError), transaction.atomic():
        area.update(okay_dpi=200)
