from django.contrib import admin
from import_export.admin import ImportExportModelAdmin

from products.importing import VariantResource
from products.models import (
    Colour,
    DecorationMethod,
    PlacementConflict,
    PrintArea,
    Product,
    Size,
    SizeMeasurement,
    StageView,
    Variant,
)


class VariantInline(admin.TabularInline):
    model = Variant
    extra = 0
    fields = ["colour", "size", "sku", "base_cost", "base_price", "stock_level"]
    readonly_fields = ["stock_level"]  # the stock ledger writes it; a form that lay open would undo sales


class PrintAreaInline(admin.TabularInline):
    model = PrintArea
    extra = 0


class SizeMeasurementInline(admin.TabularInline):
    model = SizeMeasurement
    extra = 0


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["title", "slug", "garment", "status", "updated_at"]
    list_filter = ["status", "garment"]
    search_fields = ["title", "slug"]
    inlines = [VariantInline, PrintAreaInline, SizeMeasurementInline]


@admin.register(Variant)
class VariantAdmin(ImportExportModelAdmin):
    """The catalogue as a sheet: import shows what it would do before it does it."""

    resource_classes = [VariantResource]
    list_display = ["sku", "product", "colour", "size", "base_cost", "base_price", "stock_level"]
    readonly_fields = ["stock_level"]
    list_select_related = ["product", "colour", "size"]
    list_filter = ["product", "colour", "size"]
    search_fields = ["sku", "product__title"]


@admin.register(StageView)
class StageViewAdmin(admin.ModelAdmin):
    list_display = ["product", "placement", "colour", "pixels_per_inch"]
    list_select_related = ["product", "colour"]


@admin.register(DecorationMethod)
class DecorationMethodAdmin(admin.ModelAdmin):
    list_display = ["display_name", "name", "status"]


@admin.register(PlacementConflict)
class PlacementConflictAdmin(admin.ModelAdmin):
    list_display = ["first", "second", "product"]
    list_select_related = ["product"]


admin.site.register([Colour, Size])
