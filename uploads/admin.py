from django.contrib import admin

from uploads.models import Asset, Job


class ReadOnlyAdmin(admin.ModelAdmin):
    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(Asset)
class AssetAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "original_name", "width_px", "height_px", "created_at"]
    list_filter = ["kind", "owner_type"]


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["id", "status", "step", "attempts", "created_at", "completed_at"]
    list_filter = ["status"]
