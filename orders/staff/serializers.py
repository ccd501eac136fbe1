"""Orders as the storefront's admin page reads them: the superset of the flat and the nested shape (CONTRACT 1.24)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework import serializers

from common.api import MoneyField, TimestampField
from orders.models import Order, OrderLine, Payment, ProductionPack
from orders.production.handoff import pack_link
from orders.states import admin_word


class StaffLineSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    variant_id = serializers.UUIDField()
    quantity = serializers.IntegerField()
    price = MoneyField(source="unit_price")
    unit_price = MoneyField()
    total_price = MoneyField()
    product_name = serializers.CharField(source="product_title")
    product_slug = serializers.CharField()
    size = serializers.CharField(source="size_name")
    color = serializers.CharField(source="colour_name")
    variant_details = serializers.SerializerMethodField()
    design_image_url = serializers.SerializerMethodField()
    mockup_url = serializers.SerializerMethodField()
    custom_design = serializers.SerializerMethodField()
    line_number = serializers.IntegerField(source="number")
    production_status = serializers.CharField()
    production_pack_url = serializers.SerializerMethodField()

    def get_production_pack_url(self, line: OrderLine) -> str | None:
        """The printer's link, once the pack is built."""
        pack = getattr(line, "pack", None)
        return pack_link(pack) if pack and pack.status == ProductionPack.Status.DONE else None

    def get_variant_details(self, line: OrderLine) -> dict[str, str]:
        return {"color": line.colour_name, "size": line.size_name, "sku": line.sku}

    def get_mockup_url(self, line: OrderLine) -> str | None:
        name = line.front_mockup_name or line.back_mockup_name
        return f"/uploads/{name}" if name else None

    def get_design_image_url(self, line: OrderLine) -> str | None:
        """The mock-up once it is rendered, until then the first artwork; a plain GET without a token."""
        return self.get_mockup_url(line) or next((a.asset.file_url for a in line.artworks.all()), None)

    def get_custom_design(self, line: OrderLine) -> dict[str, Any]:
        images = [
            {
                "asset_id": str(artwork.asset_id),
                "file_url": artwork.asset.file_url,
                "kind": artwork.asset.kind,
                "width": artwork.asset.width_px,
                "height": artwork.asset.height_px,
                "dpi": artwork.asset.dpi,
                "original_name": artwork.asset.original_name,
                "placement": artwork.placement,
            }
            for artwork in line.artworks.all()
        ]
        return {"design_data": None, "design_images": images, "custom_spec": line.customization}


class StaffOrderSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    order_number = serializers.CharField(source="number")
    customer_name = serializers.CharField()
    customer_email = serializers.CharField()
    phone = serializers.CharField(source="customer_phone")
    customer = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    payment_status = serializers.CharField()
    payment_method = serializers.SerializerMethodField()
    payment_intent_id = serializers.SerializerMethodField()
    production_status = serializers.CharField()
    hold_reason = serializers.CharField()
    total = MoneyField()
    totals = serializers.SerializerMethodField()
    tax_source = serializers.CharField()
    items = StaffLineSerializer(source="lines", many=True)
    shipping_address = serializers.SerializerMethodField()
    billing_address = serializers.SerializerMethodField()
    tracking_number = serializers.SerializerMethodField()
    carrier = serializers.CharField()
    shipped_at = TimestampField(allow_null=True)
    customer_notes = serializers.CharField()
    internal_notes = serializers.CharField()
    created_at = TimestampField()
    updated_at = TimestampField()

    def get_customer(self, order: Order) -> dict[str, Any]:
        return {
            "id": str(order.user_id) if order.user_id else None,
            "name": order.customer_name,
            "email": order.customer_email,
            "phone": order.customer_phone,
        }

    def get_payment_method(self, order: Order) -> str | None:
        payment = _newest_payment(order)
        return payment.gateway if payment else None

    def get_payment_intent_id(self, order: Order) -> str | None:
        payment = _newest_payment(order)
        return payment.intent_id if payment else None

    def get_status(self, order: Order) -> str:
        return admin_word(order.production_status)

    def get_totals(self, order: Order) -> dict[str, float]:
        return {
            name: float(getattr(order, name)) for name in ("subtotal", "tax", "shipping", "discount", "total")
        }

    def get_shipping_address(self, order: Order) -> dict[str, Any]:
        return _both_vocabularies(order.shipping_address)

    def get_billing_address(self, order: Order) -> dict[str, Any]:
        return _both_vocabularies(order.billing_address)

    def get_tracking_number(self, order: Order) -> str | None:
        return order.tracking_number or None


def _newest_payment(order: Order) -> Payment | None:
    """From the rows that the selector has read already."""
    return max(order.payments.all(), key=lambda payment: payment.attempt, default=None)


def _both_vocabularies(address: dict[str, Any]) -> dict[str, Any]:
    """The page reads street and zip, the documents line1 and postal_code."""
    return {**address, "street": address.get("line1", ""), "zip": address.get("postal_code", "")}


class PageSerializer(serializers.Serializer):
    """The cursor is where the page before ended: the time and the id of its last order."""

    limit = serializers.IntegerField(min_value=1, max_value=500, required=False)
    cursor = serializers.RegexField(r"^[0-9T:.+-]+_[0-9a-f-]{36}$", max_length=80, required=False)

    def validate_cursor(self, value: str) -> tuple[datetime, UUID]:
        moment, _, key = value.rpartition("_")
        try:
            return datetime.fromisoformat(moment), UUID(key)
        except ValueError as error:
            raise serializers.ValidationError("This cursor is not one of ours.") from error


class StatusRequestSerializer(serializers.Serializer):
    status = serializers.CharField(max_length=20)
    tracking_number = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    carrier = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    internal_notes = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class LineStatusRequestSerializer(serializers.Serializer):
    status = serializers.CharField(max_length=20)
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
