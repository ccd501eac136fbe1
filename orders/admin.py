from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from common.admin import LookedAtOnly
from orders import production_admin  # noqa: F401  (its admin classes register themselves)
from orders.models import Order, OrderEvent, OrderLine, OutboxMail, ProductionPack, StripeEvent


class LineInline(LookedAtOnly, admin.TabularInline):
    model = OrderLine
    fields = ("number", "mockup", "sku", "quantity", "unit_price", "total_price", "pack_file")
    readonly_fields = ("number", "mockup", "sku", "quantity", "unit_price", "total_price", "pack_file")
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
    fields = ("created_at", "kind", "actor", "before", "after", "note")
    readonly_fields = ("created_at", "kind", "actor", "before", "after", "note")
    extra = 0


@admin.register(Order)
class OrderAdmin(LookedAtOnly, admin.ModelAdmin):
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
    exclude = ["open_basket_key"]
    inlines = [LineInline, EventInline]


class WorkAdmin(LookedAtOnly, admin.ModelAdmin):
    list_filter = ["status"]


@admin.register(StripeEvent)
class StripeEventAdmin(WorkAdmin):
    list_display = ["event_id", "type", "status", "attempts", "error_code", "created_at"]


@admin.register(OutboxMail)
class OutboxMailAdmin(WorkAdmin):
    list_display = ["order", "kind", "status", "attempts", "error_code", "completed_at"]
    list_select_related = ["order"]
