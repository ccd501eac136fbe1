"""What the storefront sends at checkout."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from rest_framework import serializers

from accounts.models import User
from accounts.serializers import clean_email
from common.api import MoneyField
from designs.serializers import MAX_ARTWORKS, VIEWS, clean_position

_ORDER_REQUIRED = "customer, items, and shipping_address are required"
_TAX_REQUIRED = "items and shipping_address are required"
COUNTRIES = ("US", "CA")


def _required(message: str) -> dict[str, Any]:
    return {"required": message, "null": message}


class AddressSerializer(serializers.Serializer):
    line1 = serializers.CharField(max_length=200)
    line2 = serializers.CharField(max_length=200, allow_blank=True, allow_null=True, required=False)
    city = serializers.CharField(max_length=100)
    state = serializers.CharField(max_length=100)
    postal_code = serializers.CharField(max_length=20)
    country = serializers.ChoiceField(COUNTRIES)

    def validate_line2(self, value: str | None) -> str:
        return value or ""


class TaxAddressSerializer(serializers.Serializer):
    """The address while it is being typed: nothing of it is complete, and nothing of it is an error."""

    line1 = serializers.CharField(max_length=200, allow_blank=True, required=False, default="")
    line2 = serializers.CharField(max_length=200, allow_blank=True, allow_null=True, required=False)
    city = serializers.CharField(max_length=100, allow_blank=True, required=False, default="")
    state = serializers.CharField(max_length=100, allow_blank=True, required=False, default="")
    postal_code = serializers.CharField(max_length=20, allow_blank=True, required=False, default="")
    country = serializers.CharField(max_length=2, required=False, default="US")


class CustomerSerializer(serializers.Serializer):
    email = serializers.CharField(max_length=255)
    name = serializers.CharField(max_length=200)
    phone = serializers.CharField(max_length=40, allow_blank=True, required=False, default="")

    def validate_email(self, value: str) -> str:
        return User.objects.fold_email(clean_email(value))


class ArtworkSerializer(serializers.Serializer):
    """One placed artwork. Its address is never used: only the asset that it was uploaded as can be printed."""

    assetId = serializers.UUIDField(
        error_messages=_required(
            "An artwork has not finished uploading. Please remove the item and add it again."
        )
    )
    position = serializers.DictField(allow_null=True, required=False, default=None)

    def validate_position(self, position: dict[str, Any] | None) -> dict[str, Any] | None:
        clean_position(position)
        return position


class CustomizationSerializer(serializers.Serializer):
    method = serializers.CharField(max_length=50, required=False, default="dtg")
    frontArtworks = serializers.ListField(
        child=ArtworkSerializer(), required=False, max_length=MAX_ARTWORKS["front"]
    )
    backArtworks = serializers.ListField(
        child=ArtworkSerializer(), required=False, max_length=MAX_ARTWORKS["back"]
    )
    neckArtwork = ArtworkSerializer(required=False, allow_null=True)
    # How many inks each side takes, for pictures that do not say so clearly; the storefront sends none.
    confirmedInks = serializers.DictField(
        child=serializers.IntegerField(min_value=1, max_value=12), required=False, default=dict
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Artworks by placement: `{"front": [...], "back": [...], "neck": [...]}`, and the method."""
        body = super().to_internal_value(data)
        neck = body.get("neckArtwork")
        artworks = {
            "front": body.get("frontArtworks", []),
            "back": body.get("backArtworks", []),
            "neck": [neck] if neck else [],
        }
        return {
            "method": body["method"],
            "artworks": {view: artworks[view] for view in VIEWS},
            "confirmed_inks": body["confirmedInks"],
            "sent": data,
        }


class TaxItemSerializer(serializers.Serializer):
    variant_id = serializers.CharField(max_length=64)
    quantity = serializers.IntegerField(min_value=1, max_value=settings.ORDER_MAX_QUANTITY)
    unit_price = MoneyField(min_value=0)
    total_price = MoneyField(min_value=0)


class QuoteReferenceSerializer(serializers.Serializer):
    """A quote that the client holds; the storefront sends none."""

    id = serializers.UUIDField()
    signature = serializers.CharField(max_length=64)


class QuoteItemSerializer(serializers.Serializer):
    """One item of a cart that asks what it costs."""

    variant_id = serializers.CharField(max_length=64)
    quantity = serializers.IntegerField(min_value=1, max_value=settings.ORDER_MAX_QUANTITY)
    customization = CustomizationSerializer()


class CartQuoteRequestSerializer(serializers.Serializer):
    items = serializers.ListField(
        child=QuoteItemSerializer(), allow_empty=False, max_length=settings.ORDER_MAX_LINES
    )


class OrderItemSerializer(TaxItemSerializer):
    customization = CustomizationSerializer()
    quote = QuoteReferenceSerializer(required=False, allow_null=True, default=None)
    # The customer's consent to a print of poor resolution; the storefront sends none.
    accept_poor_print = serializers.BooleanField(required=False, default=False)


class TaxRequestSerializer(serializers.Serializer):
    items = serializers.ListField(
        child=TaxItemSerializer(),
        allow_empty=False,
        max_length=settings.ORDER_MAX_LINES,
        error_messages=_required(_TAX_REQUIRED),
    )
    shipping_address = TaxAddressSerializer(error_messages=_required(_TAX_REQUIRED))
    shipping = MoneyField(min_value=0, required=False, default=0)


class OrderRequestSerializer(serializers.Serializer):
    customer = CustomerSerializer(error_messages=_required(_ORDER_REQUIRED))
    items = serializers.ListField(
        child=OrderItemSerializer(),
        allow_empty=False,
        max_length=settings.ORDER_MAX_LINES,
        error_messages=_required(_ORDER_REQUIRED),
    )
    shipping_address = AddressSerializer(error_messages=_required(_ORDER_REQUIRED))
    billing_address = AddressSerializer(required=False)
    customer_notes = serializers.CharField(max_length=2000, allow_blank=True, required=False, default="")
    subtotal = MoneyField(min_value=0)
    tax = MoneyField(min_value=0)
    shipping = MoneyField(min_value=0)
    total = MoneyField(min_value=0)
    discount = MoneyField(min_value=0, required=False, default=Decimal("0.00"))
    gift_card = MoneyField(min_value=0, required=False, default=Decimal("0.00"))
    discount_code = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    gift_card_code = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    # Additive: the storefront sends none, and whoever does not agree is not written to.
    reminder_consent = serializers.BooleanField(required=False, default=False)
