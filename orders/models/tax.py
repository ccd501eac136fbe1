"""What the tax office must hear of: one row per transaction that Stripe Tax records, and per reversal."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from common.work import WorkItem
from orders.models.order import Order
from orders.models.refund import Refund


class TaxRecord(WorkItem):
    """Written when an order is paid, edited or refunded; a worker tells Stripe, where `reference` is unique, too."""

    MAX_ATTEMPTS = 8

    class Kind(models.TextChoices):
        SALE = "sale"
        REVERSAL = "reversal"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="tax_records")
    kind = models.CharField(max_length=10, choices=Kind)
    reference = models.CharField(max_length=100, unique=True)
    calculation_id = models.CharField(max_length=255, blank=True, help_text="Of a sale.")
    sale = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reversals",
        help_text="Of a reversal.",
    )
    refund = models.OneToOneField(
        Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="tax_reversal"
    )
    amount = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="What a reversal takes back, tax included. Empty: all of the sale.",
    )
    transaction_id = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(kind="sale", sale__isnull=True) & ~Q(calculation_id=""))
                | Q(kind="reversal", sale__isnull=False),
                name="tax_record_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0), name="tax_record_amount_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.order}"
