"""The garment pictures: their sizes, their tint, and that every print area lies on cloth."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from products.garments import canvas, draw, relief
from products.garments.tint import BASE_DIRECTORY, garment_picture

# Drag limits of the storefront in stage pixels (left, top, right, bottom), and the stage's width. The
# hoodie's back is drawn 20 px higher on its stage, so its limits lie 20 px lower on the picture.
PRINT_AREAS = {
    ("tee", "front"): ((103, 100, 493, 550), 600),
    ("tee", "back"): ((140, 100, 510, 550), 600),
    ("hoodie", "front"): ((150, 100, 540, 650), 690),
    ("hoodie", "back"): ((120, 120, 510, 670), 690),
}
BASE_SIZES = {"tee": (2400, 2400), "hoodie": (2400, 2555)}


def _base(garment: str, view: str) -> Image.Image:
    with Image.open(BASE_DIRECTORY / f"{garment}-{view}.png") as picture:
        picture.load()
        return picture.copy()


@pytest.mark.parametrize(("garment", "view"), sorted(PRINT_AREAS))
def test_base_has_the_agreed_mode_size_and_weight(garment: str, view: str) -> None:
    picture = _base(garment, view)
    assert picture.mode == "LA"
    assert picture.size == BASE_SIZES[garment]
    assert (BASE_DIRECTORY / f"{garment}-{view}.png").stat().st_size < 1_200_000


@pytest.mark.parametrize(("garment", "view"), sorted(PRINT_AREAS))
def test_print_area_lies_wholly_on_cloth(garment: str, view: str) -> None:
    (left, top, right, bottom), stage_width_px = PRINT_AREAS[garment, view]
    shape = np.asarray(_base(garment, view).getchannel("A"))
    scale = shape.shape[1] / stage_width_px
    rows = slice(round(top * scale), round(bottom * scale) + 1)
    columns = slice(round(left * scale), round(right * scale) + 1)
    assert shape[rows, columns].min() == 255


def test_page_shows_through_at_the_corners_and_above_the_back_collar() -> None:
    for garment in BASE_SIZES:
        shape = np.asarray(_base(garment, "front").getchannel("A"))
        assert [int(shape[row, column]) for row in (0, -1) for column in (0, -1)] == [0, 0, 0, 0]
    back = np.asarray(_base("tee", "back").getchannel("A"))
    assert back[20 * 4, 300 * 4] == 0
    assert back[40 * 4, 300 * 4] == 255


def test_collar_seam_is_a_dark_line_where_the_inch_scale_expects_it() -> None:
    light = np.asarray(_base("tee", "front").getchannel("L"), dtype=float)
    middle = light[:, 1150:1250].mean(axis=1)
    seam_row = 240 + int(np.argmin(middle[240:380]))
    assert 76 * 4 <= seam_row <= 82 * 4


@pytest.mark.parametrize(
    ("garment", "width_px", "size"),
    [
        ("tee", 803, (803, 803)),
        ("hoodie", 992, (992, 1056)),
        ("tee", 64, (64, 64)),
        ("hoodie", 2400, (2400, 2555)),
    ],
)
def test_picture_has_the_width_asked_for(garment: str, width_px: int, size: tuple[int, int]) -> None:
    picture = garment_picture(garment, "front", "#1f2a44", width_px)
    assert (picture.mode, picture.size) == ("RGBA", size)


def test_tint_follows_the_colour_and_keeps_the_shape() -> None:
    colours = {**draw.CLOTH_COLOURS, "red": "#b3122a"}
    pictures = {
        name: np.asarray(garment_picture("tee", "front", colour_hex, 300), dtype=float)
        for name, colour_hex in colours.items()
    }
    body = (slice(80, 260), slice(70, 230))
    means = {name: picture[body][..., :3].mean(axis=(0, 1)) for name, picture in pictures.items()}
    assert means["black"].mean() < means["navy"].mean() < means["red"].mean() < means["white"].mean()
    assert means["navy"] == pytest.approx([31, 42, 68], abs=12)
    assert means["red"][0] > 3 * means["red"][1]
    for picture in pictures.values():
        assert np.array_equal(picture[..., 3], pictures["black"][..., 3])


@pytest.mark.parametrize("colour_hex", ["#1b1b1d", "#f7f7f5"])
def test_folds_show_on_black_and_on_white(colour_hex: str) -> None:
    picture = np.asarray(garment_picture("tee", "front", colour_hex, 600).convert("L"), dtype=float)
    body = picture[160:540, 110:490]
    assert np.percentile(body, 99) - np.percentile(body, 1) >= 15
    assert body.max() < 255


def test_white_garment_has_an_edge_on_a_white_page() -> None:
    picture = np.asarray(garment_picture("tee", "front", "#f7f7f5", 600))
    for row in (90, 150, 300, 500):
        opaque = np.flatnonzero(picture[row, :, 3] == 255)
        assert picture[row, opaque[:3], :3].min() < 240


@pytest.mark.parametrize(
    ("garment", "view", "colour_hex", "width_px"),
    [
        ("mug", "front", "#000000", 100),
        ("tee", "neck", "#000000", 100),
        ("tee", "front", "black", 100),
        ("tee", "front", "#00000", 100),
        ("tee", "front", "#000000", 0),
        ("../tee", "front", "#000000", 100),
    ],
)
def test_unknown_names_are_refused(garment: str, view: str, colour_hex: str, width_px: int) -> None:
    with pytest.raises(ValueError, match=r"no garment|no view|a colour|a picture"):
        garment_picture(garment, view, colour_hex, width_px)


def test_caller_owns_the_picture() -> None:
    first = garment_picture("tee", "front", "#1b1b1d", 40)
    untouched = first.tobytes()
    first.paste((255, 0, 0, 255), (0, 0, 40, 40))
    assert garment_picture("tee", "front", "#1b1b1d", 40).tobytes() == untouched


def test_assets_of_the_storefront_are_there_in_its_sizes() -> None:
    sizes = {}
    for path in draw.ASSET_DIRECTORY.glob("*.png"):
        with Image.open(path) as picture:
            sizes[path.name] = (picture.mode, picture.size)
    tee, hoodie = ("RGBA", (803, 803)), ("RGBA", (992, 1056))
    expected = {"blank-tshirt.png": tee}
    for view in ("front", "back"):
        expected |= {f"{colour}-{view}.png": tee for colour in ("black", "white", "navy")}
        expected[f"hoodie-black-{view}.png"] = hoodie
    assert sizes == expected


def test_assets_are_what_the_tint_makes_of_the_bases() -> None:
    with Image.open(draw.ASSET_DIRECTORY / "navy-back.png") as stored:
        made = garment_picture("tee", "back", draw.CLOTH_COLOURS["navy"], 803)
        assert hashlib.sha256(stored.tobytes()).digest() == hashlib.sha256(made.tobytes()).digest()


def test_filled_outline_covers_its_area() -> None:
    square = np.array([(10.0, 20.0), (50.0, 20.0), (50.0, 60.0), (10.0, 60.0)]) - 0.5
    assert relief.filled(square, (80, 70)).sum() == pytest.approx(1600, rel=0.03)


def test_spline_passes_through_its_points_and_keeps_repeated_corners() -> None:
    points = [(0.0, 0.0), (10.0, 0.0), (10.0, 0.0), (10.0, 10.0)]
    curve = relief.spline(points, steps=8)
    assert curve[0].tolist() == [0.0, 0.0]
    assert curve[-1].tolist() == [10.0, 10.0]
    assert curve[:8, 1] == pytest.approx(np.zeros(8))
    assert [10.0, 0.0] in curve.tolist()


def test_crease_is_as_high_as_asked_and_fades_at_its_ends() -> None:
    crease = relief.Crease(((20.0, 50.0), (60.0, 50.0), (100.0, 50.0)), 6.0, 5.0, 5.0)
    heights = relief.crease_relief([crease], (100, 120))
    assert heights[50, 60] == pytest.approx(6.0, abs=0.1)
    assert heights[50, 20] == pytest.approx(0.0, abs=0.1)
    assert heights[10, 60] == pytest.approx(0.0, abs=0.01)


def test_flat_cloth_is_lit_evenly_and_a_slope_to_the_lamp_is_brighter() -> None:
    flat = relief.lit(np.zeros((20, 20), np.float32), (-0.5, 0.0, 0.8))
    rising = np.tile(np.arange(20, dtype=np.float32) * 0.3, (20, 1))
    assert np.ptp(flat) == 0
    towards, away = (relief.lit(slope, (-0.5, 0.0, 0.8)) for slope in (rising, -rising))
    assert towards.mean() > flat.mean() > away.mean()


def test_mirrored_outline_is_its_own_mirror_image_twice() -> None:
    outline = [(10.0, 1.0), (20.0, 2.0)]
    assert canvas.mirrored(outline, 600.0) == [(580.0, 2.0), (590.0, 1.0)]
    assert canvas.mirrored(canvas.mirrored(outline, 600.0), 600.0) == outline
