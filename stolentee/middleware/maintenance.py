"""Maintenance: customers get an honest 503 with a time, while what must not be lost still comes in.

Health and metrics answer, or the platform would restart a shop that is closed on purpose. Webhooks answer as well: they
only write an event into the inbox, and where even that is impossible their sender repeats them for days. Staff keep the
admin.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

_OPEN = ("/health", "/metrics", "/api/webhooks/", "/admin", "/static/")


class MaintenanceMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.MAINTENANCE_MODE or request.path.startswith(_OPEN):
            return self.get_response(request)
        body = {
            "success": False,
            "error": "maintenance",
            "message": settings.MAINTENANCE_MESSAGE,
            "eta": settings.MAINTENANCE_ETA or None,
        }
        return JsonResponse(body, status=503, headers={"Retry-After": str(settings.MAINTENANCE_RETRY_S)})
