"""A small order line with two prints, rendered as the shop would render it."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import lru_cache

import numpy as np
from PIL import Image

from designs.geometry import Position, StageView
from designs.rendering import PlacedArtwork, render_print_art
from orders.production.ink_layers import CHOKE_PX, underbase, white_layer
from orders.production.placement_spec import PlacementSpec, UnderbaseSpec, describe_placement
from orders.production.print_art import dominant_colours, layer_png, print_png
from orders.production.spec import PackSpec, ShipTo
from tests.designs.stage_views import solid, tee_front, white_tee_back

RED = (214, 40, 57, 255)
BLUE = (24, 78, 160, 255)


def png(picture: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", **options)
    return buffer.getvalue()


def mockup(width_px: int = 2000, height_px: int = 2000) -> bytes:
    picture = Image.new("RGB", (width_px, height_px), (242, 242, 240))
    picture.paste((30, 30, 34), (width_px // 4, height_px // 5, 3 * width_px // 4, 4 * height_px // 5))
    return png(picture)


def front_view() -> StageView:
    """30 px on the stage are one inch, so that a print of whole inches has whole pixels."""
    return replace(tee_front(), pixels_per_inch=30.0, area_left_px=120, area_top_px=90, area_width_in=12.0)


def two_inks() -> PlacedArtwork:
    """600 by 300 px, three quarters red and one quarter blue, printed 2 by 1 in at 3 by 4 in from the corner."""
    rgba = solid(600, 300, RED)
    rgba[:, 450:] = BLUE
    return PlacedArtwork(rgba, front_view(), Position(210, 210, 0.12, 0.12), 0)


def turned() -> PlacedArtwork:
    return PlacedArtwork(solid(900, 900, BLUE), white_tee_back(), Position(300, 150, 0.12, 0.12, 20), 0)


def placement(artwork: PlacedArtwork, name: str) -> tuple[PlacementSpec, dict[str, bytes]]:
    """The numbers of one print, and its art and underbase by path."""
    art = render_print_art(artwork.view, [artwork])
    side = artwork.view.placement
    white = underbase(art.rgba[:, :, 3])
    layer = UnderbaseSpec(
        f"underbase/{side}.png", CHOKE_PX, 100 * white.sum() / (art.rgba[:, :, 3] > 127).sum()
    )
    colours = dominant_colours(art.rgba)
    described = describe_placement(artwork.view, [artwork], art, colours, [name], underbase=layer)
    return described, {
        f"art/{side}.png": print_png(art),
        layer.file: layer_png(white_layer(white), art.dpi),
    }


@lru_cache(maxsize=1)
def _prints() -> tuple[tuple[PlacementSpec, dict[str, bytes]], tuple[PlacementSpec, dict[str, bytes]]]:
    return placement(two_inks(), "flag.png"), placement(turned(), "square.png")


def spec(**changes: object) -> PackSpec:
    (front, _), (back, _) = _prints()
    line = PackSpec(
        order_number="ST-2026-000042",
        line_number=1,
        created="2026-03-14T09:26:53+00:00",
        sku="TEE-BLK-M",
        product="Classic Cotton T-Shirt",
        colour_name="Black",
        colour_hex="#1b1c20",
        size="M",
        quantity=12,
        method="dtg",
        method_name="Direct to garment",
        placements=(front, back),
        notes="Bitte für Zoë einpacken.",
        warnings=("Front: the customer accepted a low resolution.",),
        due="2026-03-20",
        ship_to=ShipTo("customer", "US", "CA"),
        design_hash="ab" * 32,
    )
    return replace(line, **changes)  # type: ignore[arg-type]


def files() -> dict[str, bytes]:
    (_, front), (_, back) = _prints()
    return {
        **front,
        **back,
        "mockups/front.png": mockup(),
        "mockups/back.png": mockup(),
    }


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture)
