"""The permission that closes by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView


class Nobody(BasePermission):
    """A view that does not say who may enter lets nobody in."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return False
