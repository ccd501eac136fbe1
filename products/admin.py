from django.contrib import admin

from products.models import Colour, DecorationMethod, PrintArea, Product, Size, StageView, Variant


class VariantInline(admin.TabularInline):
    model = Variant
    extra = 0
    fields = ["colour", "size", "sku", "base_cost", "base_price", "stock_level"]


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["title", "slug", "garment", "status", "updated_at"]
    list_filter = ["status", "garment"]
    search_fields = ["title", "slug"]
    inlines = [VariantInline]


class StageViewInline(admin.TabularInline):
    model = StageView
    extra = 0


@admin.register(PrintArea)
class PrintAreaAdmin(admin.ModelAdmin):
    list_display = ["product", "placement", "width_in", "height_in", "min_dpi"]
    list_select_related = ["product"]
    inlines = [StageViewInline]


@admin.register(DecorationMethod)
class DecorationMethodAdmin(admin.ModelAdmin):
    list_display = ["display_name", "name", "status"]


admin.site.register([Colour, Size])
