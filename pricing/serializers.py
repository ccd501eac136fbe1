"""Quotes on the wire."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from rest_framework import serializers

from common.api import MoneyField, TimestampField
from common.money import round_to_cents
from pricing.engine import Charge
from pricing.models import Quote
from pricing.services.methods import MethodQuote


class ChargeSerializer(serializers.Serializer):
    """One reason for a price: `amount` is for a piece or for the whole order, as `per` says."""

    rule = serializers.CharField()
    description = serializers.CharField()
    amount = MoneyField()
    per = serializers.ChoiceField(("piece", "order"))


class QuoteSerializer(serializers.Serializer):
    """A signed quote. `id` and `signature` together are what checkout takes."""

    id = serializers.UUIDField()
    signature = serializers.CharField()
    book = serializers.SerializerMethodField()
    variant_id = serializers.UUIDField()
    quantity = serializers.IntegerField()
    design_hash = serializers.CharField()
    unit_price = MoneyField()
    total = MoneyField()
    currency = serializers.CharField()
    expires_at = TimestampField()
    created_at = TimestampField()
    lines = serializers.SerializerMethodField()

    def get_book(self, quote: Quote) -> str:
        return f"{quote.book}@{quote.book_version}"

    def get_lines(self, quote: Quote) -> list[dict[str, Any]]:
        """Each charge with the rule and book version that it comes from."""
        return [{**charge, "amount": float(charge["amount"])} for charge in quote.breakdown["charges"]]


class QuoteBreakdownSerializer(serializers.Serializer):
    base_price = MoneyField(source="variant.base_price")
    method_charges = serializers.SerializerMethodField()
    quantity_multiplier = serializers.FloatField(source="breakdown.quantity_multiplier")
    unit_price = MoneyField(source="breakdown.unit_price")
    setup_total = MoneyField(source="breakdown.setup_total")
    total = MoneyField(source="breakdown.total")

    def get_method_charges(self, quoted: MethodQuote) -> list[dict[str, Any]]:
        garment = f"{quoted.breakdown.book}/garment"
        charges = [charge for charge in quoted.breakdown.charges if charge.rule != garment]
        return [_charge(charge) for charge in charges]


class NextBreakSerializer(serializers.Serializer):
    """`qty` pieces of the design make each piece `saves` cheaper."""

    qty = serializers.IntegerField(source="quantity")
    saves = MoneyField()


class PricedInksSerializer(serializers.Serializer):
    """How many inks a place was priced with, and who says so; `counted` is what the shop sees in the pixels."""

    placement = serializers.CharField()
    count = serializers.IntegerField()
    basis = serializers.ChoiceField(("artwork", "caller", "estimate"))
    counted = serializers.IntegerField(allow_null=True)


class MethodQuoteSerializer(serializers.Serializer):
    """CONTRACT 1.3's answer: prices per piece, but for `quantity_discount` and `subtotal`, which are for the line."""

    variant_price = MoneyField(source="variant.base_price")
    decoration_price = MoneyField(source="breakdown.decoration_price")
    quantity_discount = MoneyField(source="breakdown.discount")
    subtotal = MoneyField(source="breakdown.total")
    breakdown = QuoteBreakdownSerializer(source="*")
    lines = serializers.SerializerMethodField()
    next_break = NextBreakSerializer(source="breakdown.next_break", allow_null=True)
    inks = PricedInksSerializer(many=True)
    quote = QuoteSerializer()

    def get_lines(self, quoted: MethodQuote) -> list[dict[str, Any]]:
        return [_charge(charge) for charge in quoted.breakdown.charges]


def _charge(charge: Charge) -> dict[str, Any]:
    return {**charge.to_json(), "amount": float(charge.amount)}


def margin_of(quoted: MethodQuote) -> dict[str, Any]:
    """For staff only: what the blanks cost, what is left, and whether that is below the shop's floor."""
    cost = quoted.variant.base_cost * quoted.breakdown.quantity
    total = quoted.breakdown.total
    percent = round_to_cents((total - cost) / total * 100) if total else Decimal(0)
    return {
        "blank_cost": float(cost),
        "margin": float(total - cost),
        "percent": float(percent),
        "warning": percent < settings.MARGIN_FLOOR_PERCENT,
    }
