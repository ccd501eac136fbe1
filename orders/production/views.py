"""The printer's side: downloading a pack, and reporting on an order."""

from __future__ import annotations

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.views import View
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone
from common.errors import NotFound, problem_json
from common.storage import private_storage
from orders import lifecycle
from orders.models import Order
from orders.production.handoff import pack_by_token, pack_link, packs_ready
from orders.production.webhook import is_signed
from orders.selectors import order_by_reference


class PackDownloadView(APIView):
    """The link is the permission."""

    permission_classes = [Anyone]

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, token: str) -> FileResponse:
        pack = pack_by_token(token)
        name = f"{pack.line.order.number}-{pack.line.number}.zip"
        response = FileResponse(private_storage().open(pack.file, "rb"), as_attachment=True, filename=name)
        response["Cache-Control"] = "private, no-store"
        response["X-Content-SHA256"] = pack.sha256
        return response


class ProductionUpdateSerializer(serializers.Serializer):
    order_number = serializers.CharField(max_length=50)
    status = serializers.CharField(max_length=20)
    tracking_number = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    carrier = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")


class ProductionUpdateView(APIView):
    """A printer's report. Without a configured secret the endpoint is closed."""

    permission_classes = [Anyone]

    @extend_schema(
        request=ProductionUpdateSerializer,
        responses=inline_serializer(
            "ProductionUpdated", {"success": serializers.BooleanField(), "message": serializers.CharField()}
        ),
    )
    def post(self, request: Request) -> Response:
        raw = request._request.body
        if not is_signed(raw, request.headers.get("X-Signature", ""), settings.PRINTER_WEBHOOK_SECRETS):
            raise PermissionDenied("The report is not signed by a known printer.")
        body = ProductionUpdateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = dict(body.validated_data)
        order = Order.objects.filter(number=data.pop("order_number")).first()
        if order is None:
            raise NotFound("Order not found", code="order_not_found")
        lifecycle.order_change_production(order.pk, data.pop("status"), actor="printer", **data)
        return Response({"success": True, "message": "Production update received"})


class TestPrinterView(View):
    """The local printer's in-tray: what a printer would have found in its e-mail. Never mounted in production."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        from django.http import JsonResponse

        try:
            order = order_by_reference(number)
        except NotFound as error:
            return problem_json(404, error.message, code=error.code)
        packs = [
            {"line": pack.line.number, "sku": pack.line.sku, "url": pack_link(pack), "sha256": pack.sha256}
            for pack in packs_ready(order)
        ]
        return JsonResponse({"order_number": order.number, "packs": packs})
