"""The picture in docs/ that shows every garment in every colour with art on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from PIL import Image

from designs.geometry import CropBox, Placement, StageView
from designs.quality import Artwork, position_in_inches
from designs.rendering import PAGE_RGB, PlacedArtwork, render_mockup
from designs.stage import stage_views
from designs.text import TextLayer, draw_outlines, layer_outlines
from products.garments.tint import garment_picture
from products.models import Product

CELL_PX = 420
_TEXT = {"front": ("STOLEN\nTEE", "alfa-slab-one", 10.0), "back": ("since 2024", "pacifico", 9.0)}
_TOP_IN = {("hoodie", "front"): 4.0}  # below the strings of the hood
_ON_DARK, _ON_LIGHT = "#f2b632", "#b3202a"


class Command(BaseCommand):
    help = "Draws docs/images/mock-ups.jpg: every garment of the seeded catalogue, front and back, in every colour."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", default=str(settings.BASE_DIR / "docs" / "images" / "mock-ups.jpg"))

    def handle(self, *args: Any, **options: Any) -> None:
        pictures = [
            _mockup(product, colour, view)
            for product in Product.objects.filter(slug__in=("classic-tee", "classic-hoodie")).order_by(
                "-slug"
            )
            for colour in {v.colour_id: v.colour for v in product.variants.select_related("colour")}.values()
            for view in ("front", "back")
        ]
        if not pictures:
            self.stderr.write("There is no catalogue: run `manage.py seed_catalogue` first.")
            return
        sheet = _sheet(pictures, columns=4)
        out = Path(options["out"])
        sheet.save(out, "JPEG", quality=86, progressive=True, optimize=True)
        self.stdout.write(f"{out}: {sheet.width} x {sheet.height} px, {out.stat().st_size // 1024} kB")


def _mockup(product: Product, colour: Any, view_name: Placement) -> Image.Image:
    view = stage_views(product, colour.pk)[view_name]
    text, font, width_in = _TEXT[view_name]
    layer = TextLayer(text, font, _ON_DARK if colour.is_dark else _ON_LIGHT, line_height=1.0)
    rgba = draw_outlines(layer_outlines(layer), 1600)
    garment = garment_picture(product.garment, view_name, colour.hex, 2 * CELL_PX)
    picture = render_mockup(view, garment, [_centred(view, rgba, width_in)], 2 * CELL_PX)
    return picture.resize(
        (CELL_PX, round(CELL_PX * picture.height / picture.width)), Image.Resampling.LANCZOS
    )


def _centred(view: StageView, rgba: np.ndarray[Any, np.dtype[np.uint8]], width_in: float) -> PlacedArtwork:
    """On the garment's centre line, two inches below the top of the print area where nothing is in the way."""
    height_px, width_px = rgba.shape[:2]
    artwork = Artwork(width_px, height_px, CropBox(0, 0, width_px, height_px))
    top_in = _TOP_IN.get((view.garment, view.placement), 2.0)
    left_in = view.area_left_of_centre_in - width_in / 2
    return PlacedArtwork(rgba, view, position_in_inches(view, artwork, (left_in, top_in), width_in), 0)


def _sheet(pictures: list[Image.Image], columns: int) -> Image.Image:
    height_px = max(picture.height for picture in pictures)
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * CELL_PX, rows * height_px), PAGE_RGB)
    for number, picture in enumerate(pictures):
        left, top = number % columns * CELL_PX, number // columns * height_px
        sheet.paste(picture, (left, top + height_px - picture.height))
    return sheet
