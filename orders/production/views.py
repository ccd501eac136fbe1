"""The printer's side: reading, downloading, accepting and rejecting a pack, and reporting on an order."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views import View
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone
from common.errors import DomainError, NotFound, problem_json
from common.storage import private_storage
from orders.models import ProductionPack
from orders.production.art_check import Finding
from orders.production.handoff import pack_by_token, pack_download, pack_link, pack_page, packs_ready
from orders.production.keys import signer
from orders.production.pack_check import summary
from orders.production.pack_schema import PACK_SCHEMA
from orders.production.reports import Report, packs_move, report_apply
from orders.selectors import order_by_reference

_NO_STORE = "private, no-store"


def pack_response(pack: ProductionPack) -> FileResponse:
    """The zip under the name by which the printer files it."""
    name = f"{pack.line.order.number}-{pack.line.number}.zip"
    response = FileResponse(private_storage().open(pack.file, "rb"), as_attachment=True, filename=name)
    response["Cache-Control"] = _NO_STORE
    response["X-Content-SHA256"] = pack.sha256
    return response


class PackDownloadView(APIView):
    """The link is the permission; each download leaves a receipt."""

    permission_classes = [Anyone]

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, token: str) -> FileResponse:
        pack = pack_by_token(token)
        response = pack_response(pack)
        pack_download(pack, agent=request.headers.get("User-Agent", ""))
        return response


class PackSchemaView(APIView):
    """The JSON Schema of a pack's `spec.json`."""

    permission_classes = [Anyone]

    @extend_schema(responses={(200, "application/schema+json"): OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        return Response(PACK_SCHEMA)


class ProductionUpdateSerializer(serializers.Serializer):
    event_id = serializers.CharField(max_length=100, required=False, default="")
    order_number = serializers.CharField(max_length=50)
    status = serializers.CharField(max_length=20)
    tracking_number = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    carrier = serializers.CharField(max_length=50, required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")
    lines = serializers.ListField(
        child=inline_serializer(
            "ReportedLine",
            {
                "line": serializers.IntegerField(min_value=1),
                "quantity": serializers.IntegerField(min_value=1, required=False, allow_null=True),
            },
        ),
        required=False,
        max_length=200,
        default=list,
    )
    dry_run = serializers.BooleanField(required=False, default=False)


class ProductionUpdateView(APIView):
    """A printer's report, signed: `X-Signature: t=<seconds>,v1=<HMAC-SHA256 of "t.body">`, `X-Printer-Key: <key id>`.

    It counts for five minutes and once: a report that comes again changes nothing and answers `duplicate: true`.
    Without any key the endpoint is closed.
    """

    permission_classes = [Anyone]

    @extend_schema(
        request=ProductionUpdateSerializer,
        responses=inline_serializer(
            "ProductionUpdated",
            {
                "success": serializers.BooleanField(),
                "message": serializers.CharField(),
                "duplicate": serializers.BooleanField(),
                "order_number": serializers.CharField(),
                "status": serializers.CharField(),
                "lines": serializers.ListField(child=serializers.DictField()),
            },
        ),
    )
    def post(self, request: Request) -> Response:
        raw = request._request.body
        signature = request.headers.get("X-Signature", "")
        known = signer(raw, signature, request.headers.get("X-Printer-Key", ""))
        if known is None:
            raise PermissionDenied("The report is not signed by a known printer.")
        source, printer = known
        body = ProductionUpdateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        report = Report(
            # A report without an id of its own is known by its signature, which a replay repeats.
            event_id=data["event_id"] or f"sig_{hashlib.sha256(signature.encode()).hexdigest()}",
            order_number=data["order_number"],
            status=data["status"],
            quantities={row["line"]: row.get("quantity") for row in data["lines"]},
            tracking_number=data["tracking_number"],
            carrier=data["carrier"],
            reason=data["reason"],
        )
        states = report_apply(report, source=source, printer=printer, raw=raw, dry_run=data["dry_run"])
        return Response({"success": True, "message": "Production update received", **states})


class PrinterPageView(View):
    """`/printer/<token>`: everything about one pack, the download, and the printer's yes or no."""

    template = "orders/production/printer.html"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            pack = pack_by_token(token)
        except NotFound as error:
            return self._page(request, {"error": error.message}, status=error.status)
        return self._page(request, _page_of(pack))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        decision, reason = request.POST.get("decision", ""), request.POST.get("reason", "")[:1000]
        try:
            pack = pack_by_token(token)
        except NotFound as error:
            return self._page(request, {"error": error.message}, status=error.status)
        actor = f"printer:{pack.printer.name}" if pack.printer else "printer"
        stage = {"accept": "accepted", "reject": "rejected", "start": "in_production"}.get(decision, "")
        try:
            if not stage:
                raise NotFound("There is no such answer.", code="decision_unknown", status=400)
            packs_move(pack.line.order, stage, actor=actor, numbers={pack.line.number}, note=reason)
        except DomainError as error:
            context = {**_page_of(pack), "problem": error.message, "reason": reason}
            return self._page(request, context, status=error.status)
        return redirect("printer-page", token=token)

    def _page(self, request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
        response = render(request, self.template, context, status=status)
        response["Cache-Control"] = _NO_STORE
        response["Referrer-Policy"] = "no-referrer"  # the address is the permission
        return response


def _page_of(pack: ProductionPack) -> dict[str, Any]:
    line, order = pack.line, pack.line.order
    return {
        "pack": pack,
        "line": line,
        "order": order,
        "address": order.shipping_address,
        "download": pack_link(pack),
        "size_mb": pack.size_bytes / 1e6,
        "placements": pack.facts.get("placements", []),
        "points": summary([Finding(**finding) for finding in pack.report]),
        "warnings": [finding for finding in pack.report if not finding["ok"]],
        "can_answer": pack.stage in ("sent", "rejected", "waiting"),
        "can_start": pack.stage == "accepted",
    }


class TestPrinterView(View):
    """The local printer's in-tray: what a printer would have found in its e-mail. Never mounted in production."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        try:
            order = order_by_reference(number)
        except NotFound as error:
            return problem_json(404, error.message, code=error.code)
        packs = [
            {
                "line": pack.line.number,
                "sku": pack.line.sku,
                "url": pack_link(pack),
                "page": pack_page(pack),
                "sha256": pack.sha256,
            }
            for pack in packs_ready(order)
        ]
        return JsonResponse({"order_number": order.number, "packs": packs})
