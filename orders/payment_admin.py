"""Money in the admin: payments, the ledger of refunds, disputes, alerts; the page that refunds; all behind roles."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from accounts.two_factor import is_verified
from common.admin import LongList, LookedAtOnly, ShopAdmin, ShopInline
from common.errors import DomainError
from common.money import money_text
from orders.models import Dispute, Order, Payment, PaymentStop, Refund, RefundLine, StaffAlert
from orders.payments.refunds import order_shares, pieces_refunded, refund_request
from orders.totals import ZERO

_STAFF_REASONS = (
    Refund.Reason.REQUESTED_BY_CUSTOMER,
    Refund.Reason.DUPLICATE,
    Refund.Reason.FRAUDULENT,
    Refund.Reason.OTHER,
)


class RefundForm(forms.Form):
    """What goes back: pieces of lines and shipping, or an amount, or all that is left; and why."""

    WHAT = [
        ("all", "All that is left"),
        ("lines", "The pieces and shipping chosen below"),
        ("amount", "Exactly this amount"),
    ]
    what = forms.ChoiceField(choices=WHAT, initial="lines", widget=forms.RadioSelect)
    amount = forms.DecimalField(required=False, min_value=0, max_digits=10, decimal_places=2)
    shipping = forms.BooleanField(required=False)
    reason = forms.ChoiceField(choices=[(reason.value, reason.label) for reason in _STAFF_REASONS])
    remark = forms.CharField(required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, order: Order, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        gone = pieces_refunded(order)
        self.rows: list[dict[str, Any]] = []
        for line, paid in zip(order.lines.order_by("number"), order_shares(order).lines, strict=True):
            left = line.quantity - gone.get(line.pk, 0)
            name = f"line_{line.number}"
            self.fields[name] = forms.IntegerField(
                required=False,
                min_value=0,
                max_value=left,
                disabled=left == 0,
                label=f"Pieces of line {line.number}",
            )
            self.rows.append({"line": line, "paid": money_text(paid), "left": left, "field": self[name]})

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("what") == "amount" and not data.get("amount"):
            self.add_error("amount", "How much?")
        if data.get("what") == "lines" and not data.get("shipping") and not self.pieces():
            raise forms.ValidationError("Choose at least one piece, or shipping.")
        return data

    def pieces(self) -> dict[int, int]:
        numbers = [row["line"].number for row in self.rows]
        chosen = {number: self.cleaned_data.get(f"line_{number}") or 0 for number in numbers}
        return {number: count for number, count in chosen.items() if count}

    def ask(self, actor: str) -> list[Refund]:
        """Raises DomainError with what is wrong."""
        data = self.cleaned_data
        by_lines = data["what"] == "lines"
        return refund_request(
            self.order.pk,
            actor=actor,
            amount=data["amount"] if data["what"] == "amount" else None,
            pieces=self.pieces() if by_lines else None,
            shipping=by_lines and data["shipping"],
            reason=data["reason"],
            remark=data["remark"],
        )


class OrderMoneyPages(ShopAdmin):
    """The page of an order that moves money, behind the second factor; mixed into the admin of orders."""

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("<uuid:pk>/refund/", guard(self.refund_page), name="orders_order_refund"),
            *super().get_urls(),
        ]

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.refund")

    @admin.action(description="Refund", permissions=["refund"])
    def refund(self, request: HttpRequest, orders: QuerySet[Order]) -> HttpResponse | None:
        """One at a time: what goes back is chosen on the order's own page."""
        if orders.count() != 1:
            messages.error(request, "Choose one order to refund.")
            return None
        return HttpResponseRedirect(reverse("admin:orders_order_refund", args=[orders.get().pk]))

    def refund_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not self.has_refund_permission(request):
            raise PermissionDenied
        if not is_verified(request):
            return HttpResponseRedirect(f"{reverse('two-factor')}?{urlencode({'next': request.path})}")
        order = get_object_or_404(Order, pk=pk)
        form = RefundForm(order, request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                refunds = form.ask(_actor(request))
            except DomainError as error:
                form.add_error(None, error.message)
            else:
                total = sum((refund.amount for refund in refunds), ZERO)
                messages.success(
                    request, f"{money_text(total)} is on its way back." if refunds else "Given back."
                )
                return HttpResponseRedirect(order_page(order))
        payments = order.payments.filter(captured__gt=0)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Refund of {order.number}",
            "order": order,
            "form": form,
            "captured": money_text(sum((payment.captured for payment in payments), ZERO)),
            "refundable": money_text(sum((payment.refundable for payment in payments), ZERO)),
            "shipping": money_text(order_shares(order).shipping),
            "refunds": Refund.objects.filter(payment__order=order).order_by("created_at"),
        }
        return TemplateResponse(request, "orders/admin/refund.html", context)


def _actor(request: HttpRequest) -> str:
    return f"staff:{request.user.pk}"


def order_page(order: Order) -> str:
    return reverse("admin:orders_order_change", args=[order.pk])


class _Looked(LookedAtOnly, LongList):
    pass


class RefundInline(LookedAtOnly, ShopInline):
    model = Refund
    fields = readonly_fields = ("created_at", "amount", "state", "reason", "source", "actor", "failure")
    extra = 0


@admin.register(Payment)
class PaymentAdmin(_Looked):
    list_display = ["order", "attempt", "channel", "status", "amount", "captured", "refunded", "currency"]
    list_filter = ["status", "channel", "purpose", "gateway"]
    list_select_related = ["order"]
    search_fields = ["order__number", "intent_id", "session_id"]
    exclude = ["client_secret", "session_url"]
    inlines = [RefundInline]


class RefundLineInline(LookedAtOnly, ShopInline):
    model = RefundLine
    extra = 0


@admin.register(Refund)
class RefundAdmin(_Looked):
    list_display = ["created_at", "order_number", "amount", "state", "reason", "source", "actor", "failure"]
    list_filter = ["state", "reason", "source"]
    list_select_related = ["payment__order"]
    search_fields = ["payment__order__number", "provider_id"]
    inlines = [RefundLineInline]

    @admin.display(description="Order")
    def order_number(self, refund: Refund) -> str:
        return refund.payment.order.number


@admin.register(Dispute)
class DisputeAdmin(_Looked):
    list_display = ["provider_id", "payment", "status", "reason", "amount", "evidence_due_at", "closed_at"]
    list_filter = ["status", "reason"]
    list_select_related = ["payment__order"]


@admin.register(StaffAlert)
class StaffAlertAdmin(_Looked):
    list_display = ["created_at", "kind", "order", "reference", "status"]
    list_filter = ["kind", "status"]
    list_select_related = ["order"]


@admin.register(PaymentStop)
class PaymentStopAdmin(_Looked):
    list_display = ["payment", "status", "attempts", "error_code", "completed_at"]
    list_filter = ["status"]
    list_select_related = ["payment__order"]
