"""Mock-ups and print art, pixel by pixel where the numbers come out whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from designs.geometry import Position
from designs.rendering import NothingToPrint, PlacedArtwork, render_mockup, render_print_art
from tests.designs.stage_views import bordered, hoodie, solid, tee_front, white_tee_back

RED = (220, 20, 30, 255)
CLOTH = (230, 230, 228, 255)
HALF_GREEN = (RED[1] + CLOTH[1]) / 2
"""Below it a pixel is more red than cloth."""


def cloth(size: tuple[int, int] = (300, 300), rgba: tuple[int, int, int, int] = CLOTH) -> Image.Image:
    return Image.new("RGBA", size, rgba)


def ten_to_the_inch():
    """The tee's front with a scale that makes inches and pixels whole: 30 px on the stage are one inch."""
    return replace(tee_front(), pixels_per_inch=30.0, area_left_px=120, area_top_px=90, area_width_in=12.0)


def red_square(view, position: Position | None, index: int = 0) -> PlacedArtwork:
    return PlacedArtwork(solid(100, 100, RED), view, position, index)


def test_a_square_covers_its_pixels_on_the_mock_up_and_no_other() -> None:
    view = tee_front()
    picture = render_mockup(view, cloth(), [red_square(view, Position(150, 120, 0.4, 0.4))], width_px=1200)
    assert (picture.size, picture.mode) == ((1200, 1200), "RGB")
    pixels = np.asarray(picture)
    expected = np.full((1200, 1200, 3), CLOTH[:3], dtype=np.uint8)
    expected[240:640, 300:700] = RED[:3]
    assert np.array_equal(pixels, expected)


def test_a_quarter_turn_hangs_left_of_the_corner() -> None:
    view = tee_front()
    artwork = PlacedArtwork(solid(200, 100, RED), view, Position(400, 120, 0.4, 0.4, 90), 0)
    pixels = np.asarray(render_mockup(view, cloth(), [artwork], width_px=600))
    red = (pixels == RED[:3]).all(axis=2)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert (columns[0], columns[-1], rows[0], rows[-1]) == (300, 399, 120, 319)
    assert red.sum() == 100 * 200


def test_a_slanted_square_has_its_area_and_its_corners() -> None:
    view = tee_front()
    picture = render_mockup(view, cloth(), [red_square(view, Position(300, 120, 0.4, 0.4, 45))], width_px=600)
    green = np.asarray(picture)[:, :, 1].astype(float)
    coverage = (CLOTH[1] - green) / (CLOTH[1] - RED[1])
    assert coverage.sum() == pytest.approx(200 * 200, rel=0.002)
    rows, columns = np.nonzero(coverage > 0.5)
    half_diagonal_px = 100 * 2**0.5
    assert rows.min() == pytest.approx(120, abs=2)
    assert rows.max() == pytest.approx(120 + 2 * half_diagonal_px, abs=2)
    assert columns.mean() == pytest.approx(299.5, abs=0.1)


def test_a_fraction_of_a_pixel_shows_as_a_share_of_colour() -> None:
    view = tee_front()
    artwork = PlacedArtwork(solid(100, 100, (0, 0, 0, 255)), view, Position(150.25, 120, 0.4, 0.4), 0)
    row = np.asarray(render_mockup(view, cloth(rgba=(200, 200, 200, 255)), [artwork], width_px=600))[
        200, :, 0
    ]
    assert row[149] == 200
    assert row[150] == pytest.approx(50, abs=1)
    assert row[151] == 0
    assert row[349] == 0
    assert row[350] == pytest.approx(150, abs=1)
    assert row[351] == 200


def test_an_untouched_artwork_lies_where_the_storefront_puts_it() -> None:
    view = hoodie("front")
    picture = render_mockup(view, cloth((992, 1056)), [red_square(view, None, index=1)], width_px=690)
    assert picture.size == (690, 735)
    rows, columns = np.nonzero((np.asarray(picture) == RED[:3]).all(axis=2))
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (290, 539, 270, 519)


def test_the_transparent_border_is_cropped_on_tees_only() -> None:
    tee, jumper = tee_front(), hoodie("front")
    art = bordered(400, 300, 50, RED)
    on_tee = np.asarray(render_mockup(tee, cloth(), [PlacedArtwork(art, tee, Position(20, 100), 0)], 600))
    columns = np.flatnonzero((on_tee[:, :, 1] < HALF_GREEN).any(axis=0))
    margin_px = 5 * 500 / 310
    assert columns[0] == pytest.approx(20 + margin_px, abs=1)
    assert columns[-1] == pytest.approx(520 - margin_px, abs=1)
    on_hoodie = np.asarray(
        render_mockup(jumper, cloth((992, 1056)), [PlacedArtwork(art, jumper, Position(200, 100), 0)], 690)
    )
    columns = np.flatnonzero((on_hoodie[:, :, 1] < HALF_GREEN).any(axis=0))
    assert columns[0] == pytest.approx(200 + 50 * 250 / 400, abs=1)
    assert columns[-1] == pytest.approx(450 - 50 * 250 / 400, abs=1)


@pytest.mark.parametrize("rotation_deg", [0, 17, 90])
def test_colour_hidden_under_transparency_never_shows(rotation_deg: float) -> None:
    view = tee_front()
    artwork = PlacedArtwork(bordered(400, 300, 50, RED), view, Position(300, 150, 0.3, 0.3, rotation_deg), 0)
    art = render_print_art(view, [artwork])
    visible = art.rgba[art.rgba[:, :, 3] > 24]
    assert visible[:, 1].max() <= RED[1] + 8


def test_artworks_end_where_the_garment_ends() -> None:
    view = tee_front()
    shirt = Image.new("RGBA", (600, 600))
    shirt.paste(CLOTH, (100, 0, 500, 600))
    artwork = red_square(view, Position(400, 200, 0.4, 0.4))
    page = np.asarray(render_mockup(view, shirt, [artwork], width_px=600))
    assert (page[250, 499] == RED[:3]).all()
    assert (page[250, 501] == (242, 242, 240)).all()
    clear = np.asarray(render_mockup(view, shirt, [artwork], width_px=600, page_rgb=None))
    assert clear.shape == (600, 600, 4)
    assert clear[250, 501:, 3].max() == 0


def test_the_print_takes_a_part_of_the_cloths_shade() -> None:
    view = tee_front()
    shirt = cloth((600, 600))
    shirt.paste((184, 184, 182, 255), (0, 0, 600, 180))
    pixels = np.asarray(render_mockup(view, shirt, [red_square(view, Position(150, 120, 0.5, 0.5))], 600))
    light, shade = int(pixels[340, 200, 0]), int(pixels[150, 200, 0])
    assert light == RED[0]
    # The shade is 83 % as bright; the print follows half of that.
    assert 0.88 * light < shade < 0.95 * light


def test_a_back_view_shows_its_picture_where_the_stage_draws_it() -> None:
    view = hoodie("back")
    picture = render_mockup(view, cloth((992, 1056)), [], width_px=690)
    pixels = np.asarray(picture)
    assert (pixels[713] == CLOTH[:3]).all()
    assert (pixels[716:] == (242, 242, 240)).all()


def test_a_garment_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="aspect"):
        render_mockup(tee_front(), cloth((300, 400)), [])


def test_an_artwork_of_another_view_is_refused() -> None:
    artwork = red_square(white_tee_back(), None)
    with pytest.raises(ValueError, match="on the view"):
        render_mockup(tee_front(), cloth(), [artwork])
    with pytest.raises(ValueError, match="on the view"):
        render_print_art(tee_front(), [artwork])


def test_a_square_has_its_inches_in_the_print_art() -> None:
    view = ten_to_the_inch()
    # 60 px and 90 px from the area's corner are 2 and 3 inches; 500 * 0.3 px are 5 inches.
    art = render_print_art(view, [red_square(view, Position(180, 180, 0.3, 0.3))])
    assert (art.left_in, art.top_in, art.width_in, art.height_in) == (2.0, 3.0, 5.0, 5.0)
    assert art.rgba.shape == (1500, 1500, 4)
    assert (art.rgba == RED).all()
    assert (art.dpi, art.effective_dpi, art.clipped) == (300, 20.0, False)


def test_pixels_at_their_own_size_are_copied_untouched() -> None:
    view = ten_to_the_inch()
    rng = np.random.default_rng(7)
    original = rng.integers(0, 256, (900, 900, 4), dtype=np.uint8)
    original[:, :, 3] = 255
    art = render_print_art(view, [PlacedArtwork(original, view, Position(150, 120, 0.18, 0.18), 0)])
    assert np.array_equal(art.rgba, original)
    assert (art.left_in, art.top_in, art.effective_dpi) == (1.0, 1.0, pytest.approx(300))


@pytest.mark.parametrize(("rotation_deg", "turns"), [(90, -1), (180, 2), (270, 1)])
def test_quarter_turns_move_pixels_without_blurring_them(rotation_deg: float, turns: int) -> None:
    view = ten_to_the_inch()
    original = np.random.default_rng(8).integers(0, 256, (300, 600, 4), dtype=np.uint8)
    original[:, :, 3] = 255
    artwork = PlacedArtwork(original, view, Position(300, 240, 0.12, 0.12, rotation_deg), 0)
    assert np.array_equal(render_print_art(view, [artwork]).rgba, np.rot90(original, turns))


def test_the_print_area_cuts_and_says_so() -> None:
    view = ten_to_the_inch()
    art = render_print_art(view, [red_square(view, Position(90, 60, 0.3, 0.3))])
    assert (art.left_in, art.top_in, art.width_in, art.height_in) == (0.0, 0.0, 4.0, 4.0)
    assert art.clipped is True


def test_transparent_margins_beyond_the_area_are_no_loss() -> None:
    view = replace(ten_to_the_inch(), auto_crop=False, area_width_in=14.0)
    artwork = PlacedArtwork(bordered(500, 500, 100, RED), view, Position(110, 80, 1.0, 1.0), 0)
    moved = PlacedArtwork(bordered(500, 500, 100, RED), view, Position(10, -20, 1.0, 1.0), 0)
    assert render_print_art(view, [artwork]).clipped is False
    assert render_print_art(view, [moved]).clipped is True


def test_later_artworks_lie_on_top_and_the_art_is_trimmed_around_all() -> None:
    view = ten_to_the_inch()
    blue = PlacedArtwork(solid(3000, 3000, (10, 20, 200, 255)), view, Position(210, 210, 0.12, 0.12), 1)
    art = render_print_art(view, [red_square(view, Position(180, 180, 0.12, 0.12)), blue])
    assert (art.left_in, art.top_in, art.width_in, art.height_in) == (2.0, 3.0, 3.0, 3.0)
    assert tuple(art.rgba[100, 100]) == RED
    assert tuple(art.rgba[450, 450]) == (10, 20, 200, 255)
    assert art.rgba[100, 800, 3] == 0
    assert art.effective_dpi == pytest.approx(50)


def test_half_transparent_ink_stays_half_transparent() -> None:
    view = ten_to_the_inch()
    artwork = PlacedArtwork(solid(100, 100, (220, 20, 30, 128)), view, Position(180, 180, 0.3, 0.3), 0)
    art = render_print_art(view, [artwork])
    assert set(np.unique(art.rgba[:, :, 3])) == {128}
    assert np.abs(art.rgba[:, :, :3].astype(int) - RED[:3]).max() <= 1


def test_nothing_inside_the_area_is_refused() -> None:
    view = ten_to_the_inch()
    with pytest.raises(NothingToPrint):
        render_print_art(view, [red_square(view, Position(700, 700, 0.1, 0.1))])
    with pytest.raises(NothingToPrint):
        render_print_art(view, [PlacedArtwork(solid(9, 9, (1, 2, 3, 0)), view, Position(200, 200), 0)])
    with pytest.raises(NothingToPrint):
        render_print_art(view, [])


@pytest.mark.parametrize("shape", [(10, 10), (10, 10, 3), (0, 10, 4)])
def test_an_artwork_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="uint8"):
        PlacedArtwork(np.zeros(shape, dtype=np.uint8), tee_front(), None, 0)


def test_a_full_front_is_fourteen_by_sixteen_inches_at_300_dpi() -> None:
    view = tee_front()
    artwork = PlacedArtwork(solid(700, 800, RED), view, Position(100, 95, 0.95, 0.95, 0), 0)
    art = render_print_art(view, [artwork])
    assert art.rgba.shape == (4800, 4200, 4)
    assert (art.width_in, art.height_in, art.clipped) == (14.0, 16.0, True)
    assert (art.rgba == RED).all()
