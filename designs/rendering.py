"""Pictures of a design: the mock-up that a customer and a printer look at, and the art that is printed.

Both draw the original pixels once, straight to their size on the target. Colours are resampled weighted by
their alpha, so that nothing hidden under a transparent pixel bleeds into an edge, and the edges of an
artwork's frame fall exactly where geometry puts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from designs.drawing import Box, Frame, bounds_around, draw, union_of, window_of
from designs.geometry import (
    CropBox,
    PlacedRectangle,
    Position,
    StageView,
    crop_box,
    default_position,
    effective_dpi,
    placed_rectangle,
    visible_outline,
)

MOCKUP_WIDTH_PX = 2000
PRINT_DPI = 300
PAGE_RGB = (242, 242, 240)
"""The soft light grey behind a mock-up."""

ASPECT_TOLERANCE = 0.02
CLIP_TOLERANCE_PX = 0.5
"""Less than half a printed pixel beyond the print area is rounding, not a loss."""

SHADING_STRENGTH = 0.5
SHADING_RANGE = (0.72, 1.12)
SHADING_FLOOR = 48.0
"""Added to both sides of the brightness ratio: keeps the noise of a black shirt from being read as folds."""


class NothingToPrint(ValueError):
    """Raised when no visible pixel of the artworks falls inside the print area."""

    code = "nothing_to_print"


@dataclass(frozen=True, slots=True, eq=False)
class PlacedArtwork:
    """One artwork on one view. rgba: uint8 (H, W, 4), straight alpha, the original pixels before any crop.

    `position` is None when the customer never moved it; `index` counts the artworks of this view from 0.
    `display_scale` is the number of these pixels per pixel of the picture that the storefront drew.
    """

    rgba: npt.NDArray[np.uint8]
    view: StageView
    position: Position | None
    index: int
    display_scale: float = 1.0

    def __post_init__(self) -> None:
        if (
            self.rgba.ndim != 3
            or self.rgba.shape[2] != 4
            or self.rgba.dtype != np.uint8
            or not self.rgba.size
        ):
            raise ValueError("An artwork must be a uint8 array of shape (H, W, 4) with at least one pixel.")

    def crop(self) -> CropBox:
        """The part of the artwork that the storefront draws."""
        return crop_box(self.view, self.rgba[:, :, 3], self.display_scale)

    def rectangle(self) -> PlacedRectangle:
        """Where that part lies on the stage."""
        crop = self.crop()
        position = self.position or default_position(self.view, self.index)
        return placed_rectangle(self.view, (crop.width_px, crop.height_px), position)

    def effective_dpi(self) -> float:
        """Source pixels per printed inch, the lower of both axes."""
        crop, rectangle, scale = self.crop(), self.rectangle(), self.view.pixels_per_inch
        printed_in = (rectangle.width_px / scale, rectangle.height_px / scale)
        return effective_dpi((crop.width_px, crop.height_px), printed_in)


@dataclass(frozen=True, slots=True, eq=False)
class PrintArt:
    """The art of one placement at its true size. rgba: uint8 (H, W, 4), straight alpha, trimmed to visible
    pixels.

    Inches are counted from the print area's top-left corner and are whole pixels at `dpi`. `effective_dpi` is
    the lowest resolution of the artworks in it before they were resampled. `clipped` says that the print area
    cut visible pixels off.
    """

    rgba: npt.NDArray[np.uint8]
    left_in: float
    top_in: float
    width_in: float
    height_in: float
    dpi: int
    effective_dpi: float
    clipped: bool


def render_mockup(
    view: StageView,
    garment_picture: Image.Image,
    artworks: Sequence[PlacedArtwork],
    width_px: int = MOCKUP_WIDTH_PX,
    page_rgb: tuple[int, int, int] | None = PAGE_RGB,
    under: Image.Image | None = None,
) -> Image.Image:
    """The garment with its artworks as the customer placed them, `width_px` wide and as high as the stage.

    `garment_picture` may have any size with the aspect of the view's image. The artworks follow the light and
    shade of the cloth a little and end where the garment ends. The result is RGB on a page of `page_rgb`, or
    RGBA on a transparent page where that is None. `under` is a finished picture of the same garment, onto which
    further artworks go.
    """
    _require_view(view, artworks)
    scale = width_px / view.stage_width_px
    size = (width_px, round(view.stage_height_px * scale))
    garment = _garment_on_stage(view, garment_picture, size, scale)
    ink = Image.new("RGBA", size)
    for artwork in artworks:
        draw(ink, Box(0, 0, *size), artwork.rgba, _frame(artwork, scale, 0.0, 0.0))
    picture = under.convert("RGBA") if under else garment.copy()
    picture.alpha_composite(_in_the_cloth(ink, garment))
    if page_rgb is None:
        return picture
    page = Image.new("RGBA", size, (*page_rgb, 255))
    page.alpha_composite(picture)
    return page.convert("RGB")


def same_picture(one: StageView, other: StageView) -> bool:
    """Whether both stages show one picture of the garment at one size, if at different places."""
    return (one.stage_width_px, one.stage_height_px, one.image_width_px, one.image_height_px) == (
        other.stage_width_px, other.stage_height_px, other.image_width_px, other.image_height_px,
    )  # fmt: skip


def moved_to(artwork: PlacedArtwork, view: StageView) -> PlacedArtwork:
    """The artwork on the same spot of the cloth and as large as it is printed, on another stage of the garment.

    Both are kept in inches, from the collar seam and from the garment's centre line: the stage of a small placement
    shows it enlarged.
    """
    drawn_on = artwork.view
    if drawn_on == view:
        return artwork
    position = artwork.position or default_position(drawn_on, artwork.index)
    ratio = view.pixels_per_inch / drawn_on.pixels_per_inch
    enlarged = ratio * drawn_on.base_box_px / view.base_box_px
    moved = replace(
        position,
        x=view.centre_line_px + (position.x - drawn_on.centre_line_px) * ratio,
        y=view.collar_seam_px + (position.y - drawn_on.collar_seam_px) * ratio,
        scale_x=position.scale_x * enlarged,
        scale_y=position.scale_y * enlarged,
    )
    return replace(artwork, view=view, position=moved)


def render_print_art(view: StageView, artworks: Sequence[PlacedArtwork], dpi: int = PRINT_DPI) -> PrintArt:
    """The artworks of one placement composed at true size from their original pixels, clipped to the print
    area.

    Raises NothingToPrint when nothing visible falls inside the area. A full front of 14 by 16 inches is 4200
    by 4800 pixels, 81 MB uncompressed.
    """
    _require_view(view, artworks)
    scale = dpi / view.pixels_per_inch
    area = Box(0, 0, round(view.area_width_in * dpi), round(view.area_height_in * dpi))
    frames = [_frame(artwork, scale, view.area_left_px, view.area_top_px) for artwork in artworks]
    windows = [window_of(frame, area) for frame in frames]
    drawn = [window for window in windows if not window.is_empty]
    if not drawn:
        raise NothingToPrint("No artwork of this placement reaches into the print area.")
    canvas_box = union_of(drawn)
    canvas = Image.new("RGBA", canvas_box.size)
    for artwork, frame in zip(artworks, frames, strict=True):
        draw(canvas, canvas_box, artwork.rgba, frame)
    content = canvas.getchannel("A").getbbox()
    if content is None:
        raise NothingToPrint("No visible pixel of this placement falls inside the print area.")
    return PrintArt(
        rgba=np.asarray(canvas.crop(content)),
        left_in=(canvas_box.left + content[0]) / dpi,
        top_in=(canvas_box.top + content[1]) / dpi,
        width_in=(content[2] - content[0]) / dpi,
        height_in=(content[3] - content[1]) / dpi,
        dpi=dpi,
        effective_dpi=min(
            a.effective_dpi() for a, w in zip(artworks, windows, strict=True) if not w.is_empty
        ),
        clipped=any(
            _is_clipped(artwork, frame, area) for artwork, frame in zip(artworks, frames, strict=True)
        ),
    )


def _require_view(view: StageView, artworks: Sequence[PlacedArtwork]) -> None:
    if any(artwork.view != view for artwork in artworks):
        raise ValueError("Every artwork of a picture must be placed on the view that is drawn.")


def _frame(artwork: PlacedArtwork, scale: float, origin_x_px: float, origin_y_px: float) -> Frame:
    """The artwork's rectangle on a target that shows the stage from an origin on, enlarged by `scale`."""
    rectangle = artwork.rectangle()
    return Frame(
        crop=artwork.crop(),
        centre_x=(rectangle.centre_x_px - origin_x_px) * scale,
        centre_y=(rectangle.centre_y_px - origin_y_px) * scale,
        width=rectangle.width_px * scale,
        height=rectangle.height_px * scale,
        rotation_deg=rectangle.rotation_deg,
    )


def _is_clipped(artwork: PlacedArtwork, frame: Frame, area: Box) -> bool:
    crop = frame.crop
    outline = visible_outline(artwork.rgba[crop.top : crop.bottom, crop.left : crop.right, 3])
    if outline.size == 0:
        return False
    bounds = bounds_around(frame.to_target(outline))
    overshoot_px = max(-bounds.left, -bounds.top, bounds.right - area.right, bounds.bottom - area.bottom)
    return overshoot_px > CLIP_TOLERANCE_PX


def _garment_on_stage(
    view: StageView, picture: Image.Image, size: tuple[int, int], scale: float
) -> Image.Image:
    aspect, expected = picture.width / picture.height, view.image_width_px / view.image_height_px
    if abs(aspect / expected - 1) > ASPECT_TOLERANCE:
        raise ValueError("The garment's picture must have the aspect of the view's image.")
    drawn = (max(1, round(view.image_width_px * scale)), max(1, round(view.image_height_px * scale)))
    garment = picture.convert("RGBA").resize(drawn, Image.Resampling.LANCZOS)
    stage = Image.new("RGBA", size)
    stage.paste(garment, (round(view.image_left_px * scale), round(view.image_top_px * scale)))
    return stage


def _in_the_cloth(ink: Image.Image, garment: Image.Image) -> Image.Image:
    """The ink with a part of the garment's light and shade, cut off where the garment ends."""
    inked = ink.getchannel("A").getbbox()
    if inked is None:
        return ink
    part = np.asarray(ink.crop(inked)).astype(np.float32)
    cloth = garment.crop(inked)
    alpha = np.asarray(cloth.getchannel("A"))
    brightness = np.asarray(cloth.convert("L")).astype(np.float32)
    on_cloth = alpha > 127
    usual = float(np.median(brightness[on_cloth])) if on_cloth.any() else 0.0
    ratio = np.clip((brightness + SHADING_FLOOR) / (usual + SHADING_FLOOR), *SHADING_RANGE)
    part[:, :, :3] *= (1 + SHADING_STRENGTH * (ratio - 1))[:, :, None]
    part[:, :, 3] *= alpha / np.float32(255)
    shaded = Image.new("RGBA", ink.size)
    shaded.paste(Image.fromarray(np.rint(np.clip(part, 0, 255)).astype(np.uint8)), inked[:2])
    return shaded
