"""The price books that every price comes from, version by version."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.models import User
from common.errors import Conflict
from common.models import Record
from pricing.rules import Book, RulesInvalid


class PriceBook(Record):
    """One version of a book of rules. Only drafts change; what was once published stays as it was, for ever.

    The services in `pricing.services.books` move a book from draft to published to retired.
    """

    class Status(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"
        RETIRED = "retired"

    code = models.SlugField(max_length=40)
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    rules = models.JSONField(
        help_text='Amounts are strings: {"second_side": "5.00", ...}. See docs/PRICING.md.'
    )
    notes = models.TextField(blank=True, help_text="What changes and why, for colleagues.")
    allows_rising_prices = models.BooleanField(
        default=False, help_text="Somebody has accepted that more pieces may cost more each."
    )
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    class Meta:
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="price_book_version_once"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(status="published"), name="price_book_published_once"
            ),
            models.UniqueConstraint(
                fields=["code"], condition=Q(status="draft"), name="price_book_draft_once"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "published", "retired"]), name="price_book_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status="draft", published_at__isnull=True)
                | (~Q(status="draft") & Q(published_at__isnull=False)),
                name="price_book_published_at_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT

    def parse(self) -> Book:
        """The rules as the engine takes them. Raises RulesInvalid."""
        return Book.parse(self.code, self.version, self.rules)

    def clean(self) -> None:
        try:
            self.parse()
        except RulesInvalid as error:
            messages = [f"{pointer or '/'}: {message}" for pointer, message in error.errors]
            raise ValidationError({"rules": messages}) from error

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises Conflict `price_book_frozen` for a change to what was published."""
        if not self._state.adding:
            self._refuse_changes()
        super().save(*args, **kwargs)

    def _refuse_changes(self) -> None:
        stored = PriceBook.objects.filter(pk=self.pk).values("code", "version", "rules", "status").first()
        if stored is None or stored["status"] == self.Status.DRAFT:
            return
        is_same = all(getattr(self, name) == stored[name] for name in ("code", "version", "rules"))
        retires = self.status in (stored["status"], self.Status.RETIRED)
        if not is_same or not retires:
            raise Conflict(
                f"{stored['code']} v{stored['version']} was published and does not change. Make a new draft.",
                code="price_book_frozen",
            )

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raises Conflict `price_book_frozen` for anything but a draft: quotes and orders cite it."""
        if not PriceBook.objects.filter(pk=self.pk, status=self.Status.DRAFT).exists():
            raise Conflict(f"{self} was published and is kept.", code="price_book_frozen")
        return super().delete(*args, **kwargs)
