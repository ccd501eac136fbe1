"""The public catalogue and the staff's product API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.core.signing import BadSignature, Signer
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone, ShopStaff
from common.api import envelope, success
from common.errors import NotFound
from products import catalogue, services
from products.listing import CursorUnknown, Query, select
from products.models import Placement
from products.responses import cached_answer, respond
from products.serializers import (
    DecorationMethodSerializer,
    ProductDetailSerializer,
    ProductSerializer,
    ProductWriteSerializer,
)

_CURSOR_SALT = "products.cursor"
_PRODUCT = envelope("ProductWritten", product=ProductSerializer)


class CatalogueQuerySerializer(serializers.Serializer):
    """The list's optional parameters. Values of color, size, method and placement may be several, comma-separated."""

    q = serializers.CharField(max_length=100, required=False, allow_blank=True)
    color = serializers.CharField(max_length=200, required=False)
    size = serializers.CharField(max_length=200, required=False)
    method = serializers.CharField(max_length=200, required=False)
    placement = serializers.CharField(max_length=200, required=False)
    min_price = serializers.DecimalField(
        max_digits=10, decimal_places=2, min_value=Decimal(0), required=False
    )
    max_price = serializers.DecimalField(
        max_digits=10, decimal_places=2, min_value=Decimal(0), required=False
    )
    in_stock = serializers.BooleanField(required=False)
    sort = serializers.ChoiceField(("newest", "title", "price", "-price"), required=False)
    limit = serializers.IntegerField(min_value=1, max_value=100, required=False)
    cursor = serializers.CharField(max_length=200, required=False)
    facets = serializers.BooleanField(required=False)

    def validate_placement(self, value: str) -> str:
        unknown = [word for word in _words(value) if word not in Placement.values]
        if unknown:
            raise serializers.ValidationError(
                f"{unknown[0]!r} is no placement; known are {', '.join(Placement.values)}."
            )
        return value

    def validate_cursor(self, value: str) -> str:
        try:
            return Signer(salt=_CURSOR_SALT).unsign(value)
        except BadSignature as error:
            raise serializers.ValidationError("This cursor is not one of ours.") from error


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())


def _query(params: dict[str, Any]) -> Query:
    params = dict(params)
    cursor = params.pop("cursor", "")
    for name in ("color", "size"):
        params[name] = tuple(word.casefold() for word in _words(params.get(name, "")))
    for name in ("method", "placement"):
        params[name] = _words(params.get(name, ""))
    return Query(**params, after=cursor)


class ProductListView(APIView):
    """All active products, newest first; filtered, sorted and paged on request. Without `limit`, all of them."""

    permission_classes = [Anyone]

    @extend_schema(
        operation_id="products_list",
        parameters=[CatalogueQuerySerializer],
        responses=envelope(
            "ProductList",
            products=ProductSerializer(many=True),
            next_cursor=serializers.CharField(required=False, allow_null=True),
            facets=serializers.DictField(required=False),
        ),
    )
    def get(self, request: Request) -> HttpResponse:
        # A parameter that is given twice counts as a list.
        given = {name: ",".join(request.query_params.getlist(name)) for name in request.query_params}
        params = CatalogueQuerySerializer(data=given)
        params.is_valid(raise_exception=True)
        query = _query(params.validated_data)
        known = catalogue.current()
        try:
            answer = cached_answer(("list", known.token, query), lambda: _list(known, query))
        except CursorUnknown as error:
            raise serializers.ValidationError({"cursor": ["This cursor is not of this list."]}) from error
        return respond(request, answer)


def _list(known: catalogue.Catalogue, query: Query) -> bytes:
    page = select(known.entries, query)
    parts = [b'{"success":true,"data":{"products":[', b",".join(entry.listed for entry in page.entries), b"]"]
    if query.limit is not None:
        cursor = Signer(salt=_CURSOR_SALT).sign(page.next_after) if page.next_after else None
        parts += [b',"next_cursor":', orjson.dumps(cursor)]
    if page.facets is not None:
        parts += [b',"facets":', orjson.dumps(page.facets)]
    return b"".join([*parts, b"}}"])


class ProductDetailView(APIView):
    """One product, with its print areas in inches and stage pixels, its size guide, and all decoration methods."""

    permission_classes = [Anyone]

    @extend_schema(
        responses=envelope(
            "ProductDetail",
            product=ProductDetailSerializer,
            decorationMethods=DecorationMethodSerializer(many=True),
        )
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        known = catalogue.current()
        entry = known.by_slug.get(slug)
        if entry is None:
            raise NotFound("Product not found", code="product_not_found")

        def build() -> bytes:
            parts = (
                b'{"success":true,"data":{"product":',
                entry.detailed,
                b',"decorationMethods":',
                known.methods,
                b"}}",
            )
            return b"".join(parts)

        return respond(request, cached_answer(("detail", known.token, slug), build))


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
