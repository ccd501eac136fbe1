"""Tax while the address is typed, and the order itself."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone, current_user
from common.api import MoneyField, envelope, success
from common.http import client_ip
from orders.access import access_token
from orders.checkout import services
from orders.checkout.idempotency import idempotency_key
from orders.checkout.serializers import (
    CartQuoteRequestSerializer,
    OrderRequestSerializer,
    TaxRequestSerializer,
)
from orders.serializers import OrderSerializer
from pricing.serializers import QuoteSerializer


class TaxView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        request=TaxRequestSerializer,
        responses=envelope(
            "Tax",
            tax=MoneyField(),
            tax_breakdown=serializers.ListField(child=serializers.DictField()),
            source=serializers.CharField(),
        ),
    )
    def post(self, request: Request) -> Response:
        body = TaxRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        tax = services.tax_estimate(data["items"], data["shipping_address"], data["shipping"])
        return success({"tax": float(tax.amount), "tax_breakdown": tax.breakdown, "source": tax.source})


class OrderCreateView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        request=OrderRequestSerializer,
        responses={
            201: envelope(
                "OrderCreated",
                order=OrderSerializer,
                client_secret=serializers.CharField(allow_null=True),
                access_token=serializers.CharField(help_text="Reads, edits and cancels this order."),
            )
        },
    )
    def post(self, request: Request) -> Response:
        body = OrderRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user = current_user(request)
        client = str(user.pk) if user else client_ip(request)
        key = idempotency_key(request.headers.get("Idempotency-Key"), request.data, client)
        order, payment = services.order_create(body.validated_data, user=user, client=client, key=key)
        secret = payment.client_secret if payment else None  # a gift card has paid for everything
        answer = {
            "order": OrderSerializer(order).data,
            "client_secret": secret,
            "access_token": access_token(order),
        }
        return success(answer, 201)


class CartQuoteView(APIView):
    """What a cart costs now, as signed quotes that `orders/create` honours for a day."""

    permission_classes = [Anyone]

    @extend_schema(
        request=CartQuoteRequestSerializer,
        responses={
            201: envelope(
                "CartQuote",
                quotes=QuoteSerializer(many=True),
                subtotal=MoneyField(),
                print_quality=serializers.ListField(child=serializers.DictField()),
            )
        },
    )
    def post(self, request: Request) -> Response:
        body = CartQuoteRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        quotes, quality = services.cart_quote(body.validated_data["items"], user=current_user(request))
        subtotal = float(sum(quote.total for quote in quotes))
        return success(
            {
                "quotes": QuoteSerializer(quotes, many=True).data,
                "subtotal": subtotal,
                "print_quality": quality,
            },
            201,
        )
