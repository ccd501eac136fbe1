"""Shipping rates to edit, and what the tax office was told to look at."""

from __future__ import annotations

from django.contrib import admin

from common.admin import LongList, LookedAtOnly, ShopAdmin, ShopInline
from orders.models import ShippingCountry, ShippingRate, ShippingZone, TaxRecord


class CountryInline(ShopInline):
    model = ShippingCountry
    extra = 0


class RateInline(ShopInline):
    model = ShippingRate
    extra = 0


@admin.register(ShippingZone)
class ShippingZoneAdmin(ShopAdmin):
    """Countries without a zone are shipped to at the price book's flat amount, which is what the storefront shows."""

    list_display = ["name", "served"]
    inlines = [CountryInline, RateInline]

    @admin.display(description="Countries")
    def served(self, zone: ShippingZone) -> str:
        return ", ".join(country.code for country in zone.countries.all()) or "-"


@admin.register(TaxRecord)
class TaxRecordAdmin(LookedAtOnly, LongList):
    list_display = [
        "order",
        "kind",
        "amount",
        "status",
        "attempts",
        "error_code",
        "transaction_id",
        "created_at",
    ]
    list_filter = ["status", "kind"]
    list_select_related = ["order"]
