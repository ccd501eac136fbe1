"""Designs on the wire: camelCase in, snake_case out, as the storefront has it."""

from __future__ import annotations

import json
import re
from typing import Any

from rest_framework import serializers

from common.api import ModelSerializer, TimestampField
from designs.inspection import VIEWS, inspect, placed_of
from designs.measuring import ArtworkUnreadable
from designs.models import Design, DesignVersion
from designs.services import colour_of
from designs.text import ALIGNMENTS, FONTS, MOST_CHARACTERS

DESIGN_DATA_MAX_BYTES = 64 * 1024
MAX_ARTWORKS = {"front": 4, "back": 4, "neck": 1}
_OWN_FILE = re.compile(r"(https?://[^/]+)?(/uploads/[A-Za-z0-9_-]{20,80}\.(png|jpg|webp))")
_POSITION_KEYS = {"x", "y", "scaleX", "scaleY", "rotation"}


def clean_position(position: Any) -> None:
    """A position of the storefront's stage: five finite numbers, positive scales. None means "where it appeared"."""
    if position is None:
        return
    if not isinstance(position, dict) or not position.keys() >= _POSITION_KEYS:
        raise serializers.ValidationError(f"A position needs {', '.join(sorted(_POSITION_KEYS))}.")
    for key in _POSITION_KEYS:
        value = position[key]
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or abs(value) > 10_000
            or value != value
        ):
            raise serializers.ValidationError(f"{key} must be a number between -10000 and 10000.")
    if position["scaleX"] <= 0 or position["scaleY"] <= 0:
        raise serializers.ValidationError("scaleX and scaleY must be above 0.")


def clean_design_data(data: dict[str, Any]) -> dict[str, Any]:
    """`{front: [position|null], back: [...], neck: [...], selectedColor, selectedSize}` within its limits."""
    if len(json.dumps(data)) > DESIGN_DATA_MAX_BYTES:
        raise serializers.ValidationError("The design is too large.")
    for view in VIEWS:
        positions = data.get(view) or []
        if not isinstance(positions, list) or len(positions) > MAX_ARTWORKS[view]:
            raise serializers.ValidationError(
                f"{view} must be a list of at most {MAX_ARTWORKS[view]} positions."
            )
        for position in positions:
            clean_position(position)
    return data


class DesignWriteSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=255)
    productId = serializers.UUIDField()
    variantId = serializers.UUIDField(required=False, allow_null=True)
    designData = serializers.DictField()
    artworkIds = serializers.ListField(child=serializers.UUIDField(), max_length=9, required=False)
    thumbnailUrl = serializers.CharField(max_length=500, required=False, allow_blank=True, allow_null=True)
    notes = serializers.CharField(max_length=2000, required=False, allow_blank=True, allow_null=True)

    def validate_designData(self, data: dict[str, Any]) -> dict[str, Any]:
        return clean_design_data(data)

    def validate_thumbnailUrl(self, url: str | None) -> str:
        """Only a file of this shop, kept relative: a foreign one would be an `<img src>` of the attacker's choice."""
        if not url:
            return ""
        own = _OWN_FILE.fullmatch(url)
        if own is None:
            raise serializers.ValidationError("thumbnailUrl must be a file that was uploaded here.")
        return own.group(2)


class DesignSerializer(ModelSerializer):
    user_id = serializers.UUIDField()
    product_id = serializers.UUIDField()
    variant_id = serializers.UUIDField(allow_null=True)
    artwork_ids = serializers.SerializerMethodField()
    thumbnail_url = serializers.CharField(source="shown_thumbnail")
    product_title = serializers.CharField(source="product.title")
    product_slug = serializers.CharField(source="product.slug")

    class Meta:
        model = Design
        fields = [
            "id", "user_id", "name", "product_id", "variant_id", "design_data", "artwork_ids", "thumbnail_url", "notes",
            "metadata", "created_at", "updated_at", "product_title", "product_slug", "design_hash",
        ]  # fmt: skip

    def get_artwork_ids(self, design: Design) -> list[str]:
        return [str(artwork.asset_id) for artwork in design.artworks.all()]


class DesignDetailSerializer(DesignSerializer):
    variant_color = serializers.CharField(source="variant.colour.name", default=None)
    variant_size = serializers.CharField(source="variant.size.name", default=None)
    artwork_urls = serializers.SerializerMethodField()
    print_quality = serializers.SerializerMethodField()

    alt_text = serializers.CharField(allow_null=True)

    class Meta(DesignSerializer.Meta):
        fields = [
            *DesignSerializer.Meta.fields, "variant_color", "variant_size", "artwork_urls", "print_quality", "alt_text",
        ]  # fmt: skip

    def get_artwork_urls(self, design: Design) -> dict[str, str]:
        return {str(artwork.asset_id): artwork.asset.file_url for artwork in design.artworks.all()}

    def get_print_quality(self, design: Design) -> dict[str, Any] | None:
        """Inches, resolution, overshoot and inks by placement; null where an original cannot be read any more."""
        return design_quality(design)


def design_quality(design: Design) -> dict[str, Any] | None:
    try:
        return inspect(placed_of(design), design.product, colour_of(design)).to_json()
    except ArtworkUnreadable:
        return None


class DesignVersionSerializer(ModelSerializer):
    artwork_ids = serializers.SerializerMethodField()
    artwork_urls = serializers.SerializerMethodField()

    class Meta:
        model = DesignVersion
        fields = [
            "number", "name", "product_id", "variant_id", "design_data", "design_hash", "artwork_ids", "artwork_urls",
            "created_at",
        ]  # fmt: skip

    def get_artwork_ids(self, version: DesignVersion) -> list[str]:
        return [str(artwork.asset_id) for artwork in version.artworks.all()]

    def get_artwork_urls(self, version: DesignVersion) -> dict[str, str]:
        return {str(artwork.asset_id): artwork.asset.file_url for artwork in version.artworks.all()}


class MockupSerializer(serializers.Serializer):
    view = serializers.CharField()
    color = serializers.CharField(source="colour.name", default=None, allow_null=True)
    color_hex = serializers.CharField(source="colour_hex")
    status = serializers.CharField()
    url = serializers.CharField(allow_null=True)
    thumbnail_url = serializers.CharField(allow_null=True)


class SharedDesignSerializer(serializers.Serializer):
    """A design for whoever has its link: how it looks, and nothing that could be used or changed."""

    name = serializers.CharField()
    product_title = serializers.CharField(source="product.title")
    product_slug = serializers.CharField(source="product.slug")
    variant_color = serializers.CharField(source="variant.colour.name", default=None)
    variant_size = serializers.CharField(source="variant.size.name", default=None)
    design_hash = serializers.CharField()
    thumbnail_url = serializers.CharField(source="shown_thumbnail")
    updated_at = TimestampField()


class TextPlaceSerializer(serializers.Serializer):
    """Where a text is to lie, in inches from the top-left corner of a product's print area."""

    productId = serializers.UUIDField()
    color = serializers.CharField(max_length=50, required=False, default="")
    placement = serializers.ChoiceField(VIEWS)
    left_in = serializers.FloatField(min_value=-20, max_value=40)
    top_in = serializers.FloatField(min_value=-20, max_value=40)
    width_in = serializers.FloatField(min_value=0.3, max_value=40)
    rotation_deg = serializers.FloatField(min_value=-360, max_value=360, required=False, default=0.0)


class TextRequestSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=MOST_CHARACTERS, trim_whitespace=False)
    font = serializers.ChoiceField(sorted(FONTS))
    colour = serializers.RegexField(r"^#[0-9a-fA-F]{6}$", required=False, default="#000000")
    align = serializers.ChoiceField(ALIGNMENTS, required=False, default="center")
    letter_spacing = serializers.FloatField(min_value=-0.2, max_value=2.0, required=False, default=0.0)
    line_height = serializers.FloatField(min_value=0.5, max_value=4.0, required=False, default=1.15)
    place = TextPlaceSerializer(required=False, allow_null=True, default=None)


class PositionSerializer(serializers.Serializer):
    x = serializers.FloatField()
    y = serializers.FloatField()
    scaleX = serializers.FloatField(source="scale_x")
    scaleY = serializers.FloatField(source="scale_y")
    rotation = serializers.FloatField(source="rotation_deg")
