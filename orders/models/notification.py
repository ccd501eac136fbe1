"""The outbox of e-mails: written in the transaction of what they tell, sent afterwards."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from common.work import WorkItem
from orders.models.order import Order
from orders.models.refund import Refund


class OutboxMail(WorkItem):
    """One e-mail of one kind about one order, or about one of its refunds.

    The constraints are what keeps a redelivered event from mailing twice.
    """

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
    refund = models.OneToOneField(
        Refund, on_delete=models.PROTECT, related_name="mail", null=True, blank=True
    )

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "available_at"], name="mail_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind"],
                condition=Q(refund__isnull=True),
                name="mail_once_per_order_and_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.order}"
