from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from common.admin import ShopAdmin
from designs.models import Design, Mockup


@admin.register(Design)
class DesignAdmin(ShopAdmin):
    list_display = ["name", "thumbnail", "user", "product", "updated_at"]
    list_select_related = ["user", "product"]
    search_fields = ["name", "user__email"]
    readonly_fields = ["mockups"]

    @admin.display(description="")
    def thumbnail(self, design: Design) -> str:
        if not design.shown_thumbnail:
            return ""
        return format_html('<img src="{}" width="60" alt="">', design.shown_thumbnail)

    @admin.display(description="mock-ups")
    def mockups(self, design: Design) -> SafeString:
        drawn = Mockup.objects.filter(design_hash=design.design_hash, status=Mockup.Status.DONE)
        return format_html_join(
            "",
            '<a href="{}"><img src="{}" width="160" alt="{} {}"></a>',
            ((m.url, m.thumbnail_url, m.view, m.colour_hex) for m in drawn.order_by("colour_hex", "-view")),
        )

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False
