"""The public catalogue and the staff's product API."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone, ShopStaff
from common.api import envelope, success
from products import selectors, services
from products.serializers import DecorationMethodSerializer, ProductSerializer, ProductWriteSerializer

_PRODUCT = envelope("ProductWritten", product=ProductSerializer)


class ProductListView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        operation_id="products_list", responses=envelope("ProductList", products=ProductSerializer(many=True))
    )
    def get(self, request: Request) -> Response:
        return success({"products": ProductSerializer(selectors.products_active(), many=True).data})


class ProductDetailView(APIView):
    permission_classes = [Anyone]

    @extend_schema(
        responses=envelope(
            "ProductDetail",
            product=ProductSerializer,
            decorationMethods=DecorationMethodSerializer(many=True),
        )
    )
    def get(self, request: Request, slug: str) -> Response:
        methods = DecorationMethodSerializer(selectors.methods_active(), many=True).data
        return success(
            {"product": ProductSerializer(selectors.product_by_slug(slug)).data, "decorationMethods": methods}
        )


class AdminProductListView(APIView):
    permission_classes = [ShopStaff]

    @extend_schema(request=ProductWriteSerializer, responses={201: _PRODUCT})
    def post(self, request: Request) -> Response:
        return success({"product": ProductSerializer(services.product_create(request.data)).data}, 201)


class AdminProductDetailView(APIView):
    permission_classes = [ShopStaff]

    @extend_schema(request=ProductWriteSerializer(partial=True), responses=_PRODUCT)
    def put(self, request: Request, product_id: UUID) -> Response:
        return success({"product": ProductSerializer(services.product_update(product_id, request.data)).data})

    @extend_schema(
        responses=inline_serializer(
            "ProductArchived", {"success": serializers.BooleanField(), "message": serializers.CharField()}
        )
    )
    def delete(self, request: Request, product_id: UUID) -> Response:
        services.product_archive(product_id)
        return Response({"success": True, "message": "Product archived"})
