"""Staff's side of production: the work list, shipments, gang sheets, and what is done with a pack."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import ShopStaff, signed_in_user
from common.api import envelope, success
from common.errors import NotFound
from common.storage import private_storage
from orders.models import GangSheet, OrderLine, ProductionPack
from orders.production import desk
from orders.production.ganging import gang_answer, gang_request
from orders.production.worklist import worklist


def _actor(request: Request) -> str:
    return f"staff:{signed_in_user(request).pk}"


class WorklistView(APIView):
    """What is to be made, grouped by method, ink set and garment, the most urgent first."""

    permission_classes = [ShopStaff]

    @extend_schema(responses=envelope("Worklist", worklist=serializers.DictField()))
    def get(self, request: Request) -> Response:
        return success({"worklist": worklist(timezone.localdate())})


class GangRequestSerializer(serializers.Serializer):
    packs = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=500)


class GangSheetListView(APIView):
    """Asks for a gang sheet of these packs, or of all transfer prints that wait."""

    permission_classes = [ShopStaff]

    @extend_schema(
        request=GangRequestSerializer,
        responses={202: envelope("GangSheetAsked", gang_sheet=serializers.DictField())},
    )
    def post(self, request: Request) -> Response:
        body = GangRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        row = gang_request(body.validated_data["packs"], actor=_actor(request))
        return success({"gang_sheet": gang_answer(row)}, status=status.HTTP_202_ACCEPTED)


def _gang_sheet(gang_id: UUID) -> GangSheet:
    row = GangSheet.objects.filter(pk=gang_id).first()
    if row is None:
        raise NotFound("Gang sheet not found", code="gang_sheet_not_found")
    return row


class GangSheetView(APIView):
    permission_classes = [ShopStaff]

    @extend_schema(responses=envelope("GangSheetShown", gang_sheet=serializers.DictField()))
    def get(self, request: Request, gang_id: UUID) -> Response:
        return success({"gang_sheet": gang_answer(_gang_sheet(gang_id))})


class GangSheetFileView(APIView):
    permission_classes = [ShopStaff]

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, gang_id: UUID) -> FileResponse:
        row = _gang_sheet(gang_id)
        if not row.file:
            raise NotFound("This gang sheet is not drawn.", code="gang_sheet_not_ready")
        return FileResponse(
            private_storage().open(row.file, "rb"), as_attachment=True, filename=f"gang-{row.pk}.zip"
        )


class PackActionSerializer(serializers.Serializer):
    action = serializers.ChoiceField(["resend", "rebuild", "force_rebuild", "waive", "revoke_link"])
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class PackActionView(APIView):
    """Sends a pack again, builds it again, lets its failed points pass, or ends its link."""

    permission_classes = [ShopStaff]

    @extend_schema(
        request=PackActionSerializer,
        responses=envelope("PackActed", pack=inline_serializer("PackState", {"id": serializers.UUIDField()})),
    )
    def post(self, request: Request, pack_id: UUID) -> Response:
        body = PackActionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        action, note = body.validated_data["action"], body.validated_data["note"]
        pack = ProductionPack.objects.select_related("line__order").filter(pk=pack_id).first()
        if pack is None:
            raise NotFound("Pack not found", code="pack_not_found")
        actor = _actor(request)
        if action == "resend":
            desk.packs_resend(pack.line.order, actor=actor)
        elif action == "waive":
            desk.pack_waive(pack, actor=actor, note=note)
        elif action == "revoke_link":
            desk.link_revoke(pack, actor=actor)
        else:
            desk.pack_rebuild(pack, actor=actor, note=note, force=action == "force_rebuild")
        pack.refresh_from_db()
        return success({"pack": {"id": str(pack.pk), "status": pack.status, "stage": pack.stage}})


class ReprintSerializer(serializers.Serializer):
    line_id = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1)
    defect = serializers.CharField(max_length=12)
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class ReprintView(APIView):
    """Prints garments of a line again, as a child order at no price."""

    permission_classes = [ShopStaff]

    @extend_schema(
        request=ReprintSerializer,
        responses={201: envelope("Reprinted", order_number=serializers.CharField())},
    )
    def post(self, request: Request) -> Response:
        body = ReprintSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        data = dict(body.validated_data)
        line = OrderLine.objects.filter(pk=data.pop("line_id")).first()
        if line is None:
            raise NotFound("Order line not found", code="line_not_found")
        reprint = desk.reprint_create(
            line, data["quantity"], data["defect"], actor=_actor(request), note=data["note"]
        )
        return success({"order_number": reprint.order.number}, status=status.HTTP_201_CREATED)


class OrderReleaseSerializer(serializers.Serializer):
    note = serializers.CharField(max_length=1000)


class OrderReleaseView(APIView):
    """Closes an order's hold, with a reason; its packs go on."""

    permission_classes = [ShopStaff]

    @extend_schema(
        request=OrderReleaseSerializer,
        responses=envelope("OrderReleased", hold_reason=serializers.CharField()),
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        body = OrderReleaseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        order = desk.order_by_id(order_id)
        desk.order_release_hold(order, actor=_actor(request), note=body.validated_data["note"])
        order.refresh_from_db()
        return success({"hold_reason": order.hold_reason})
