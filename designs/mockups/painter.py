"""Draws one mock-up from the originals and stores it under an unguessable name, with a thumbnail beside it."""

from __future__ import annotations

import io
import time
from typing import Any

import structlog
from PIL import Image

from common.storage import public_storage, random_name, write_file
from designs.geometry import StageView
from designs.measuring import ArtworkUnreadable, original_pixels
from designs.mockups.tasks import ring_mockup
from designs.models import Design, Mockup
from designs.rendering import MOCKUP_WIDTH_PX, PlacedArtwork, moved_to, render_mockup
from designs.stage import position_of, stage_views
from products.garments.tint import garment_picture
from uploads.models import Asset

log = structlog.get_logger(__name__)

THUMBNAIL_WIDTH_PX = 600


def paint(mockup_id: str) -> None:
    """Draws the mock-up if it is ours to draw. What cannot be drawn fails for good; what crashed is tried again."""
    mockup = Mockup.claim(mockup_id)
    if mockup is None:
        return
    started = time.monotonic()
    try:
        picture = mockup_picture(mockup)
        names = {
            "file_name": _publish(picture, picture.width, quality=90),
            "thumbnail_name": _publish(picture, THUMBNAIL_WIDTH_PX, quality=86),
        }
    except (ArtworkUnreadable, Asset.DoesNotExist) as error:
        mockup.fail("artwork_unreadable", type(error).__name__, retryable=False)
        return
    except Exception as error:
        delay = mockup.fail("internal_error", type(error).__name__, retryable=True)
        log.exception("mockup.crashed", mockup_id=mockup_id, again=delay is not None)
        if delay is not None:
            ring_mockup(mockup_id, countdown_s=delay.total_seconds())
        return
    if not mockup.finish(**names):
        for name in names.values():
            public_storage().delete(name)
        return
    _show_on_designs(mockup, names["thumbnail_name"])
    log.info("mockup.done", mockup_id=mockup_id, seconds=round(time.monotonic() - started, 2))


def mockup_picture(mockup: Mockup, width_px: int = MOCKUP_WIDTH_PX) -> Image.Image:
    """The side of the garment with its artworks, RGB. Raises ArtworkUnreadable and Asset.DoesNotExist."""
    views = stage_views(mockup.product, mockup.colour_id)
    view = views[mockup.view]
    garment = garment_picture(mockup.product.garment, mockup.view, mockup.colour_hex, width_px)
    # Layers from before a mock-up showed other placements do not name theirs.
    artworks = [
        moved_to(_placed(layer, views[layer.get("placement", mockup.view)]), view) for layer in mockup.layers
    ]
    return render_mockup(view, garment, artworks, width_px)


def _placed(layer: dict[str, Any], view: StageView) -> PlacedArtwork:
    asset = Asset.objects.get(pk=layer["asset"])
    return PlacedArtwork(
        original_pixels(asset), view, position_of(layer["position"]), layer["index"], asset.display_scale
    )


def _publish(picture: Image.Image, width_px: int, *, quality: int) -> str:
    height_px = round(picture.height * width_px / picture.width)
    if width_px != picture.width:
        picture = picture.resize((width_px, height_px), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, progressive=True, optimize=True)
    return write_file(public_storage(), random_name("jpg"), buffer.getvalue())


def _show_on_designs(mockup: Mockup, thumbnail_name: str) -> None:
    """Designs that wait for a thumbnail of this side get it, unless they have changed since."""
    waiting = Design.objects.filter(design_hash=mockup.design_hash, thumbnail_side=mockup.side)
    waiting.update(made_thumbnail=thumbnail_name)
