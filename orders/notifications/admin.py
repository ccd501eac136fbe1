"""The outbox for staff: what was or will be sent, as the customer sees it, and once more if need be."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.admin import LongList, LookedAtOnly
from orders.models import OutboxMail
from orders.notifications.messages import compose
from orders.notifications.services import mail_resend


@admin.register(OutboxMail)
class OutboxMailAdmin(LookedAtOnly, LongList):
    list_display = ["order", "kind", "status", "attempts", "error_code", "completed_at", "preview_link"]
    list_filter = ["status", "kind"]
    list_select_related = ["order"]
    search_fields = ["order__number", "order__customer_email"]
    actions = ["resend"]

    @admin.display(description="Preview")
    def preview_link(self, mail: OutboxMail) -> SafeString:
        return format_html(
            '<a href="{}">preview</a>', reverse("admin:orders_outboxmail_preview", args=[mail.pk])
        )

    @admin.action(description="Send once more", permissions=["view"])
    def resend(self, request: HttpRequest, mails: QuerySet[OutboxMail]) -> None:
        if not request.user.has_perm("orders.change_outboxmail"):
            raise PermissionDenied
        sent = sum(
            mail_resend(mail, actor=f"staff:{request.user.pk}") for mail in mails.select_related("order")
        )
        self.message_user(request, f"{sent} on the way.", messages.SUCCESS if sent else messages.WARNING)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.preview_page)
        return [
            path("<uuid:pk>/preview/", page, name="orders_outboxmail_preview"),
            *super().get_urls(),
        ]

    def preview_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The mail as it would be sent now: in a frame that runs no scripts and loads nothing, and as text."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        mail = get_object_or_404(OutboxMail.objects.select_related("order"), pk=pk)
        message = compose(mail)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": message.subject,
            "to": ", ".join(message.to),
            "html": message.alternatives[0][0],
            "text": message.body,
        }
        return TemplateResponse(request, "orders/admin/mail_preview.html", context)
