"""The price books for staff: edit a draft, preview it over real quotes, publish, roll back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.views.decorators.http import require_POST

from accounts.models import User
from common.admin import ShopAdmin
from common.errors import DomainError
from pricing import (
    code_admin,  # noqa: F401  (its admin classes register themselves)
    selectors,
)
from pricing.books import QuoteDifference, in_reading_order, price_rises, rule_changes, rules_text
from pricing.models import PriceBook
from pricing.rules import RulesInvalid
from pricing.services.books import book_diff, book_draft, book_publish, book_rollback

PREVIEWED_QUOTES = 200
_DRAFTED = "is a draft now. Change its rules, then look at the preview."
_IN_FORCE = "is in force."


class RulesField(forms.JSONField):
    """The rules as indented JSON, in the order in which people read a book."""

    widget = forms.Textarea(
        attrs={"rows": 40, "cols": 100, "spellcheck": "false", "style": "font-family: monospace; width: 100%"}
    )

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) or value is None:
            return value  # what was typed and could not be read, as it was typed
        return rules_text(value)


class PriceBookForm(forms.ModelForm):
    """A draft. What is wrong with its rules is named by JSON pointer (the model's `clean`)."""

    rules = RulesField(help_text="Amounts are strings. docs/PRICING.md explains every member.")

    class Meta:
        model = PriceBook
        fields = ["code", "rules", "notes"]
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if PriceBook.objects.filter(code=code, status=PriceBook.Status.DRAFT).exists():
            raise forms.ValidationError("There is a draft of this book already.")
        return code


@admin.register(PriceBook)
class PriceBookAdmin(ShopAdmin):
    form = PriceBookForm
    list_display = ["__str__", "status", "published_at", "published_by", "what_for", "preview_link"]
    list_filter = ["code", "status"]
    list_select_related = ["published_by"]
    actions = ["new_draft", "publish", "roll_back"]
    change_form_template = "pricing/admin/price_book_change.html"

    def get_fields(self, request: HttpRequest, obj: PriceBook | None = None) -> list[Any]:
        if obj is None:
            return ["code", "rules", "notes"]
        last = "rules" if obj.is_draft else "rules_as_text"
        return ["code", "version", "status", "published_at", "published_by", "notes", last]

    def get_readonly_fields(self, request: HttpRequest, obj: PriceBook | None = None) -> list[Any]:
        if obj is None:
            return []
        frozen = ["code", "version", "status", "published_at", "published_by"]
        return frozen if obj.is_draft else [*frozen, "notes", "rules_as_text"]

    @admin.display(description="Notes")
    def what_for(self, book: PriceBook) -> str:
        return Truncator(book.notes).chars(80) or "-"

    @admin.display(description="Preview")
    def preview_link(self, book: PriceBook) -> SafeString:
        return format_html('<a href="{}">preview</a>', _page("preview", book.pk))

    @admin.display(description="Rules")
    def rules_as_text(self, book: PriceBook) -> SafeString:
        return format_html('<pre style="margin: 0; padding: 0">{}</pre>', rules_text(book.rules))

    def has_delete_permission(self, request: HttpRequest, obj: PriceBook | None = None) -> bool:
        """Drafts only: quotes and orders cite what was published."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_draft)

    def save_model(self, request: HttpRequest, obj: PriceBook, form: forms.ModelForm, change: bool) -> None:
        if not change:
            highest = PriceBook.objects.filter(code=obj.code).aggregate(highest=Max("version"))["highest"]
            obj.version = (highest or 0) + 1
        super().save_model(request, obj, form, change)

    # --- Actions of the list ------------------------------------------------------------------------------------

    @admin.action(description="Make a new draft of the published rules", permissions=["change"])
    def new_draft(self, request: HttpRequest, books: QuerySet[PriceBook]) -> None:
        for code in sorted({book.code for book in books}):
            self._do(request, partial(book_draft, code), _DRAFTED)

    @admin.action(description="Publish the selected drafts", permissions=["change"])
    def publish(self, request: HttpRequest, books: QuerySet[PriceBook]) -> None:
        for book in books:
            self._do(request, partial(book_publish, book, _user(request)), _IN_FORCE)

    @admin.action(description="Roll back to the version before", permissions=["change"])
    def roll_back(self, request: HttpRequest, books: QuerySet[PriceBook]) -> None:
        for code in sorted({book.code for book in books}):
            self._do(request, partial(book_rollback, code, _user(request)), _IN_FORCE)

    def _do(self, request: HttpRequest, work: Callable[[], PriceBook], done: str) -> PriceBook | None:
        """The book that `work` made, announced; None where it refused, with its reasons on the page."""
        try:
            book = work()
        except DomainError as error:
            self.message_user(request, error.message, messages.ERROR)
            for detail in error.errors:
                self.message_user(request, f"{detail['pointer']}: {detail['detail']}", messages.ERROR)
            return None
        self.message_user(request, f"{book} {done}", messages.SUCCESS)
        return book

    # --- Pages of one book --------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        pages = {
            "preview": self.preview_page,
            "publish": require_POST(self.publish_page),
            "new-draft": require_POST(self.new_draft_page),
            "roll-back": require_POST(self.roll_back_page),
        }
        return [
            path(f"<uuid:pk>/{name}/", guard(page), name=f"pricing_pricebook_{name.replace('-', '_')}")
            for name, page in pages.items()
        ] + super().get_urls()

    def _book(self, request: HttpRequest, pk: UUID) -> PriceBook:
        book = get_object_or_404(PriceBook, pk=pk)
        if not self.has_change_permission(request, book):
            raise PermissionDenied
        return book

    def preview_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What a version changes: in the rules, and in the newest quotes, priced again."""
        book = self._book(request, pk)
        published = PriceBook.objects.filter(code=book.code, status=PriceBook.Status.PUBLISHED).first()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Preview of {book}",
            "book": book,
            "published": published,
            "changes": rule_changes(
                in_reading_order(published.rules) if published else {}, in_reading_order(book.rules)
            ),
        }
        try:
            context["rises"] = price_rises(book.parse())
            context["comparison"] = _comparison(
                book_diff(book, selectors.quotes_to_compare(book.code, PREVIEWED_QUOTES))
            )
        except RulesInvalid as error:
            context["rules_errors"] = error.errors
        return TemplateResponse(request, "pricing/admin/price_book_preview.html", context)

    def publish_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        book = self._book(request, pk)
        accepts = request.POST.get("accept_rising_prices") == "on"
        work = partial(book_publish, book, _user(request), accept_rising_prices=accepts)
        done = self._do(request, work, _IN_FORCE)
        return HttpResponseRedirect(_page("changelist") if done else _page("preview", pk))

    def new_draft_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        draft = self._do(request, partial(book_draft, self._book(request, pk).code), _DRAFTED)
        return HttpResponseRedirect(_page("change", draft.pk) if draft else _page("changelist"))

    def roll_back_page(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        code = self._book(request, pk).code
        self._do(request, partial(book_rollback, code, _user(request)), _IN_FORCE)
        return HttpResponseRedirect(_page("changelist"))


def _page(name: str, *arguments: Any) -> str:
    return reverse(f"admin:pricing_pricebook_{name}", args=arguments)


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _comparison(differences: Sequence[QuoteDifference[UUID]]) -> dict[str, Any]:
    """The preview's table and its sums: changed quotes first, each group in the order of time."""
    priced = [d for d in differences if d.before is not None and d.after is not None]
    changes = [d.change or Decimal(0) for d in priced]
    return {
        "rows": sorted(differences, key=lambda d: not d.is_changed),
        "changed": sum(d.is_changed for d in differences),
        "dearer": sum(change > 0 for change in changes),
        "cheaper": sum(change < 0 for change in changes),
        "refused": sum(d.after is None and d.before is not None for d in differences),
        "before": sum((d.before or Decimal(0) for d in priced), Decimal(0)),
        "after": sum((d.after or Decimal(0) for d in priced), Decimal(0)),
        "change": sum(changes, Decimal(0)),
    }
