from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from common.admin import LookedAtOnly
from orders import production_admin  # noqa: F401  (its admin classes register themselves)
from orders.access import access_revoke
from orders.checkout import admin as checkout_admin  # noqa: F401
from orders.models import Order, OrderEvent, OrderLine, ProductionPack, StripeEvent
from orders.notifications import admin as mail_admin  # noqa: F401
from orders.payment_admin import OrderMoneyPages, PaymentInline
from orders.stock import admin as stock_admin  # noqa: F401


class LineInline(LookedAtOnly, admin.TabularInline):
    model = OrderLine
    fields = (
        "number",
        "mockup",
        "sku",
        "quantity",
        "production_status",
        "unit_price",
        "total_price",
        "pack_file",
    )
    readonly_fields = fields
    extra = 0

    @admin.display(description="Mock-up")
    def mockup(self, line: OrderLine) -> str:
        if not line.front_mockup_name:
            return "-"
        return format_html('<img src="/uploads/{}" width="120" alt="front">', line.front_mockup_name)

    @admin.display(description="Production pack")
    def pack_file(self, line: OrderLine) -> str:
        pack = getattr(line, "pack", None)
        if pack is None:
            return "-"
        if pack.status != ProductionPack.Status.DONE:
            return f"{pack.status} {pack.error_message}".strip()
        url = reverse("admin:orders_productionpack_download", args=[pack.pk])
        return format_html('<a href="{}">download</a>', url)


class EventInline(LookedAtOnly, admin.TabularInline):
    model = OrderEvent
    fields = ("created_at", "kind", "line", "actor", "before", "after", "note")
    readonly_fields = fields
    extra = 0


@admin.register(Order)
class OrderAdmin(LookedAtOnly, OrderMoneyPages):
    list_display = [
        "number",
        "customer_name",
        "total",
        "payment_status",
        "production_status",
        "hold_reason",
        "created_at",
    ]
    list_filter = ["payment_status", "production_status", "hold_reason"]
    search_fields = ["number", "customer_email", "customer_name", "tracking_number"]
    exclude = ["open_basket_key", "idempotency_key", "request_fingerprint", "access_nonce", "access_hash"]
    inlines = [LineInline, PaymentInline, EventInline]
    actions = ["refund", "revoke_access"]

    @admin.action(description="Make the links in earlier mails worthless", permissions=["view"])
    def revoke_access(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        if not request.user.has_perm("orders.change_order"):
            raise PermissionDenied
        for order in orders:
            access_revoke(order, actor=f"staff:{request.user.pk}")
        self.message_user(request, "Done. The next mail of each order brings a new link.")


class WorkAdmin(LookedAtOnly, admin.ModelAdmin):
    list_filter = ["status"]


@admin.register(StripeEvent)
class StripeEventAdmin(WorkAdmin):
    list_display = ["event_id", "type", "status", "attempts", "error_code", "created_at"]
