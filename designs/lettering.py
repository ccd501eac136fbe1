"""Text layers as assets: outlined once, then an artwork like any other."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from accounts.models import User
from common.errors import DomainError, Unprocessable
from designs.geometry import CropBox, Position
from designs.measuring import facts_keep
from designs.quality import Artwork, position_in_inches
from designs.stage import stage_views
from designs.text import TextRefused, draw_outlines, layer_of, layer_outlines
from products.models import Colour, Product
from uploads.imaging.encode import encode_png
from uploads.models import Asset
from uploads.services import asset_create


class TextNotDrawn(DomainError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "text_refused"


def text_create(facts: Mapping[str, Any], *, user: User | None) -> Asset:
    """A picture of the text, to be placed like any artwork; its layer stays in the asset's metadata.

    Raises TextNotDrawn, for a character that the font lacks with the code `glyph_missing`.
    """
    try:
        layer = layer_of(dict(facts))
        outlines = layer_outlines(layer)
    except TextRefused as error:
        raise TextNotDrawn(error.message, code=error.code) from error
    rgba = draw_outlines(outlines)
    asset = asset_create(
        encode_png(rgba),
        original_name=f"{' '.join(layer.lines)[:60].strip()}.png",
        owner=user,
        owner_type=Asset.OwnerType.CUSTOMER,
        allowed_types=("image/png",),
        refusal="The text could not be drawn.",
    )
    asset.metadata = {"text_layer": layer.to_json()}
    asset.save(update_fields=["metadata", "updated_at"])
    facts_keep(asset, rgba)
    return asset


def text_position(asset: Asset, place: Mapping[str, Any]) -> Position:
    """The stage position of a text whose place is given in inches. Raises Unprocessable."""
    product = Product.objects.filter(pk=place["productId"], status=Product.Status.ACTIVE).first()
    if product is None:
        raise Unprocessable("This product is not available.", code="product_not_found")
    colour = Colour.objects.filter(name=place["color"]).first()
    view = stage_views(product, colour.pk if colour else None).get(place["placement"])
    if view is None:
        message = f"{product.title} cannot be printed on the {place['placement']}."
        raise Unprocessable(message, code="placement_not_offered")
    frame = CropBox(0, 0, asset.width_px, asset.height_px)
    artwork = Artwork(asset.width_px, asset.height_px, frame)
    corner = (place["left_in"], place["top_in"])
    return position_in_inches(view, artwork, corner, place["width_in"], place["rotation_deg"])
