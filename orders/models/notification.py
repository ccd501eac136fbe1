"""The outbox of e-mails: written in the transaction of what they tell, sent afterwards."""

from __future__ import annotations

from django.db import models

from common.work import WorkItem
from orders.models.order import Order


class OutboxMail(WorkItem):
    """One e-mail of one kind about one order; the constraint is what keeps a redelivered event from mailing twice."""

    MAX_ATTEMPTS = 6

    class Kind(models.TextChoices):
        ORDER_PLACED = "order_placed"
        ORDER_PROCESSING = "order_processing"
        ORDER_SHIPPED = "order_shipped"
        ORDER_DELIVERED = "order_delivered"
        ORDER_REFUNDED = "order_refunded"
        ORDER_HOLD = "order_hold"
        PAYMENT_REMINDER = "payment_reminder"
        PRINTER_PACKS = "printer_packs"
        PRINTER_CANCELLED = "printer_cancelled"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="mails")
    kind = models.CharField(max_length=20, choices=Kind)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "available_at"], name="mail_due")]
        constraints = [models.UniqueConstraint(fields=["order", "kind"], name="mail_once_per_order_and_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.order}"
