"""Production for staff: packs and what is done with them, the work list, gang sheets, printers and their keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.roles import PRINTER
from common.admin import LongList, LookedAtOnly, ShopAdmin, ShopInline
from common.errors import DomainError
from common.storage import private_storage
from orders.models import (
    GangSheet,
    PackEvent,
    Printer,
    PrinterEvent,
    PrinterKey,
    ProductionPack,
    Reprint,
    Shipment,
    ShipmentLine,
)
from orders.production import desk
from orders.production.ganging import gang_request
from orders.production.handoff import pack_page
from orders.production.keys import key_create, key_revoke, key_rotate, key_secret
from orders.production.pack_check import Finding, summary
from orders.production.views import pack_response
from orders.production.worklist import packs_open, worklist

Packs = QuerySet[ProductionPack]


def _actor(request: HttpRequest) -> str:
    return f"staff:{request.user.pk}"


def _each(request: HttpRequest, rows: Sequence[Any], act: Callable[[Any], object], done: str) -> None:
    """Acts on each row and says what came of it; a refusal of one does not keep the others."""
    for row in rows:
        try:
            act(row)
        except DomainError as error:
            messages.error(request, f"{row}: {error.message}")
        else:
            messages.success(request, f"{row} {done}")


def packs_seen_by(user: object, packs: Packs) -> Packs:
    """A printer's own lines; everything for the shop's own people."""
    if isinstance(user, User) and user.role == PRINTER:
        return packs.filter(printer__staff=user)
    return packs


class PackEventInline(LookedAtOnly, ShopInline):
    model = PackEvent
    fields = readonly_fields = ("created_at", "kind", "actor", "details", "note")
    extra = 0


@admin.register(ProductionPack)
class ProductionPackAdmin(LookedAtOnly, LongList):
    list_display = [
        "line",
        "due_on",
        "stage",
        "status",
        "printer",
        "error_code",
        "size_bytes",
        "completed_at",
    ]
    list_filter = ["status", "stage", "printer", "line__method"]
    list_select_related = ["line__order", "printer"]
    search_fields = ["line__order__number", "line__sku"]
    date_hierarchy = "due_on"
    actions = [
        "resend",
        "rebuild",
        "force_rebuild",
        "waive",
        "hold",
        "release",
        "revoke_link",
        "reprint",
        "gang_sheet",
    ]
    inlines = [PackEventInline]
    fields = readonly_fields = (
        "line", "due_on", "stage", "status", "printer", "attempts", "error_code", "error_message", "download",
        "handed_over_at", "link_expires_at", "points", "findings", "sha256", "size_bytes", "input_hash", "facts",
        "waived_points", "completed_at",
    )  # fmt: skip

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether this member of staff may act on packs: rows themselves are never edited here."""
        return bool(getattr(request.user, "runs_the_shop", False))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("worklist/", view(self.worklist_view), name="orders_productionpack_worklist"),
            path("<uuid:pk>/download/", view(self.download_view), name="orders_productionpack_download"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> Packs:
        return packs_seen_by(request.user, super().get_queryset(request))

    def get_list_filter(self, request: HttpRequest) -> list[str]:
        """Who else prints for the shop is nothing that one printer need know."""
        if isinstance(request.user, User) and request.user.role == PRINTER:
            return ["status", "stage"]
        return self.list_filter

    def worklist_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Work list",
            "worklist": worklist(timezone.localdate(), packs_seen_by(request.user, packs_open())),
        }
        return TemplateResponse(request, "admin/orders/worklist.html", context)

    def download_view(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return pack_response(get_object_or_404(self.get_queryset(request).exclude(file=""), pk=pk))

    @admin.display(description="Pack")
    def download(self, pack: ProductionPack) -> SafeString | str:
        if not pack.file:
            return "-"
        zip_url, page = reverse("admin:orders_productionpack_download", args=[pack.pk]), pack_page(pack)
        link = format_html('<a href="{}">download</a>', zip_url)
        return format_html('{} · <a href="{}">the printer\'s page</a>', link, page) if page else link

    @admin.display(description="Ten points")
    def points(self, pack: ProductionPack) -> SafeString | str:
        if not pack.report:
            return "-"
        rows = summary([Finding(**finding) for finding in pack.report])
        return format_html_join(
            "", "{}. {}: <b>{}</b><br>", ((r["rule"], r["title"], r["state"]) for r in rows)
        )

    @admin.display(description="Findings that are not ok")
    def findings(self, pack: ProductionPack) -> SafeString | str:
        broken = [finding for finding in pack.report if not finding["ok"]]
        numbers = (", ".join(f"{name} {value}" for name, value in f["numbers"].items()) for f in broken)
        rows = ((f["rule"], f["name"], f["detail"], text) for f, text in zip(broken, numbers, strict=True))
        return format_html_join("", "Point {}, {}: {} {}<br>", rows) or "none"

    @admin.action(description="Send to the printer again, under new links", permissions=["act"])
    def resend(self, request: HttpRequest, packs: Packs) -> None:
        orders = {pack.line.order_id: pack.line.order for pack in packs.select_related("line__order")}
        _each(
            request,
            list(orders.values()),
            lambda o: desk.packs_resend(o, actor=_actor(request)),
            "is sent again.",
        )

    @admin.action(description="Build again, if inputs have changed", permissions=["act"])
    def rebuild(self, request: HttpRequest, packs: Packs) -> None:
        _each(request, list(packs), lambda p: desk.pack_rebuild(p, actor=_actor(request)), "is queued.")

    @admin.action(description="Build again in any case", permissions=["act"])
    def force_rebuild(self, request: HttpRequest, packs: Packs) -> None:
        _each(
            request,
            list(packs),
            lambda p: desk.pack_rebuild(p, actor=_actor(request), force=True),
            "is queued.",
        )

    @admin.action(description="Let the failed points pass, with a reason", permissions=["act"])
    def waive(self, request: HttpRequest, packs: Packs) -> HttpResponse | None:
        question = (
            "These packs failed their check. Let the failed points pass, release the holds and build again?"
        )
        return self._with_reason(
            request, packs, "waive", "Let pass", question,
            lambda pack, note: desk.pack_waive(pack, actor=_actor(request), note=note), "may pass.",
        )  # fmt: skip

    @admin.action(description="Hold the order, with a reason", permissions=["act"])
    def hold(self, request: HttpRequest, packs: Packs) -> HttpResponse | None:
        return self._with_reason(
            request, packs, "hold", "Hold", "Nothing of these orders is produced until the hold is released.",
            lambda pack, note: desk.order_put_on_hold(pack.line.order, actor=_actor(request), note=note),
            "is on hold.",
        )  # fmt: skip

    @admin.action(description="Release the order's hold, with a reason", permissions=["act"])
    def release(self, request: HttpRequest, packs: Packs) -> HttpResponse | None:
        return self._with_reason(
            request, packs, "release", "Release", "Release the holds of these orders? Failed packs are built again.",
            lambda pack, note: desk.order_release_hold(pack.line.order, actor=_actor(request), note=note),
            "is released.",
        )  # fmt: skip

    @admin.action(description="End the link", permissions=["act"])
    def revoke_link(self, request: HttpRequest, packs: Packs) -> None:
        _each(
            request,
            list(packs),
            lambda p: desk.link_revoke(p, actor=_actor(request)),
            "has no link any more.",
        )

    @admin.action(description="Print again at no price", permissions=["act"])
    def reprint(self, request: HttpRequest, packs: Packs) -> HttpResponse | None:
        def act(pack: ProductionPack, note: str) -> None:
            given = request.POST.get("quantity", "")
            quantity = int(given) if given.isascii() and given.isdigit() else 0
            defect = request.POST.get("defect", "")
            made = desk.reprint_create(pack.line, quantity, defect, actor=_actor(request), note=note)
            messages.info(request, f"The child order is {made.order.number}.")

        return self._with_reason(
            request, packs, "reprint", "Print again", "A child order at no price is made for each of these lines.",
            act, "is printed again.", defects=Reprint.Defect.choices,
        )  # fmt: skip

    @admin.action(description="Gang sheet for transfer film (22 in)", permissions=["act"])
    def gang_sheet(self, request: HttpRequest, packs: Packs) -> None:
        try:
            row = gang_request([pack.pk for pack in packs], actor=_actor(request))
        except DomainError as error:
            messages.error(request, error.message)
            return
        url = reverse("admin:orders_gangsheet_change", args=[row.pk])
        messages.success(request, format_html('<a href="{}">{}</a> is being drawn.', url, row))

    def _with_reason(
        self,
        request: HttpRequest,
        packs: Packs,
        action: str,
        title: str,
        question: str,
        act: Callable[[ProductionPack, str], object],
        done: str,
        **more: Any,
    ) -> HttpResponse | None:
        """Asks for the reason first, and acts on what comes back."""
        rows = list(packs.select_related("line__order"))
        if request.POST.get("confirmed"):
            note = request.POST.get("note", "")
            _each(request, rows, lambda pack: act(pack, note), done)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "question": question,
            "packs": rows,
            "action": action,
            **more,
        }
        return TemplateResponse(request, "admin/orders/pack_action.html", context)


@admin.register(GangSheet)
class GangSheetAdmin(LookedAtOnly, ShopAdmin):
    list_display = ["__str__", "status", "utilisation_percent", "actor", "created_at"]
    list_filter = ["status"]
    fields = readonly_fields = (
        "status", "error_message", "download", "utilisation_percent", "prints", "layout", "actor", "created_at",
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download_view)
        return [path("<uuid:pk>/download/", view, name="orders_gangsheet_download"), *super().get_urls()]

    def download_view(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = get_object_or_404(GangSheet.objects.exclude(file=""), pk=pk)
        return FileResponse(
            private_storage().open(row.file, "rb"), as_attachment=True, filename=f"gang-{row.pk}.zip"
        )

    @admin.display(description="Film")
    def download(self, row: GangSheet) -> SafeString | str:
        url = reverse("admin:orders_gangsheet_download", args=[row.pk])
        return format_html('<a href="{}">download</a>', url) if row.file else "-"


class PrinterKeyInline(LookedAtOnly, ShopInline):
    model = PrinterKey
    fields = readonly_fields = ("key_id", "created_at", "expires_at", "last_used_at")
    extra = 0


@admin.register(Printer)
class PrinterAdmin(ShopAdmin):
    """Making a printer makes its first key, whose secret is shown once."""

    list_display = ["name", "email", "methods", "active"]
    filter_horizontal = ["staff"]
    inlines = [PrinterKeyInline]
    actions = ["rotate", "revoke_old"]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "staff":
            kwargs["queryset"] = User.objects.filter(role=PRINTER, is_active=True)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Printer, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            self._show(request, key_create(obj))

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False  # packs and reports refer to it; a printer is switched off

    @admin.action(
        description="Rotate the key: a new one, the old ones end in seven days", permissions=["change"]
    )
    def rotate(self, request: HttpRequest, printers: QuerySet[Printer]) -> None:
        for printer in printers:
            self._show(request, key_rotate(printer))

    @admin.action(description="End all keys but the newest now", permissions=["change"])
    def revoke_old(self, request: HttpRequest, printers: QuerySet[Printer]) -> None:
        for printer in printers:
            for key in printer.keys.order_by("-created_at")[1:]:
                key_revoke(key)
        messages.success(request, "Only the newest key of each of these printers counts.")

    def _show(self, request: HttpRequest, key: PrinterKey) -> None:
        messages.warning(
            request,
            f"{key.printer}: key {key.key_id}, secret {key_secret(key)}. The secret is shown only now.",
        )


class ShipmentLineInline(LookedAtOnly, ShopInline):
    model = ShipmentLine
    fields = readonly_fields = ("line", "quantity")
    extra = 0


@admin.register(Shipment)
class ShipmentAdmin(LookedAtOnly, LongList):
    list_display = ["order", "carrier", "tracking_number", "printer", "shipped_at"]
    list_select_related = ["order", "printer"]
    inlines = [ShipmentLineInline]


@admin.register(PrinterEvent)
class PrinterEventAdmin(LookedAtOnly, LongList):
    list_display = ["event_id", "source", "order", "status", "created_at"]
    list_select_related = ["order"]


@admin.register(Reprint)
class ReprintAdmin(LookedAtOnly, ShopAdmin):
    list_display = ["line", "order", "quantity", "defect", "actor", "created_at"]
    list_filter = ["defect"]
    list_select_related = ["line__order", "order"]
