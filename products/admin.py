from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from import_export.admin import ImportExportModelAdmin
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from common.admin import ShopAdmin, ShopInline
from common.errors import DomainError
from products.copy.services import copy_approve, copy_draft, copy_reject, texts_of
from products.importing import VariantResource
from products.models import (
    Colour,
    DecorationMethod,
    PlacementConflict,
    PrintArea,
    Product,
    ProductCopy,
    Size,
    SizeMeasurement,
    StageView,
    Variant,
)


class VariantInline(ShopInline):
    model = Variant
    extra = 0
    fields = ["colour", "size", "sku", "base_cost", "base_price", "stock_level"]
    readonly_fields = ["stock_level"]  # the stock ledger writes it; a form that lay open would undo sales


class PrintAreaInline(ShopInline):
    model = PrintArea
    extra = 0


class SizeMeasurementInline(ShopInline):
    model = SizeMeasurement
    extra = 0


@admin.register(Product)
class ProductAdmin(ShopAdmin):
    list_display = ["title", "slug", "garment", "status", "updated_at"]
    list_filter = ["status", "garment"]
    search_fields = ["title", "slug"]
    inlines = [VariantInline, PrintAreaInline, SizeMeasurementInline]
    actions = ["draft_copy"]

    @admin.action(description="Draft description and search texts with Gemini", permissions=["change"])
    def draft_copy(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        for product in queryset:
            try:
                copy_draft(product)
            except DomainError as error:
                self.message_user(request, f"{product}: {error.message}", messages.ERROR)
                return
            self.message_user(
                request, f"{product}: a draft is being written. Approve it under product copies."
            )


@admin.register(ProductCopy)
class ProductCopyAdmin(ShopAdmin):
    """Drafts to read, to change and to decide on. Approving one puts its words on the product."""

    list_display = ["product", "status", "writing", "description_in_force", "created_at", "decided_by"]
    list_select_related = ["product", "request", "decided_by"]
    list_filter = ["status"]
    fields = [
        "product", "status", "writing", "description_in_force", "seo_title_in_force", "seo_description_in_force",
        "description", "seo_title", "seo_description", "decided_by", "decided_at",
    ]  # fmt: skip
    readonly_fields = [
        "product", "status", "writing", "description_in_force", "seo_title_in_force", "seo_description_in_force",
        "decided_by", "decided_at",
    ]  # fmt: skip
    actions = ["approve", "reject"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ProductCopy | None = None) -> bool:
        return (obj is None or obj.status == ProductCopy.Status.DRAFT) and super().has_change_permission(
            request, obj
        )

    @admin.display(description="Gemini")
    def writing(self, copy: ProductCopy) -> str:
        return copy.request.error_message or copy.request.get_status_display()

    @admin.display(description="description in force")
    def description_in_force(self, copy: ProductCopy) -> str:
        return texts_of(copy)["description"]

    @admin.display(description="SEO title in force")
    def seo_title_in_force(self, copy: ProductCopy) -> str:
        return texts_of(copy)["seo_title"]

    @admin.display(description="SEO description in force")
    def seo_description_in_force(self, copy: ProductCopy) -> str:
        return texts_of(copy)["seo_description"]

    @admin.action(description="Approve: put these words on the product", permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[ProductCopy]) -> None:
        self._decide(request, queryset, copy_approve)

    @admin.action(description="Reject", permissions=["change"])
    def reject(self, request: HttpRequest, queryset: QuerySet[ProductCopy]) -> None:
        self._decide(request, queryset, copy_reject)

    def _decide(self, request: HttpRequest, queryset: QuerySet[ProductCopy], decide: object) -> None:
        for copy in queryset:
            try:
                decide(copy, user=request.user)  # type: ignore[operator]
            except DomainError as error:
                self.message_user(request, f"{copy}: {error.message}", messages.ERROR)
            else:
                self.message_user(request, f"{copy.product}: decided.")


@admin.register(Variant)
class VariantAdmin(ImportExportModelAdmin, ShopAdmin):
    """The catalogue as a sheet: import shows what it would do before it does it."""

    resource_classes = [VariantResource]
    import_form_class, export_form_class = ImportForm, ExportForm
    list_display = ["sku", "product", "colour", "size", "base_cost", "base_price", "stock_level"]
    readonly_fields = ["stock_level"]
    list_select_related = ["product", "colour", "size"]
    list_filter = ["product", "colour", "size"]
    search_fields = ["sku", "product__title"]


@admin.register(StageView)
class StageViewAdmin(ShopAdmin):
    list_display = ["product", "placement", "colour", "pixels_per_inch"]
    list_select_related = ["product", "colour"]


@admin.register(DecorationMethod)
class DecorationMethodAdmin(ShopAdmin):
    list_display = ["display_name", "name", "status"]


@admin.register(PlacementConflict)
class PlacementConflictAdmin(ShopAdmin):
    list_display = ["first", "second", "product"]
    list_select_related = ["product"]


@admin.register(Colour, Size)
class NamedAdmin(ShopAdmin):
    pass
