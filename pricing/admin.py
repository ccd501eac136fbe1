from django.contrib import admin

from pricing.models import PriceBook, QuantityDiscountRule


@admin.register(PriceBook)
class PriceBookAdmin(admin.ModelAdmin):
    list_display = ["code", "version", "status", "updated_at"]
    list_filter = ["code", "status"]


@admin.register(QuantityDiscountRule)
class QuantityDiscountRuleAdmin(admin.ModelAdmin):
    list_display = ["name", "min_quantity", "max_quantity", "percent", "priority", "active"]
