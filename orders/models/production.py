"""What the printer gets."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from common.work import WorkItem
from orders.models.order import OrderLine


class ProductionPack(WorkItem):
    """The zip of one line: art at true size, mock-ups, spec sheet, JSON and manifest."""

    line = models.OneToOneField(OrderLine, on_delete=models.PROTECT, related_name="pack")
    file = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    report = models.JSONField(
        default=list, blank=True, help_text="The findings of the pack's check of itself."
    )
    handed_over_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["line"]
        constraints = [
            models.CheckConstraint(condition=~Q(status="done") | ~Q(file=""), name="pack_done_has_a_file"),
        ]

    def __str__(self) -> str:
        return f"pack of {self.line}"
