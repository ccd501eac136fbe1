"""Money: what was asked for, what arrived, and every event that the provider sent."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from common.models import Record
from common.work import WorkItem
from orders.models.order import Order


class Payment(Record):
    """One attempt to collect an order's total. The row and its idempotency key exist before the provider is called."""

    class Status(models.TextChoices):
        CREATING = "creating"  # the provider may or may not know of it: ask again with the same key
        OPEN = "open"
        SUCCEEDED = "succeeded"
        CANCELED = "canceled"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    attempt = models.PositiveSmallIntegerField(default=1)
    gateway = models.CharField(max_length=20)
    idempotency_key = models.CharField(max_length=100, unique=True)
    intent_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    client_secret = models.CharField(max_length=255, blank=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATING)
    failure = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["order", "attempt"]
        constraints = [
            models.UniqueConstraint(fields=["order", "attempt"], name="payment_attempt_once"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(status="succeeded"), name="payment_succeeds_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            models.CheckConstraint(
                condition=Q(status="creating") | Q(intent_id__isnull=False),
                name="payment_known_to_the_provider",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} attempt {self.attempt} {self.status}"


class StripeEvent(WorkItem):
    """The inbox: one row per event id, however often it is delivered. Applied by a worker."""

    MAX_ATTEMPTS = 8

    event_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=100)
    payload = models.JSONField()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "available_at"], name="stripe_event_due")]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class TestIntent(models.Model):
    """A payment intent of the built-in test gateway."""

    id = models.CharField(primary_key=True, max_length=64)
    idempotency_key = models.CharField(max_length=100, unique=True)
    client_secret = models.CharField(max_length=128)
    amount_cents = models.PositiveBigIntegerField()
    amount_received_cents = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=30, default="requires_payment_method")
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.id} {self.status}"


class TestEvent(WorkItem):
    """An event that the test gateway still has to deliver to the shop's webhook."""

    event_id = models.CharField(max_length=64, unique=True)
    payload = models.JSONField()

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["status", "available_at"], name="test_event_due")]

    def __str__(self) -> str:
        return self.event_id
