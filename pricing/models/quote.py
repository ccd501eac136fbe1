"""Quotes: a price that was given, frozen, and holds for a day."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from common.models import Record
from products.models import Variant


class Quote(Record):
    """One priced line. Nothing in a row ever changes; the signature covers all that its holder relies on."""

    book = models.CharField(max_length=40)
    book_version = models.PositiveIntegerField()
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    design_hash = models.CharField(max_length=64)
    line = models.JSONField(help_text="What was priced, as the engine takes it.")
    breakdown = models.JSONField(
        help_text="Why it costs what it costs: each charge with its rule and book version."
    )
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    expires_at = models.DateTimeField(db_index=True)
    signature = models.CharField(max_length=64)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=1, total__gte=0), name="quote_amounts_not_negative"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="quote_expires_later"),
        ]

    def __str__(self) -> str:
        return f"quote {self.id} by {self.book}@{self.book_version}"
