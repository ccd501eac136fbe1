"""Stock for staff: what is there, what orders hold, every movement, and a new count."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from common.admin import LookedAtOnly, ShopAdmin, ShopInline
from orders.models import StockLevel, StockMovement
from orders.stock.services import stock_count
from products.models import Variant


class CountForm(forms.ModelForm):
    """A count is a number and, if one likes, a reason; the ledger computes the rest."""

    available_now = forms.IntegerField(
        min_value=0,
        required=False,
        show_hidden_initial=True,  # a form that lay open while others bought is no count
        label="Pieces that can be sold",
        help_text="Besides those that orders hold. Empty: sold without a limit.",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    note = forms.CharField(
        max_length=200, required=False, help_text="Why, for colleagues.", widget=UnfoldAdminTextInputWidget
    )

    class Meta:
        model = StockLevel
        fields = ["variant"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        level = self.instance
        if level.pk and not level._state.adding and level.is_tracked:
            self.initial["available_now"] = level.available


class MovementInline(LookedAtOnly, ShopInline):
    model = StockMovement
    fields = ("created_at", "kind", "on_hand_change", "reserved_change", "order", "actor", "note")
    readonly_fields = fields
    extra = 0


@admin.register(StockLevel)
class StockLevelAdmin(ShopAdmin):
    form = CountForm
    list_display = ["variant", "is_tracked", "available", "reserved", "on_hand", "updated_at"]
    list_filter = ["is_tracked", "variant__product"]
    list_select_related = ["variant"]
    search_fields = ["variant__sku"]
    autocomplete_fields = ["variant"]
    readonly_fields = ["on_hand", "reserved"]
    inlines = [MovementInline]

    def get_fields(self, request: HttpRequest, obj: StockLevel | None = None) -> list[Any]:
        return ["variant", *(["on_hand", "reserved"] if obj else []), "available_now", "note"]

    def get_readonly_fields(self, request: HttpRequest, obj: StockLevel | None = None) -> list[Any]:
        return ["variant", "on_hand", "reserved"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: StockLevel | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: StockLevel, form: forms.ModelForm, change: bool) -> None:
        """Only a number that staff have changed is a count."""
        if change and "available_now" not in form.changed_data:
            return
        variant: Variant = obj.variant
        level = stock_count(
            variant,
            form.cleaned_data["available_now"],
            actor=f"staff:{request.user.pk}",
            note=form.cleaned_data["note"],
        )
        obj.pk = level.pk
