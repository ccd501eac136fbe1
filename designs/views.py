"""The designs API."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone, SignedIn, current_user, signed_in_user
from common.api import TimestampField, envelope, success
from common.errors import NotFound
from designs import lettering, selectors, services
from designs.models import Design
from designs.serializers import (
    DesignDetailSerializer,
    DesignSerializer,
    DesignVersionSerializer,
    DesignWriteSerializer,
    MockupSerializer,
    PositionSerializer,
    SharedDesignSerializer,
    TextRequestSerializer,
    design_quality,
)
from designs.text import FONTS
from uploads.serializers import AssetSerializer

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


def _mockups(design: Design, colour_name: str = "") -> list[dict[str, object]]:
    """Both sides in every colour, or in one."""
    found = services.design_mockups(design, colour_name)
    return [dict(MockupSerializer(mockup).data) for sides in found.values() for mockup in sides.values()]


class DesignVersionListView(APIView):
    """What a design looked like at each save, newest first."""

    permission_classes = [SignedIn]

    @extend_schema(responses=envelope("DesignVersions", versions=DesignVersionSerializer(many=True)))
    def get(self, request: Request, design_id: str) -> Response:
        design = selectors.design_of(signed_in_user(request), design_id)
        return success({"versions": DesignVersionSerializer(selectors.versions_of(design), many=True).data})


class DesignRestoreView(APIView):
    """Makes an old version the newest; the one before is kept."""

    permission_classes = [SignedIn]

    @extend_schema(request=None, responses=_DESIGN)
    def post(self, request: Request, design_id: str, number: str) -> Response:
        if not (number.isascii() and number.isdigit() and len(number) < 8):
            raise NotFound("Version not found", code="version_not_found")
        design = services.design_restore(signed_in_user(request), design_id, int(number))
        return success({"design": DesignDetailSerializer(design).data})


class DesignMockupView(APIView):
    """Front and back in every colour of the garment, at least 2000 pixels wide; drawn at the first request."""

    permission_classes = [SignedIn]

    @extend_schema(
        parameters=[OpenApiParameter("color", str)],
        responses=envelope("DesignMockups", mockups=MockupSerializer(many=True)),
    )
    def get(self, request: Request, design_id: str) -> Response:
        design = selectors.design_of(signed_in_user(request), design_id)
        return success({"mockups": _mockups(design, request.query_params.get("color", ""))})


class DesignShareView(APIView):
    """A link that lets anybody look at a design, until it expires or its owner ends it."""

    permission_classes = [SignedIn]

    @extend_schema(
        request=None,
        responses={
            201: envelope(
                "DesignShared",
                token=serializers.CharField(),
                url=serializers.CharField(),
                expires_at=TimestampField(),
            )
        },
    )
    def post(self, request: Request, design_id: str) -> Response:
        token = services.design_share(signed_in_user(request), design_id)
        expires_at = TimestampField().to_representation(timezone.now() + settings.DESIGN_SHARE_MAX_AGE)
        url = f"{settings.PUBLIC_URL}/api/designs/shared/{token}"
        return success({"token": token, "url": url, "expires_at": expires_at}, 201)

    @extend_schema(responses=envelope("DesignUnshared", message=serializers.CharField()))
    def delete(self, request: Request, design_id: str) -> Response:
        services.design_unshare(signed_in_user(request), design_id)
        return success({"message": "Every link to this design has ended"})


class SharedDesignView(APIView):
    """A design as its link shows it: read-only, without the ids and files of its artworks."""

    permission_classes = [Anyone]

    @extend_schema(
        responses=envelope(
            "SharedDesign",
            design=SharedDesignSerializer,
            mockups=MockupSerializer(many=True),
            print_quality=serializers.DictField(allow_null=True),
        )
    )
    def get(self, request: Request, token: str) -> Response:
        design = services.design_shared(token)
        colour = services.colour_of(design)
        return success(
            {
                "design": SharedDesignSerializer(design).data,
                "mockups": _mockups(design, colour.name if colour else ""),
                "print_quality": design_quality(design),
            }
        )


class FontListView(APIView):
    permission_classes = [Anyone]

    @extend_schema(responses=envelope("Fonts", fonts=serializers.ListField(child=serializers.CharField())))
    def get(self, request: Request) -> Response:
        return success({"fonts": sorted(FONTS)})


class TextView(APIView):
    """Outlines a text and keeps it as an artwork; with a place in inches, also says where the stage has that."""

    permission_classes = [Anyone]

    @extend_schema(
        request=TextRequestSerializer,
        responses={
            201: envelope("TextArtwork", asset=AssetSerializer, position=PositionSerializer(allow_null=True))
        },
    )
    def post(self, request: Request) -> Response:
        body = TextRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        facts = body.validated_data
        place = facts.pop("place")
        asset = lettering.text_create(facts, user=current_user(request))
        position = PositionSerializer(lettering.text_position(asset, place)).data if place else None
        return success({"asset": AssetSerializer(asset).data, "position": position}, 201)
