"""The art file's bytes and the colours named for it."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from designs.rendering import render_print_art
from orders.production.print_art import dominant_colours, print_png
from tests.designs.stage_views import solid
from tests.orders.production.examples import BLUE, RED, pixels, two_inks


def art():
    return render_print_art(two_inks().view, [two_inks()])


def test_the_png_says_300_dpi_srgb_and_keeps_every_pixel() -> None:
    data = print_png(art())
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.mode, picture.size) == ("RGBA", (600, 300))
        profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)
    at = data.index(b"pHYs") + 4
    assert struct.unpack(">IIB", data[at : at + 9]) == (11811, 11811, 1)
    assert np.array_equal(pixels(data), art().rgba)


def test_equal_art_has_equal_bytes() -> None:
    assert print_png(art()) == print_png(art())


def test_flat_inks_keep_their_exact_value() -> None:
    assert dominant_colours(art().rgba) == [("#d62839", 75.0), ("#184ea0", 25.0)]


def test_transparent_pixels_and_soft_edges_are_no_colours() -> None:
    rgba = solid(200, 200, (0, 255, 0, 0))
    rgba[50:150, 50:150] = RED
    rgba[50:150, 150] = (120, 120, 120, 60)
    assert dominant_colours(rgba) == [("#d62839", 100.0)]


def test_shades_that_look_alike_are_one_colour() -> None:
    rgba = solid(100, 100, RED)
    rgba[:20] = (216, 44, 60, 255)
    assert dominant_colours(rgba) == [("#d62839", 100.0)]


def test_a_photo_has_at_most_twelve_colours_that_add_up() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (300, 300, 4), dtype=np.uint8)
    noise[:, :, 3] = 255
    colours = dominant_colours(noise)
    assert len(colours) == 12
    assert sum(percent for _, percent in colours) == pytest.approx(100, abs=0.1)
    assert [percent for _, percent in colours] == sorted((p for _, p in colours), reverse=True)


def test_large_art_is_sampled_evenly() -> None:
    rgba = solid(3000, 2000, RED)
    rgba[:500] = BLUE
    assert dict(dominant_colours(rgba)) == {
        "#d62839": pytest.approx(75, abs=0.5),
        "#184ea0": pytest.approx(25, abs=0.5),
    }


def test_nothing_inked_has_no_colour() -> None:
    assert dominant_colours(solid(10, 10, (9, 9, 9, 0))) == []
