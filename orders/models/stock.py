"""How many blanks there are, who has a claim on them, and every movement that made it so.

A variant without a level is not tracked, the usual case for blanks that are printed to order.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from common.models import Record
from orders.models.order import Order
from products.models import Variant


class StockLevel(Record):
    """The running totals of one tracked variant. Only `orders.stock` writes them, each time with a movement."""

    variant = models.OneToOneField(Variant, on_delete=models.PROTECT, related_name="stock")
    is_tracked = models.BooleanField(default=True, help_text="Off: sold without a limit.")
    on_hand = models.PositiveIntegerField(default=0, help_text="Pieces on the shelf.")
    reserved = models.PositiveIntegerField(default=0, help_text="Pieces that orders without a payment hold.")
    published = models.PositiveIntegerField(
        null=True, blank=True, editable=False, help_text="What the catalogue has been told."
    )

    class Meta:
        ordering = ["variant__sku"]
        constraints = [
            models.CheckConstraint(condition=Q(reserved__gte=0), name="stock_reserved_not_negative"),
            models.CheckConstraint(condition=Q(on_hand__gte=F("reserved")), name="stock_never_oversold"),
        ]

    def __str__(self) -> str:
        return f"{self.variant}: {self.available} of {self.on_hand}"

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class StockMovement(Record):
    """One change of a level. A trigger refuses to change or delete rows: the level is their sum."""

    class Kind(models.TextChoices):
        COUNT = "count", "counted by staff"
        RESERVE = "reserve", "an order holds it"
        RELEASE = "release", "an order let it go"
        SELL = "sell", "paid for"
        RETURN = "return", "back on the shelf"

    level = models.ForeignKey(StockLevel, on_delete=models.PROTECT, related_name="movements")
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, null=True, blank=True, related_name="stock_movements"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    on_hand_change = models.IntegerField(default=0)
    reserved_change = models.IntegerField(default=0)
    actor = models.CharField(max_length=100)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(on_hand_change=0, reserved_change=0), name="stock_movement_moves_something"
            ),
            models.CheckConstraint(
                condition=Q(kind="count", order__isnull=True) | (~Q(kind="count") & Q(order__isnull=False)),
                name="stock_movement_has_its_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level.variant} {self.kind} {self.on_hand_change:+} {self.reserved_change:+}"
