from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from common import ledger
from common.admin import LongList, LookedAtOnly
from common.breaker import background_removal
from common.errors import ProviderError
from common.models import FeatureSwitch
from uploads.cutout import comparison
from uploads.cutout.providers import removebg_backend
from uploads.cutout.rollout import SWITCH, rollout_percent
from uploads.models import Asset, CutoutTrial, Intermediate, Job, PhotoDisclosure

_SPANS_DAYS = (1, 7, 30)
_BALANCE_KEY, _BALANCE_CACHED_S = "uploads:removebg-balance", 300


@admin.register(Asset)
class AssetAdmin(LookedAtOnly, LongList):
    list_display = ["id", "kind", "original_name", "width_px", "height_px", "created_at"]
    list_filter = ["kind", "owner_type"]


@admin.register(Job)
class JobAdmin(LookedAtOnly, LongList):
    list_display = ["id", "status", "step", "attempts", "error_code", "created_at", "completed_at"]
    list_filter = ["status"]


@admin.register(Intermediate)
class IntermediateAdmin(LookedAtOnly, LongList):
    list_display = ["name", "job_id", "created_at", "expires_at"]


@admin.register(PhotoDisclosure)
class PhotoDisclosureAdmin(LookedAtOnly, LongList):
    list_display = ["created_at", "asset_id", "recipient", "purpose", "ground", "sent_bytes"]
    list_filter = ["recipient", "ground"]
    search_fields = ["asset_id", "job_id", "sent_sha256"]


@admin.register(CutoutTrial)
class CutoutTrialAdmin(LookedAtOnly, LongList):
    change_list_template = "admin/uploads/cutouttrial/change_list.html"
    list_display = [
        "created_at", "provider", "arm", "role", "succeeded", "code", "duration_ms", "score", "cost_usd", "kept",
    ]  # fmt: skip
    list_filter = ["provider", "arm", "role", "succeeded", "kept"]

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("comparison/", guarded(self.comparison_view), name="uploads_cutouttrial_comparison"),
            path("export.csv", guarded(self.export_view), name="uploads_cutouttrial_export"),
            *super().get_urls(),
        ]

    def comparison_view(self, request: HttpRequest) -> HttpResponse:
        """The providers side by side, what they saved, and the rollout that is in force."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        days = _span_days(request)
        since = timezone.now() - timedelta(days=days)
        saved = ledger.savings(since=since)
        context = self.admin_site.each_context(request) | {
            "title": "Background removers compared",
            "opts": self.model._meta,
            "days": days,
            "spans": _SPANS_DAYS,
            "sides": comparison.sides(since),
            "saved": saved,
            "rollout": rollout_percent(),
            "switch": FeatureSwitch.objects.filter(name=SWITCH).first(),
            "switch_name": SWITCH,
            "circuits": [(name, background_removal(name).state()) for name in ("rembg_service", "removebg")],
            "balance": _balance(),
        }
        return TemplateResponse(request, "admin/uploads/cutouttrial/comparison.html", context)

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        since = timezone.now() - timedelta(days=_span_days(request))
        writer = csv.writer(_Echo())
        lines: Iterator[Any] = (writer.writerow(row) for row in comparison.exported_rows(since))
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="background-removers.csv"'
        return response


class _Echo:
    """A file for the CSV writer that hands each line back, so that the export is streamed."""

    def write(self, line: str) -> str:
        return line


def _span_days(request: HttpRequest) -> int:
    given = request.GET.get("days", "")
    return int(given) if given.isdigit() and int(given) in _SPANS_DAYS else _SPANS_DAYS[1]


def _balance() -> str:
    """remove.bg's balance in words, asked at most once in five minutes."""
    backend = removebg_backend()
    if backend is None:
        return "no key"
    known: str | None = cache.get(_BALANCE_KEY)
    if known is None:
        try:
            balance = backend.balance()
            known = f"{balance.credits.normalize():f} credits, {balance.free_calls} free previews"
        except ProviderError as error:
            known = f"not available ({error})"
        cache.set(_BALANCE_KEY, known, _BALANCE_CACHED_S)
    return known
