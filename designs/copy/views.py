"""Texts for customers: slogans for anybody, alternative texts for the owner of a design."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Anyone, SignedIn, signed_in_user
from common.api import envelope, success
from common.errors import NotFound
from common.gemini.text import answer_of
from common.models import TextRequest
from designs import selectors
from designs.copy import slogans
from designs.copy.alt_text import alt_text_request


class SloganWishSerializer(serializers.Serializer):
    topic = serializers.CharField(min_length=2, max_length=120)
    tone = serializers.ChoiceField(slogans.TONES, required=False, allow_blank=True, default="")
    count = serializers.IntegerField(min_value=1, max_value=10, default=5)
    max_length = serializers.IntegerField(min_value=10, max_value=60, default=40)


_SLOGANS = envelope(
    "Slogans",
    requestId=serializers.UUIDField(),
    status=serializers.CharField(),
    slogans=serializers.ListField(child=serializers.CharField(), allow_null=True),
)
_ALT_TEXT = envelope(
    "AltText", status=serializers.CharField(), alt_text=serializers.CharField(allow_null=True)
)


class SloganListView(APIView):
    """Slogans about a topic: 200 with them, or 202 where they take longer; then ask for them by their id."""

    permission_classes = [Anyone]

    @extend_schema(request=SloganWishSerializer, responses={200: _SLOGANS, 202: _SLOGANS})
    def post(self, request: Request) -> Response:
        body = SloganWishSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wish = slogans.Wish(**body.validated_data)
        return _slogans(slogans.slogans_request(wish), wait_s=settings.TEXT_WAIT_S)


class SloganDetailView(APIView):
    """Slogans that were asked for; the id is the permission."""

    permission_classes = [Anyone]

    @extend_schema(responses={200: _SLOGANS, 202: _SLOGANS})
    def get(self, request: Request, request_id: str) -> Response:
        try:
            return _slogans(slogans.slogans_request_get(UUID(request_id)), wait_s=0)
        except ValueError as error:
            raise NotFound("These slogans are not there.", code="slogans_not_found") from error


def _slogans(asked: TextRequest, *, wait_s: float) -> Response:
    found = slogans.slogans_of(asked, wait_s=wait_s)
    return _answered(
        {"requestId": str(asked.pk), "status": asked.status, "slogans": found}, is_done=found is not None
    )


class DesignAltTextView(APIView):
    """The alternative text of a design: 200 with it, or 202 where it takes longer; the design has it then."""

    permission_classes = [SignedIn]

    @extend_schema(request=None, responses={200: _ALT_TEXT, 202: _ALT_TEXT})
    def post(self, request: Request, design_id: str) -> Response:
        design = selectors.design_of(signed_in_user(request), design_id)
        asked = alt_text_request(design)
        answer = answer_of(asked, wait_s=settings.TEXT_WAIT_S)
        text = answer["alt_text"] if answer else None
        return _answered({"status": asked.status, "alt_text": text}, is_done=answer is not None)


def _answered(data: dict[str, Any], *, is_done: bool) -> Response:
    return success(data, 200 if is_done else 202)
