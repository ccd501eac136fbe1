"""Orders for staff: a list with pictures, and a page that shows everything about one and does everything with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.decorators import display

from common.admin import LongList, LookedAtOnly
from common.errors import DomainError
from orders import (
    art_admin,  # noqa: F401  (its admin classes register themselves)
    production_admin,  # noqa: F401
)
from orders.access import access_revoke
from orders.checkout import admin as checkout_admin  # noqa: F401
from orders.holds import hold_words
from orders.models import Order, OrderLine, StripeEvent
from orders.notifications import admin as mail_admin  # noqa: F401
from orders.order_actions import BULK_STATUSES, BY_NAME, REFUND, SHIP, actions_for, bulk_move
from orders.order_page import order_for_page, timeline
from orders.payment_admin import OrderMoneyPages, order_page
from orders.payments.tasks import ring_event
from orders.stock import admin as stock_admin  # noqa: F401

_PICTURES_SHOWN = 3
_MOST_IN_BULK = 200
PAYMENT_COLOURS = {
    "Paid": "success", "Pending": "warning", "Failed": "danger", "Refunded": "info", "Partially Refunded": "info",
}  # fmt: skip
PRODUCTION_COLOURS = {
    "In Production": "info", "Shipped": "success", "Delivered": "success", "Cancelled": "danger",
}  # fmt: skip


class HeldFilter(admin.SimpleListFilter):
    title = "hold"
    parameter_name = "hold"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "On hold"), ("no", "Not on hold")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        if self.value() == "yes":
            return queryset.exclude(hold_reason="")
        return queryset.filter(hold_reason="") if self.value() == "no" else queryset


@admin.register(Order)
class OrderAdmin(LookedAtOnly, OrderMoneyPages, LongList):
    list_display = ["pictures", "named", "customer", "amount", "paid", "made", "held", "placed"]
    list_display_links = ["named"]
    list_filter = [
        "payment_status",
        "production_status",
        HeldFilter,
        ("created_at", admin.DateFieldListFilter),
    ]
    search_fields = ["number"]
    search_help_text = (
        "Number, e-mail or tracking number from the beginning, or a part of the customer's name"
    )
    actions = ["move", "refund", "revoke_access"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        names = OrderLine.objects.only("order_id", "number", "front_mockup_name", "back_mockup_name")
        lines = Prefetch("lines", names.order_by("number"))
        return super().get_queryset(request).prefetch_related(lines)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """Each way of asking has an index; a name alone is looked for inside of texts, at last."""
        term = search_term.strip()
        if not term:
            return queryset, False
        known = (
            Q(number__startswith=term.upper()),
            Q(customer_email__startswith=term.lower()),
            Q(tracking_number=term) & ~Q(tracking_number=""),
        )
        for question in known:
            found = queryset.filter(question)
            if found.exists():
                return found, False
        return queryset.filter(customer_name__icontains=term), False

    # --- The list's columns ---------------------------------------------------------------------------------------

    @display(description="")
    def pictures(self, order: Order) -> SafeString:
        names = [line.front_mockup_name or line.back_mockup_name for line in order.lines.all()]
        shown = [(f"/uploads/{name}",) for name in names if name][:_PICTURES_SHOWN]
        return format_html_join("", '<img src="{}" alt="" loading="lazy" class="st-thumb">', shown)

    @display(description="Order", ordering="number")
    def named(self, order: Order) -> str:
        return order.number

    @display(description="Customer", header=True)
    def customer(self, order: Order) -> list[str]:
        return [order.customer_name, order.customer_email]

    @display(description="Total", ordering="total")
    def amount(self, order: Order) -> str:
        return f"${order.total:,.2f}"

    @display(description="Payment", label=PAYMENT_COLOURS)
    def paid(self, order: Order) -> str:
        return order.get_payment_status_display()

    @display(description="Production", label=PRODUCTION_COLOURS)
    def made(self, order: Order) -> str:
        return order.get_production_status_display()

    @display(description="Hold")
    def held(self, order: Order) -> SafeString | str:
        words = hold_words(order.hold_reason)
        return format_html('<span class="st-badge danger">{}</span>', words) if words else ""

    @display(description="Placed", ordering="created_at")
    def placed(self, order: Order) -> str:
        return f"{order.created_at:%d %b %Y, %H:%M}"

    # --- Many at once ---------------------------------------------------------------------------------------------

    def has_ship_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SHIP)

    def has_edit_permission(self, request: HttpRequest) -> bool:
        """Rows themselves are never edited here; this is about the services that change them."""
        return request.user.has_perm("orders.change_order")

    @admin.action(description="Change the status", permissions=["ship"])
    def move(self, request: HttpRequest, orders: QuerySet[Order]) -> HttpResponse:
        """Asks for the status, moves each order by itself, and shows a result for every one."""
        rows = list(orders[: _MOST_IN_BULK + 1])
        status = request.POST.get("status", "")
        results = None
        if len(rows) > _MOST_IN_BULK:
            messages.error(request, f"At most {_MOST_IN_BULK} orders at a time.")
            rows = rows[:_MOST_IN_BULK]
        elif request.POST.get("confirmed") and status in dict(BULK_STATUSES):
            note = request.POST.get("note", "")[:500]
            results = bulk_move(rows, status, actor=f"staff:{request.user.pk}", note=note)
        context = {
            **self.admin_site.each_context(request),
            "title": "Change the status",
            "opts": self.opts,
            "orders": rows,
            "results": results,
            "statuses": BULK_STATUSES,
            "done": sum(row["done"] for row in results or ()),
        }
        return TemplateResponse(request, "orders/admin/bulk_status.html", context)

    @admin.action(description="Make the links in earlier mails worthless", permissions=["edit"])
    def revoke_access(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        for order in orders:
            access_revoke(order, actor=f"staff:{request.user.pk}")
        self.message_user(request, "Done. The next mail of each order brings a new link.")

    # --- One order ------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(require_POST(self.act_page))
        return [path("<uuid:pk>/act/<slug:name>/", act, name="orders_order_act"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Everything about the order on one page. `form_url` and `extra_context` are Django's."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            order = order_for_page(UUID(object_id))
        except ValueError as error:
            raise Http404 from error
        if order is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": order.number,
            "original": order,
            "order": order,
            "hold": hold_words(order.hold_reason),
            "lines": order.lines.all(),
            "entries": timeline(order),
            "actions": actions_for(request, order),
            "sees_money": request.user.has_perm("orders.view_payment"),
            "sees_customer": request.user.has_perm("accounts.view_user"),
            "may_refund": request.user.has_perm(REFUND),
            "packs_open": request.user.has_perm("orders.view_productionpack"),
            "payment_colour": PAYMENT_COLOURS.get(order.get_payment_status_display(), ""),
            "production_colour": PRODUCTION_COLOURS.get(order.get_production_status_display(), ""),
        }
        return TemplateResponse(request, "orders/admin/order.html", context)

    def act_page(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
        action, order = BY_NAME.get(name), get_object_or_404(Order, pk=pk)
        if action is None:
            raise Http404
        if not request.user.has_perm(action.permission):
            raise PermissionDenied
        form = action.form(order, request.POST)
        if not form.is_valid():
            for field, errors in form.errors.items():
                label = form.fields[field].label if field in form.fields else action.label
                messages.error(request, f"{label}: {' '.join(map(str, errors))}")
        else:
            try:
                messages.success(request, action.run(order, form.cleaned_data, f"staff:{request.user.pk}"))
            except DomainError as error:
                messages.error(request, error.message)
        return HttpResponseRedirect(order_page(order))


@admin.register(StripeEvent)
class StripeEventAdmin(LookedAtOnly, LongList):
    """The inbox of webhooks. An event that failed, or that was applied wrongly, can be applied once more."""

    list_display = ["event_id", "type", "state", "attempts", "error_code", "created_at"]
    list_filter = ["status", "type"]
    search_fields = ["event_id"]
    actions = ["replay"]

    @display(
        description="Status",
        label={"done": "success", "failed": "danger", "queued": "warning", "running": "info"},
    )
    def state(self, event: StripeEvent) -> str:
        return event.status

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.change_stripeevent")

    @admin.action(description="Apply again", permissions=["replay"])
    def replay(self, request: HttpRequest, events: QuerySet[StripeEvent]) -> None:
        """Handlers are safe to repeat: what an event says is written once, however often it is applied."""
        again = 0
        for event in events:
            if StripeEvent.requeue(event.pk):
                ring_event(str(event.pk))
                again += 1
        self.message_user(request, f"{again} queued.", messages.SUCCESS if again else messages.WARNING)
