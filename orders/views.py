"""The tracking page."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone
from common.api import envelope, success
from orders.selectors import order_by_reference
from orders.serializers import TrackedLineSerializer, TrackedOrderSerializer


class OrderTrackView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        responses=envelope(
            "OrderTracked", order=TrackedOrderSerializer, items=TrackedLineSerializer(many=True)
        )
    )
    def get(self, request: Request, reference: str) -> Response:
        order = order_by_reference(reference)
        items = TrackedLineSerializer(order.lines.all(), many=True).data
        response = success({"order": TrackedOrderSerializer(order).data, "items": items})
        response["Cache-Control"] = "private, no-store"
        return response
