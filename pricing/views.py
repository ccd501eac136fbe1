"""`POST /api/price/quote`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone
from common.api import MoneyField, success
from pricing import services
from pricing.engine import MethodPrice, PlacementSpec

_REQUIRED = "variant_id, method, placements, and quantity are required"
_MISSING: dict[str, Any] = dict.fromkeys(("required", "null", "blank"), _REQUIRED)


class PlacementSerializer(serializers.Serializer):
    colors = serializers.ListField(child=serializers.CharField(max_length=50), max_length=20, required=False)
    width = serializers.DecimalField(
        max_digits=8, decimal_places=3, min_value=0, max_value=60, required=False
    )
    height = serializers.DecimalField(
        max_digits=8, decimal_places=3, min_value=0, max_value=60, required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {"colors": [], "width": Decimal(0), "height": Decimal(0), **attrs}


class QuoteRequestSerializer(serializers.Serializer):
    variant_id = serializers.UUIDField(error_messages=_MISSING)
    method = serializers.CharField(max_length=50, error_messages=_MISSING)
    placements = serializers.ListField(child=PlacementSerializer(), error_messages=_MISSING, max_length=10)
    quantity = serializers.IntegerField(
        min_value=0,
        max_value=settings.ORDER_MAX_QUANTITY,
        error_messages=_MISSING,
    )

    def validate_quantity(self, quantity: int) -> int:
        if quantity == 0:
            raise serializers.ValidationError(_REQUIRED)
        return quantity


class ChargeSerializer(serializers.Serializer):
    rule = serializers.CharField()
    description = serializers.CharField()
    amount = MoneyField()


class QuoteBreakdownSerializer(serializers.Serializer):
    base_price = MoneyField(source="variant_price")
    method_charges = ChargeSerializer(source="charges", many=True)
    quantity_multiplier = serializers.FloatField(source="multiplier")
    unit_price = MoneyField()
    gross = MoneyField()
    total = MoneyField(source="subtotal")


class QuoteSerializer(serializers.Serializer):
    """A quote: prices per piece but for `quantity_discount` and `subtotal`, which are for the whole line."""

    variant_price = MoneyField()
    decoration_price = MoneyField()
    quantity_discount = MoneyField(source="discount_amount")
    subtotal = MoneyField()
    breakdown = QuoteBreakdownSerializer(source="*")


class QuoteView(APIView):
    permission_classes = [Anyone]

    @extend_schema(request=QuoteRequestSerializer, responses=QuoteSerializer)
    def post(self, request: Request) -> Response:
        body = QuoteRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return success(QuoteSerializer(_quote(body.validated_data)).data)


def _quote(data: dict[str, Any]) -> MethodPrice:
    placements = [
        PlacementSpec(ink_colours=len(item["colors"]), width_in=item["width"], height_in=item["height"])
        for item in data["placements"]
    ]
    return services.quote_by_method(
        variant_id=data["variant_id"], method=data["method"], placements=placements, quantity=data["quantity"]
    )
