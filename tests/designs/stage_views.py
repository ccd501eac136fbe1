"""The reference mapping of the catalogue's stages to inches, and artworks with known pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from designs.geometry import StageView

PIXELS_PER_INCH = 390 / 14
"""A tee's front: the 390 px of the storefront's drag area are 14 inches of cloth."""


def tee_front() -> StageView:
    return StageView(
        garment="tee",
        placement="front",
        stage_width_px=600,
        stage_height_px=600,
        image_left_px=0,
        image_top_px=0,
        image_width_px=600,
        image_height_px=600,
        area_left_px=103,
        area_top_px=100,
        pixels_per_inch=PIXELS_PER_INCH,
        area_width_in=14.0,
        area_height_in=16.0,
        collar_offset_in=2.0,
        base_box_px=500,
        auto_crop=True,
        default_left_px=200,
        default_top_px=250,
    )


def white_tee_back() -> StageView:
    return StageView(
        garment="tee",
        placement="back",
        stage_width_px=660,
        stage_height_px=660,
        image_left_px=0,
        image_top_px=0,
        image_width_px=660,
        image_height_px=660,
        area_left_px=140,
        area_top_px=100,
        pixels_per_inch=PIXELS_PER_INCH * 1.1,
        area_width_in=12.0,
        area_height_in=14.5,
        collar_offset_in=2.0,
        base_box_px=500,
        auto_crop=True,
        default_left_px=200,
        default_top_px=250,
    )


def hoodie(placement: str) -> StageView:
    neck = placement == "neck"
    back = placement == "back"
    return StageView(
        garment="hoodie",
        placement=placement,
        stage_width_px=690,
        stage_height_px=734.516,
        image_left_px=0,
        image_top_px=-20 if back else 0,
        image_width_px=690,
        image_height_px=734.516,
        area_left_px=120 if back else 150,
        area_top_px=100,
        pixels_per_inch=100 if neck else PIXELS_PER_INCH,
        area_width_in=3.0 if neck else 14.0,
        area_height_in={"front": 13.0, "back": 16.0, "neck": 3.0}[placement],
        collar_offset_in=1.0 if neck else 3.0,
        base_box_px=250,
        auto_crop=False,
        default_left_px=270,
        default_top_px=250,
    )


def solid(width_px: int, height_px: int, rgba: tuple[int, int, int, int]) -> npt.NDArray[np.uint8]:
    """A picture of one colour, uint8 (H, W, 4)."""
    return np.full((height_px, width_px, 4), rgba, dtype=np.uint8)


def bordered(
    width_px: int, height_px: int, border_px: int, rgba: tuple[int, int, int, int]
) -> npt.NDArray[np.uint8]:
    """The same inside a transparent border, whose hidden colour is a loud green."""
    picture = solid(width_px, height_px, (0, 255, 0, 0))
    picture[border_px : height_px - border_px, border_px : width_px - border_px] = rgba
    return picture
