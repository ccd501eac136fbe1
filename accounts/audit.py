"""Who stands in the audit log: the member of staff behind a write in the admin or through the staff's API."""

from __future__ import annotations

from auditlog.context import auditlog_value
from auditlog.middleware import AuditlogMiddleware
from django.http import HttpRequest, HttpResponse

from accounts.models import User

_STAFF_PATHS = ("/admin/", "/api/admin/")


class StaffAuditMiddleware(AuditlogMiddleware):
    """Only where staff write: the catalogue's readers need neither a session nor a signal for every request."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(_STAFF_PATHS):
            return self.get_response(request)
        return super().__call__(request)

    @staticmethod
    def _get_actor(request: HttpRequest) -> User | None:
        """The session's user; a bearer's is known later (`audit_as`)."""
        if not request.path.startswith("/admin/"):
            return None
        return request.user if isinstance(request.user, User) else None


def audit_as(user: User) -> None:
    """Names who is behind the writes of this request."""
    context = auditlog_value.get(None)
    if context is not None:
        context["actor"] = user
