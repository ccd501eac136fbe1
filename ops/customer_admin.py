"""The page of an account with what only this package can add: its orders, the export and the erasure of a customer."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from accounts.admin import UserAdmin
from accounts.models import User
from accounts.two_factor import is_verified
from common.errors import DomainError
from ops.privacy import erase_customer, export_customer
from orders.models import Order

_ORDERS_SHOWN = 20

admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(UserAdmin):
    change_form_outer_after_template = "ops/admin/account.html"

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("<uuid:pk>/export/", guard(require_POST(self.export_page)), name="accounts_user_export"),
            path("<uuid:pk>/erase/", guard(require_POST(self.erase_page)), name="accounts_user_erase"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        shows_orders = request.user.has_perm("orders.view_order")
        orders = Order.objects.filter(user_id=object_id).order_by("-created_at") if shows_orders else None
        context = {
            **(extra_context or {}),
            "customer_orders": orders[:_ORDERS_SHOWN] if orders is not None and _is_id(object_id) else (),
            "may_erase": request.user.has_perm("accounts.change_user"),
        }
        return super().change_view(request, object_id, form_url, context)

    def _person(self, request: HttpRequest, pk: UUID) -> User:
        if not request.user.has_perm("accounts.change_user"):
            raise PermissionDenied
        return get_object_or_404(User, pk=pk)

    def export_page(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Everything that the shop has of this person, as a zip; no copy of it stays here."""
        person = self._person(request, pk)
        if not is_verified(request):
            return self._to_second_factor(pk)
        with tempfile.TemporaryDirectory() as folder:
            archive = export_customer(str(person.pk), Path(folder))
            file = archive.open("rb")  # still readable when its name is gone
        return FileResponse(file, as_attachment=True, filename=archive.name)

    def erase_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Forgets the person, once the address has been typed as a confirmation."""
        person = self._person(request, pk)
        page = HttpResponseRedirect(reverse("admin:accounts_user_change", args=[pk]))
        if not is_verified(request):
            return self._to_second_factor(pk)
        if User.objects.fold_email(request.POST.get("email", "")) != person.email:
            messages.error(request, "Nothing was erased: this is not the address of the account.")
            return page
        if person.is_staff:
            messages.error(request, "Nothing was erased: take the role of this member of staff away first.")
            return page
        try:
            done = erase_customer(str(person.pk), actor=f"staff:{request.user.pk}")
        except DomainError as error:
            messages.error(request, error.message)
            return page
        told = ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in done.items())
        messages.success(request, f"Erased. {told}")
        return HttpResponseRedirect(reverse("admin:accounts_user_changelist"))

    def _to_second_factor(self, pk: UUID) -> HttpResponseRedirect:
        """Back to the page of the account afterwards: a form cannot be sent again from here."""
        back = reverse("admin:accounts_user_change", args=[pk])
        return HttpResponseRedirect(f"{reverse('two-factor')}?{urlencode({'next': back})}")


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
