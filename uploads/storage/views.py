"""An asset and its original, for its owner."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone, current_user
from common.api import TimestampField, envelope, success
from common.errors import NotFound
from uploads.models import Asset
from uploads.serializers import AssetSerializer, DerivativeSerializer
from uploads.storage.originals import asset_of_owner, original_link, original_response


def _asset(asset_id: str, request: Request) -> Asset:
    try:
        key = UUID(asset_id)
    except ValueError as error:
        raise NotFound("File not found", code="file_not_found") from error
    return asset_of_owner(key, user=current_user(request))


class AssetDetailView(APIView):
    """The asset, and every size in which browsers may have it; the smaller ones come some seconds after the upload."""

    permission_classes = [Anyone]

    @extend_schema(
        responses=envelope("Asset", asset=AssetSerializer, derivatives=DerivativeSerializer(many=True))
    )
    def get(self, request: Request, asset_id: str) -> Response:
        asset = _asset(asset_id, request)
        sizes = DerivativeSerializer(asset.derivatives.all(), many=True).data
        answer = success({"asset": AssetSerializer(asset).data, "derivatives": sizes})
        answer["Cache-Control"] = "no-store"
        return answer


class OriginalLinkView(APIView):
    """A link to the bytes as they were sent, for fifteen minutes."""

    permission_classes = [Anyone]

    @extend_schema(
        responses=envelope("OriginalLink", url=serializers.CharField(), expires_at=TimestampField())
    )
    def get(self, request: Request, asset_id: str) -> Response:
        link = original_link(_asset(asset_id, request))
        expires_at = TimestampField().to_representation(link.expires_at)
        answer = success({"url": link.url, "expires_at": expires_at})
        answer["Cache-Control"] = "no-store"
        return answer


class OriginalDownloadView(APIView):
    """The link is the permission."""

    permission_classes = [Anyone]

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, token: str) -> FileResponse:
        return original_response(token)
