"""Orders as their customers see them: what the tracking page needs, and nothing else."""

from __future__ import annotations

from rest_framework import serializers

from common.api import ModelSerializer, MoneyField, TimestampField
from orders.checkout.rules import amount_due, amount_refunded, refusal_to_change
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


class OwnOrderSerializer(OrderSerializer):
    """The order for its customer, who has signed in or has the key from the mail: what was ordered as whom, what may
    still be changed, and what is still to be paid. Never notes of staff."""

    is_on_hold = serializers.SerializerMethodField()
    may_change = serializers.SerializerMethodField()
    change_refusal = serializers.SerializerMethodField()
    amount_due = serializers.SerializerMethodField()
    refunded = serializers.SerializerMethodField()

    class Meta(OrderSerializer.Meta):
        fields = [
            *OrderSerializer.Meta.fields,
            "customer_name", "customer_email", "customer_phone", "billing_address", "customer_notes", "paid_at",
            "reminder_consent", "is_on_hold", "may_change", "change_refusal", "amount_due", "refunded",
        ]  # fmt: skip

    def get_is_on_hold(self, order: Order) -> bool:
        return bool(order.hold_reason)

    def get_may_change(self, order: Order) -> bool:
        return refusal_to_change(order) is None

    def get_change_refusal(self, order: Order) -> str | None:
        refusal = refusal_to_change(order)
        return refusal.message if refusal else None

    def get_amount_due(self, order: Order) -> float:
        return float(amount_due(order))

    def get_refunded(self, order: Order) -> float:
        return float(amount_refunded(order))
