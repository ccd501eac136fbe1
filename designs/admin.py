from django.contrib import admin

from designs.models import Design


@admin.register(Design)
class DesignAdmin(admin.ModelAdmin):
    list_display = ["name", "user", "product", "updated_at"]
    list_select_related = ["user", "product"]
    search_fields = ["name", "user__email"]

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False
