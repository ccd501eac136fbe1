"""Orders as their customers see them: what the tracking page needs, and nothing else."""

from __future__ import annotations

from rest_framework import serializers

from common.api import ModelSerializer, MoneyField, TimestampField
from orders.models import Order, OrderLine
from orders.states import tracking_word


class OrderSerializer(ModelSerializer):
    order_number = serializers.CharField(source="number")
    production_status = serializers.SerializerMethodField()
    tracking_number = serializers.SerializerMethodField()
    subtotal = MoneyField()
    shipping = MoneyField()
    tax = MoneyField()
    discount = MoneyField()
    gift_card = MoneyField()
    total = MoneyField()
    shipped_at = TimestampField(allow_null=True)

    class Meta:
        model = Order
        fields = [
            "id", "order_number", "payment_status", "production_status", "tracking_number", "carrier", "shipped_at",
            "shipping_address", "subtotal", "shipping", "tax", "discount", "gift_card", "total", "currency",
            "created_at", "updated_at",
        ]  # fmt: skip

    def get_production_status(self, order: Order) -> str:
        return tracking_word(order.production_status)

    def get_tracking_number(self, order: Order) -> str | None:
        return order.tracking_number or None


class TrackedOrderSerializer(OrderSerializer):
    """Without the id: whoever knows the number sees the page, and cannot do more with it."""

    class Meta(OrderSerializer.Meta):
        fields = [name for name in OrderSerializer.Meta.fields if name != "id"]


class TrackedLineSerializer(ModelSerializer):
    id = serializers.IntegerField(source="number")
    unit_price = MoneyField()
    total_price = MoneyField()
    product_name = serializers.CharField(source="product_title")
    color = serializers.CharField(source="colour_name")
    size = serializers.CharField(source="size_name")

    class Meta:
        model = OrderLine
        fields = ["id", "quantity", "unit_price", "total_price", "product_name", "color", "size"]
