"""What staff ask about the whole shop."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import ShopStaff
from common.api import MoneyField, TimestampField, envelope, success
from ops.live_costs import live_costs


class CostQuerySerializer(serializers.Serializer):
    days = serializers.IntegerField(min_value=1, max_value=366, default=30)


class CostLineSerializer(serializers.Serializer):
    service = serializers.CharField()
    amount = MoneyField()
    note = serializers.CharField()


class CutOutCostSerializer(serializers.Serializer):
    results = serializers.IntegerField()
    cost_usd = serializers.FloatField()
    baseline_usd = serializers.FloatField()
    avoided_usd = serializers.FloatField()
    avoided_percent = serializers.FloatField()


class LiveCostsSerializer(serializers.Serializer):
    since = TimestampField()
    until = TimestampField()
    currency = serializers.SerializerMethodField()
    orders = serializers.IntegerField()
    revenue = MoneyField()
    lines = CostLineSerializer(many=True)
    total = MoneyField()
    cut_outs = CutOutCostSerializer()

    def get_currency(self, costs: object) -> str:
        return "usd"


class CostsView(APIView):
    permission_classes = [ShopStaff]

    @extend_schema(
        parameters=[OpenApiParameter("days", int)], responses=envelope("Costs", costs=LiveCostsSerializer)
    )
    def get(self, request: Request) -> Response:
        query = CostQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        return success(
            {"costs": LiveCostsSerializer(live_costs(timezone.now(), query.validated_data["days"])).data}
        )
