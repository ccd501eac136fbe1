"""The designs API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import SignedIn, signed_in_user
from common.api import envelope, success
from designs import selectors, services
from designs.serializers import DesignDetailSerializer, DesignSerializer, DesignWriteSerializer

_DESIGN = envelope("Design", design=DesignDetailSerializer)


class DesignListView(APIView):
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="designs_list", responses=envelope("DesignList", designs=DesignSerializer(many=True))
    )
    def get(self, request: Request) -> Response:
        return success(
            {"designs": DesignSerializer(selectors.designs_of(signed_in_user(request)), many=True).data}
        )

    @extend_schema(request=DesignWriteSerializer, responses={201: _DESIGN})
    def post(self, request: Request) -> Response:
        if isinstance(request.data, dict) and any(
            not request.data.get(k) for k in ("name", "productId", "designData")
        ):
            raise serializers.ValidationError("Name, productId, and designData are required")
        body = DesignWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        design = services.design_create(signed_in_user(request), body.validated_data)
        return success({"design": DesignDetailSerializer(design).data}, 201)


class DesignDetailView(APIView):
    permission_classes = [SignedIn]

    @extend_schema(responses=_DESIGN)
    def get(self, request: Request, design_id: str) -> Response:
        return success(
            {"design": DesignDetailSerializer(selectors.design_of(signed_in_user(request), design_id)).data}
        )

    @extend_schema(request=DesignWriteSerializer(partial=True), responses=_DESIGN)
    def put(self, request: Request, design_id: str) -> Response:
        selectors.design_of(signed_in_user(request), design_id)
        body = DesignWriteSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        design = services.design_update(signed_in_user(request), design_id, body.validated_data)
        return success({"design": DesignDetailSerializer(design).data})

    @extend_schema(responses=envelope("DesignDeleted", message=serializers.CharField()))
    def delete(self, request: Request, design_id: str) -> Response:
        services.design_delete(signed_in_user(request), design_id)
        return success({"message": "Design deleted"})
