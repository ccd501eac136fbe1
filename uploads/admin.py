from django.contrib import admin

from common.admin import LookedAtOnly
from uploads.models import Asset, Job


@admin.register(Asset)
class AssetAdmin(LookedAtOnly, admin.ModelAdmin):
    list_display = ["id", "kind", "original_name", "width_px", "height_px", "created_at"]
    list_filter = ["kind", "owner_type"]


@admin.register(Job)
class JobAdmin(LookedAtOnly, admin.ModelAdmin):
    list_display = ["id", "status", "step", "attempts", "created_at", "completed_at"]
    list_filter = ["status"]
