"""Who may enter a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.audit import audit_as
from accounts.models import User

if TYPE_CHECKING:
    from rest_framework.views import APIView


class Anyone(BasePermission):
    """Strangers and users alike."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return True


class SignedIn(BasePermission):
    """401 without a valid token: the storefront's log-out depends on it."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if isinstance(request.user, User):
            return True
        given = request.headers.get("Authorization", "")
        raise NotAuthenticated("Invalid token" if given else "Authentication required - no token provided")


class ShopStaff(SignedIn):
    """Owners and operations; 403 for other users."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        super().has_permission(request, view)
        user = signed_in_user(request)
        if user.runs_the_shop:
            audit_as(user)
            return True
        raise PermissionDenied("Insufficient permissions - requires one of: admin")


def current_user(request: Request) -> User | None:
    """The signed-in user, or None for a guest."""
    return request.user if isinstance(request.user, User) else None


def signed_in_user(request: Request) -> User:
    """The user behind a view that only users enter."""
    user = current_user(request)
    if user is None:
        raise NotAuthenticated("Authentication required - no token provided")
    return user
