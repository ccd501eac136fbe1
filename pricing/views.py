"""Prices: quotes by method, quotes read again, the same look in other methods, codes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone, current_user
from common.api import MoneyField, envelope, success
from common.errors import NotFound
from pricing import selectors
from pricing.serializers import MethodQuoteSerializer, PricedInksSerializer, QuoteSerializer, margin_of
from pricing.services.discounts import discount_preview
from pricing.services.gift_cards import gift_card_balance
from pricing.services.methods import compare_by_method, quote_by_method
from pricing.services.quotes import quote_read

_REQUIRED = "variant_id, method, placements, and quantity are required"


def _required() -> dict[str, Any]:
    return dict.fromkeys(("required", "null", "blank"), _REQUIRED)


class PlacementSerializer(serializers.Serializer):
    """One place: its inks by name or number, its size in inches, and optionally which place of the garment it is."""

    placement = serializers.CharField(max_length=20, required=False)
    method = serializers.CharField(max_length=50, required=False)
    colors = serializers.ListField(child=serializers.CharField(max_length=50), max_length=20, required=False)
    ink_colours = serializers.IntegerField(min_value=0, max_value=20, required=False)
    width = serializers.DecimalField(
        max_digits=8, decimal_places=3, min_value=Decimal(0), max_value=Decimal(60), required=False
    )
    height = serializers.DecimalField(
        max_digits=8, decimal_places=3, min_value=Decimal(0), max_value=Decimal(60), required=False
    )
    stitches = serializers.IntegerField(min_value=0, max_value=200_000, required=False, allow_null=True)
    artwork_ids = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=4,
        required=False,
        help_text="What is printed there; its inks are counted, and go before those that are named here.",
    )


class CompareRequestSerializer(serializers.Serializer):
    variant_id = serializers.UUIDField(error_messages=_required())
    placements = serializers.ListField(
        child=PlacementSerializer(), error_messages=_required(), max_length=10, allow_empty=True
    )
    quantity = serializers.IntegerField(
        min_value=0, max_value=settings.ORDER_MAX_QUANTITY, error_messages=_required()
    )
    design_quantity = serializers.IntegerField(
        min_value=1, max_value=settings.ORDER_MAX_QUANTITY * 10, required=False
    )
    book = serializers.CharField(max_length=40, required=False)
    neck_label = serializers.BooleanField(required=False, default=False)
    design_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="A saved design of one's own, whose inks are counted."
    )

    def validate_quantity(self, quantity: int) -> int:
        if quantity == 0:
            raise serializers.ValidationError(_REQUIRED)
        return quantity

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.setdefault("design_quantity", attrs["quantity"]) < attrs["quantity"]:
            raise serializers.ValidationError(
                {"design_quantity": "The design has at least as many pieces as this line."}
            )
        return attrs


class QuoteRequestSerializer(CompareRequestSerializer):
    method = serializers.CharField(max_length=50, error_messages=_required())


class QuoteView(APIView):
    """What a line costs by a decoration method: itemised, frozen, signed, and honoured for a day."""

    permission_classes = [Anyone]

    @extend_schema(
        request=QuoteRequestSerializer, responses=envelope("PriceQuote", quote=MethodQuoteSerializer)
    )
    def post(self, request: Request) -> Response:
        body = QuoteRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user = current_user(request)
        quoted = quote_by_method(user=user, **({"book": selectors.STANDARD_BOOK} | body.validated_data))
        data = dict(MethodQuoteSerializer(quoted).data)
        if user and user.runs_the_shop:
            data["margin"] = margin_of(quoted)
        return success(data)


class QuoteDetailView(APIView):
    """A quote as it was given, verified. Whoever has its id may read it; honouring it needs its signature."""

    permission_classes = [Anyone]

    @extend_schema(responses=envelope("Quote", quote=QuoteSerializer))
    def get(self, request: Request, quote_id: str) -> Response:
        try:
            pk = UUID(quote_id)
        except ValueError as error:
            raise NotFound("Quote not found", code="quote_not_found") from error
        return success({"quote": QuoteSerializer(quote_read(pk)).data})


class ComparisonSerializer(serializers.Serializer):
    method = serializers.CharField()
    allowed = serializers.BooleanField()
    reason = serializers.CharField()
    unit_price = MoneyField(allow_null=True)
    total = MoneyField(allow_null=True)


class BreakEvenSerializer(serializers.Serializer):
    method = serializers.CharField()
    cheaper_than = serializers.CharField()
    from_quantity = serializers.IntegerField(allow_null=True)


class CompareView(APIView):
    """The same look in every method: what it would cost, and from how many pieces on which method is cheaper."""

    permission_classes = [Anyone]

    @extend_schema(
        request=CompareRequestSerializer,
        responses=envelope(
            "PriceComparison",
            methods=ComparisonSerializer(many=True),
            break_even=BreakEvenSerializer(many=True),
            inks=PricedInksSerializer(many=True),
        ),
    )
    def post(self, request: Request) -> Response:
        body = CompareRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = {"book": selectors.TRADE_BOOK} | body.validated_data
        compared = compare_by_method(user=current_user(request), **asked)
        return success(
            {
                "methods": ComparisonSerializer(compared.methods, many=True).data,
                "break_even": BreakEvenSerializer(compared.crossings, many=True).data,
                "inks": PricedInksSerializer(compared.inks, many=True).data,
            }
        )


class DiscountRequestSerializer(serializers.Serializer):
    code = serializers.CharField(max_length=40)
    email = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")
    subtotal = MoneyField(min_value=0)
    shipping = MoneyField(min_value=0, required=False, default=Decimal("0.00"))


class DiscountView(APIView):
    """What a code would take off a cart."""

    permission_classes = [Anyone]

    @extend_schema(
        request=DiscountRequestSerializer,
        responses=envelope("DiscountPreview", code=serializers.CharField(), discount=MoneyField()),
    )
    def post(self, request: Request) -> Response:
        body = DiscountRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        found = discount_preview(
            data["code"],
            customer=data["email"].strip().lower(),
            subtotal=data["subtotal"],
            shipping=data["shipping"],
        )
        return success({"code": found.code, "discount": float(found.amount)})


class GiftCardRequestSerializer(serializers.Serializer):
    code = serializers.CharField(max_length=60)


class GiftCardView(APIView):
    """What a gift card still holds."""

    permission_classes = [Anyone]

    @extend_schema(request=GiftCardRequestSerializer, responses=envelope("GiftCard", balance=MoneyField()))
    def post(self, request: Request) -> Response:
        body = GiftCardRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return success({"balance": float(gift_card_balance(body.validated_data["code"]))})
