"""The tracking page, and what an order's customer may do with it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone, current_user
from common.api import MoneyField, envelope, success
from orders.checkout.editing import order_cancel, order_edit
from orders.checkout.serializers import AddressSerializer
from orders.models import Order
from orders.selectors import is_customer, order_by_reference, order_of_customer
from orders.serializers import OwnOrderSerializer, TrackedLineSerializer, TrackedOrderSerializer

TOKEN_HEADER = "X-Order-Token"
_TOKEN = OpenApiParameter(
    TOKEN_HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The key from the e-mail, unless it is in the path.",
)


def _token(request: Request) -> str:
    return request.headers.get(TOKEN_HEADER, "")


def _own(order: Order, **more: Any) -> Response:
    order = order_by_reference(str(order.pk))
    items = TrackedLineSerializer(order.lines.all(), many=True).data
    response = success({"order": OwnOrderSerializer(order).data, "items": items, **more})
    response["Cache-Control"] = "private, no-store"
    return response


class LineEditSerializer(serializers.Serializer):
    id = serializers.IntegerField(help_text="As in `items` of the order.")
    size = serializers.CharField(max_length=10)


class OrderEditSerializer(serializers.Serializer):
    shipping_address = AddressSerializer(required=False)
    items = LineEditSerializer(many=True, required=False)
    total = MoneyField(
        min_value=0, required=False, allow_null=True, help_text="What the customer was shown, if it changes."
    )


class CancelSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class OrderTrackView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        parameters=[_TOKEN],
        responses=envelope(
            "OrderTracked", order=TrackedOrderSerializer, items=TrackedLineSerializer(many=True)
        ),
    )
    def get(self, request: Request, reference: str) -> Response:
        """What the tracking page needs. By id or key, and for the customer, also what only the customer may see."""
        order, token = order_by_reference(reference), _token(request)
        is_page = reference == order.number and not token  # whoever looks over a shoulder sees the number
        if not is_page and is_customer(order, reference, user=current_user(request), token=token):
            return _own(order)
        items = TrackedLineSerializer(order.lines.all(), many=True).data
        response = success({"order": TrackedOrderSerializer(order).data, "items": items})
        response["Cache-Control"] = "private, no-store"
        return response

    @extend_schema(
        parameters=[_TOKEN],
        request=OrderEditSerializer,
        responses=envelope(
            "OrderEdited",
            order=OwnOrderSerializer,
            items=TrackedLineSerializer(many=True),
            client_secret=serializers.CharField(allow_null=True),
        ),
    )
    def patch(self, request: Request, reference: str) -> Response:
        """Another address or other sizes, until production starts. `client_secret` pays what is due then."""
        order = order_of_customer(reference, user=current_user(request), token=_token(request))
        body = OrderEditSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        order, payment = order_edit(order, body.validated_data, actor="customer")
        return _own(order, client_secret=payment.client_secret if payment else None)


class OrderCancelView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        parameters=[_TOKEN],
        request=CancelSerializer,
        responses=envelope(
            "OrderCancelled", order=OwnOrderSerializer, items=TrackedLineSerializer(many=True)
        ),
    )
    def post(self, request: Request, reference: str) -> Response:
        """Ends the order until production starts; what was paid goes back."""
        order = order_of_customer(reference, user=current_user(request), token=_token(request))
        body = CancelSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return _own(order_cancel(order, actor="customer", reason=body.validated_data["reason"]))
