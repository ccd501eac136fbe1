"""The storefront's admin page."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import ShopStaff, signed_in_user
from common.api import envelope, success
from common.errors import NotFound
from orders import lifecycle
from orders.selectors import cursor_of, orders_after, orders_for_staff
from orders.staff.listing import orders_json
from orders.staff.serializers import (
    LineStatusRequestSerializer,
    PageSerializer,
    StaffOrderSerializer,
    StatusRequestSerializer,
)


def _order_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("Order not found", code="order_not_found") from error


class StaffOrderListView(APIView):
    permission_classes = [ShopStaff]

    @extend_schema(
        operation_id="admin_orders_list",
        parameters=[
            OpenApiParameter("payment_status", str),
            OpenApiParameter("production_status", str),
            OpenApiParameter(
                "limit", int, description="Orders of a page, 1 to 500; without it, all of them."
            ),
            OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
        ],
        responses=envelope(
            "StaffOrderList",
            orders=StaffOrderSerializer(many=True),
            next_cursor=serializers.CharField(required=False, allow_null=True),
        ),
    )
    def get(self, request: Request) -> Response | HttpResponse:
        """All orders, newest first; page by page only where `limit` asks for it, and then with `next_cursor`."""
        page = PageSerializer(data=request.query_params)
        page.is_valid(raise_exception=True)
        orders = orders_for_staff(
            payment_status=request.query_params.get("payment_status", ""),
            production_status=request.query_params.get("production_status", ""),
        )
        limit = page.validated_data.get("limit")
        if limit is None:
            body = b'{"success":true,"data":{"orders":%b}}' % orders_json(orders)
            return HttpResponse(body, content_type="application/json")
        rows = list(orders_after(orders, page.validated_data.get("cursor"))[: limit + 1])
        more = cursor_of(rows[limit - 1]) if len(rows) > limit else None
        shown = StaffOrderSerializer(rows[:limit], many=True).data
        return success({"orders": shown, "next_cursor": more})


class StaffOrderDetailView(APIView):
    permission_classes = [ShopStaff]

    @extend_schema(responses=envelope("StaffOrder", order=StaffOrderSerializer))
    def get(self, request: Request, order_id: str) -> Response:
        order = orders_for_staff().filter(pk=_order_id(order_id)).first()
        if order is None:
            raise NotFound("Order not found", code="order_not_found")
        return success({"order": StaffOrderSerializer(order).data})


class StaffOrderStatusView(APIView):
    permission_classes = [ShopStaff]

    @extend_schema(
        request=StatusRequestSerializer, responses=envelope("StaffOrderMoved", order=StaffOrderSerializer)
    )
    def patch(self, request: Request, order_id: str) -> Response:
        body = StatusRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = dict(body.validated_data)
        order = lifecycle.order_change_production(
            _order_id(order_id), data.pop("status"), actor=f"staff:{signed_in_user(request).pk}", **data
        )
        return success({"order": StaffOrderSerializer(orders_for_staff().get(pk=order.pk)).data})


class StaffLineStatusView(APIView):
    """One line by itself: a garment that was spoilt is made again while the others go on."""

    permission_classes = [ShopStaff]

    @extend_schema(
        request=LineStatusRequestSerializer, responses=envelope("StaffLineMoved", order=StaffOrderSerializer)
    )
    def patch(self, request: Request, order_id: str, number: str) -> Response:
        body = LineStatusRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        if not number.isdecimal():
            raise NotFound("This order has no such line.", code="line_not_found")
        order = lifecycle.line_change_production(
            _order_id(order_id),
            int(number),
            body.validated_data["status"],
            actor=f"staff:{signed_in_user(request).pk}",
            reason=body.validated_data["reason"],
        )
        return success({"order": StaffOrderSerializer(orders_for_staff().get(pk=order.pk)).data})
