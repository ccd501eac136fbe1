"""What several apps' admin pages share, and the pages of `common`'s own tables."""

from __future__ import annotations

from django.contrib import admin

from common.models import DailyAllowance, FeatureSwitch, LedgerEntry, TextRequest


class LookedAtOnly:
    """Rows that services write: staff look at them here, and change them nowhere but through the services."""

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(FeatureSwitch)
class FeatureSwitchAdmin(admin.ModelAdmin):
    """Changes hold from the next job on, in every process."""

    list_display = ["name", "percent", "note", "updated_at"]
    list_editable = ["percent"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(LookedAtOnly, admin.ModelAdmin):
    list_display = [
        "created_at", "provider", "operation", "outcome", "units", "unit", "cost_usd", "baseline_usd", "duration_ms",
        "subject",
    ]  # fmt: skip
    list_filter = ["provider", "operation", "outcome"]
    search_fields = ["subject"]
    date_hierarchy = "created_at"


@admin.register(DailyAllowance)
class DailyAllowanceAdmin(LookedAtOnly, admin.ModelAdmin):
    list_display = ["name", "day", "used"]
    list_filter = ["name"]


@admin.register(TextRequest)
class TextRequestAdmin(LookedAtOnly, admin.ModelAdmin):
    list_display = ["id", "purpose", "status", "attempts", "error_code", "created_at", "completed_at"]
    list_filter = ["status", "purpose"]
