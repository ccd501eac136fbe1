"""What several apps' admin pages share, and the pages of `common`'s own tables."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminSelectWidget

from common.models import DailyAllowance, FeatureSwitch, LedgerEntry, TextRequest


class ShopAdmin(ModelAdmin):
    """A page of the staff's admin in the shop's theme.

    Lists never count all their rows: the number under a list of 100,000 orders would cost more than the list.
    """

    compressed_fields = True
    list_per_page = 50
    show_full_result_count = False


class LongList(ShopAdmin):
    """For tables that grow with every order: pages go on for as long as there are rows, and nothing is counted."""

    paginator = InfinitePaginator
    list_max_show_all = 0


class ShopInline(TabularInline):
    """Rows that belong to the one on the page."""

    tab = False


class StartsWithSearch:
    """Searches by whole beginnings, which an index answers; `icontains` reads every row of a table.

    `starts_with` names fields whose text is stored in one case: `upper` or `lower`.
    """

    starts_with: tuple[tuple[str, str], ...] = ()
    search_fields: Any = ("pk",)  # shows the box; the search below does not use it

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Rows of which any of the fields begins with what was typed."""
        term = search_term.strip()
        if not term:
            return queryset, False
        for field, case in self.starts_with:
            typed = term.upper() if case == "upper" else term.lower() if case == "lower" else term
            found = queryset.filter(**{f"{field}__startswith": typed})
            if found[:1].exists():
                return found, False
        return queryset.none(), False


class LookedAtOnly:
    """Rows that services write: staff look at them here, and change them nowhere but through the services."""

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(FeatureSwitch)
class FeatureSwitchAdmin(ShopAdmin):
    """Changes hold from the next job on, in every process."""

    list_display = ["name", "about", "percent", "note", "updated_at"]
    list_editable = ["percent"]

    @admin.display(description="Share of")
    def about(self, switch: FeatureSwitch) -> str:
        return settings.FEATURE_SWITCHES.get(switch.name, "nothing any more")

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """Any other name would switch nothing."""
        if db_field.name != "name":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return forms.ChoiceField(choices=settings.FEATURE_SWITCHES.items(), widget=UnfoldAdminSelectWidget())


@admin.register(LedgerEntry)
class LedgerEntryAdmin(LookedAtOnly, LongList):
    list_display = [
        "created_at", "provider", "operation", "outcome", "units", "unit", "cost_usd", "baseline_usd", "duration_ms",
        "subject",
    ]  # fmt: skip
    list_filter = ["provider", "operation", "outcome"]
    search_fields = ["subject"]
    date_hierarchy = "created_at"


@admin.register(DailyAllowance)
class DailyAllowanceAdmin(LookedAtOnly, ShopAdmin):
    list_display = ["name", "day", "used"]
    list_filter = ["name"]


@admin.register(TextRequest)
class TextRequestAdmin(LookedAtOnly, LongList):
    list_display = ["id", "purpose", "status", "attempts", "error_code", "created_at", "completed_at"]
    list_filter = ["status", "purpose"]
