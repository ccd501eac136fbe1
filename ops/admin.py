"""The audit log for owners and operations, and what Django's packages would show that nobody may see."""

from __future__ import annotations

from typing import Any

from auditlog.models import LogEntry
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.decorators import display

from common.admin import LongList, LookedAtOnly
from ops import customer_admin  # noqa: F401  (its admin class registers itself)
from ops.live_costs import live_costs

# Secrets of second factors are nobody's to see; an owner resets a factor on the page of the account.
for _model in (LogEntry, StaticDevice, TOTPDevice):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)

_SHOWN_CHARS = 300


@admin.register(LogEntry)
class LogEntryAdmin(LookedAtOnly, LongList):
    """Who changed what, from what, to what."""

    list_display = ["timestamp", "who", "done", "content_type", "object_repr", "fields_changed"]
    list_display_links = ["timestamp"]
    list_filter = ["action", "content_type"]
    list_select_related = ["actor", "content_type"]
    search_fields = ["object_pk__exact"]
    search_help_text = "The id of the row"
    fields = readonly_fields = (
        "timestamp",
        "who",
        "action",
        "content_type",
        "object_pk",
        "object_repr",
        "table",
    )

    @display(description="Who")
    def who(self, entry: LogEntry) -> str:
        return str(entry.actor or entry.actor_email or "system")

    @display(description="Did", label={"create": "success", "update": "info", "delete": "danger"})
    def done(self, entry: LogEntry) -> str:
        return str(entry.get_action_display())

    @display(description="Fields")
    def fields_changed(self, entry: LogEntry) -> str:
        return ", ".join(sorted(entry.changes or {}))

    @display(description="Before and after")
    def table(self, entry: LogEntry) -> SafeString:
        rows = (
            (name, *(str(value)[:_SHOWN_CHARS] for value in _pair(values)))
            for name, values in sorted((entry.changes or {}).items())
        )
        body = format_html_join("", "<tr><td><b>{}</b></td><td>{}</td><td>{}</td></tr>", rows)
        head = SafeString("<tr><th>Field</th><th>Before</th><th>After</th></tr>")
        return SafeString(f'<table class="st-table">{head}{body}</table>')

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("auditlog.view_logentry")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.costs_page)
        return [path("costs/", page, name="ops_costs"), *super().get_urls()]

    def costs_page(self, request: HttpRequest) -> HttpResponse:
        """What the last 1, 7 and 30 days have cost, from the ledger of calls."""
        if not request.user.has_perm("common.view_ledgerentry"):
            raise PermissionDenied
        now = timezone.now()
        spans = [(f"{days} day{'' if days == 1 else 's'}", live_costs(now, days)) for days in (1, 7, 30)]
        context = {**self.admin_site.each_context(request), "title": "Costs", "spans": spans}
        return TemplateResponse(request, "ops/admin/costs.html", context)


def _pair(values: Any) -> tuple[Any, Any]:
    """Before and after; of a relation, what was done and to which rows."""
    if isinstance(values, dict):
        return values.get("operation", ""), ", ".join(map(str, values.get("objects", [])))
    return values[0], values[1]
