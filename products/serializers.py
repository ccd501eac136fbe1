"""The catalogue on the wire. `base_cost` is deliberately absent."""

from __future__ import annotations

from rest_framework import serializers

from common.api import ModelSerializer, MoneyField
from products.models import DecorationMethod, Product, Variant


class VariantSerializer(ModelSerializer):
    product_id = serializers.UUIDField()
    color = serializers.CharField(source="colour.name")
    size = serializers.CharField(source="size.name")
    base_price = MoneyField()

    class Meta:
        model = Variant
        fields = [
            "id", "product_id", "color", "size", "sku", "base_price", "stock_level", "image_url", "metadata",
            "created_at", "updated_at",
        ]  # fmt: skip


class ProductSerializer(ModelSerializer):
    images = serializers.ListField(child=serializers.CharField())
    weight = MoneyField(source="weight_oz", allow_null=True)
    variants = VariantSerializer(many=True)

    class Meta:
        model = Product
        fields = [
            "id", "title", "slug", "description", "images", "materials", "weight", "country_of_origin", "status",
            "metadata", "created_at", "updated_at", "variants",
        ]  # fmt: skip


class ProductDetailSerializer(ProductSerializer):
    """A product with where and how it can be printed."""

    print_areas = serializers.ListField(child=serializers.DictField())
    placement_conflicts = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    size_guide = serializers.DictField()

    class Meta(ProductSerializer.Meta):
        fields = [*ProductSerializer.Meta.fields, "print_areas", "placement_conflicts", "size_guide"]


class DecorationMethodSerializer(ModelSerializer):
    class Meta:
        model = DecorationMethod
        fields = [
            "id", "name", "display_name", "description", "allowed_products", "pricing_rules", "file_requirements",
            "status", "created_at", "updated_at",
        ]  # fmt: skip


class ProductWriteSerializer(serializers.ModelSerializer):
    """What staff may set; everything else in the body is ignored, never assigned."""

    images = serializers.ListField(child=serializers.CharField(max_length=500), max_length=20, required=False)
    weight = serializers.DecimalField(
        source="weight_oz", max_digits=6, decimal_places=2, min_value=0, allow_null=True, required=False
    )

    class Meta:
        model = Product
        fields = [
            "title",
            "slug",
            "description",
            "images",
            "materials",
            "weight",
            "country_of_origin",
            "status",
        ]
        extra_kwargs = {"status": {"required": False}}
