"""Discount codes, gift cards and quotes for staff."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from common.admin import LongList, LookedAtOnly, ShopAdmin, ShopInline
from pricing.models import DiscountCode, GiftCard, GiftCardEntry, Quote
from pricing.services.gift_cards import gift_card_issue


@admin.register(DiscountCode)
class DiscountCodeAdmin(ShopAdmin):
    list_display = ["code", "kind", "value", "given_away", "budget", "active", "ends_at"]
    list_filter = ["kind", "active"]
    search_fields = ["code"]
    readonly_fields = ["given_away"]

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False  # redemptions refer to it; a code is switched off


class GiftCardForm(forms.ModelForm):
    amount = forms.DecimalField(
        min_value=Decimal("0.01"), max_digits=8, decimal_places=2, widget=UnfoldAdminDecimalFieldWidget
    )

    class Meta:
        model = GiftCard
        fields = ["expires_at"]


class EntryInline(LookedAtOnly, ShopInline):
    model = GiftCardEntry
    verbose_name_plural = "What was booked on it"
    fields = ("created_at", "kind", "amount", "reference")
    readonly_fields = ("created_at", "kind", "amount", "reference")
    extra = 0


@admin.register(GiftCard)
class GiftCardAdmin(ShopAdmin):
    """Adding a card issues it: its code is shown once, and only its hash is kept."""

    form = GiftCardForm
    list_display = ["__str__", "balance", "currency", "expires_at", "created_at"]
    inlines = [EntryInline]

    def save_model(self, request: HttpRequest, obj: GiftCard, form: Any, change: bool) -> None:
        card, code = gift_card_issue(form.cleaned_data["amount"], expires_at=form.cleaned_data["expires_at"])
        obj.pk = card.pk
        obj.refresh_from_db()
        messages.warning(request, f"The code of this card is {code}. It is shown only now.")

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return obj is None and getattr(getattr(request, "user", None), "runs_the_shop", False)

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(Quote)
class QuoteAdmin(LookedAtOnly, LongList):
    list_display = ["id", "book", "book_version", "variant", "quantity", "total", "expires_at"]
    list_filter = ["book"]
    list_select_related = ["variant"]
