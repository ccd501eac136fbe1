"""Money: what was asked for, what arrived, and every event that the provider sent."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from common.models import Record
from common.work import WorkItem
from orders.models.order import Order

# SQLite keeps decimals as floats, which differ from a sum of cents by less than half a cent.
_HALF_CENT = Decimal("0.005")


class Payment(Record):
    """One attempt to collect money for an order. The row and its idempotency key exist before the provider is called.

    `captured` is what arrived and `refunded` what went back or is on its way back: the running total of `Refund`.
    """

    class Status(models.TextChoices):
        CREATING = "creating"  # the provider may or may not know of it: ask again with the same key
        OPEN = "open"
        PROCESSING = "processing"  # the bank takes days to answer; the order waits
        SUCCEEDED = "succeeded"
        SURPLUS = "surplus"  # the order was paid already: this money goes back
        CANCELED = "canceled"

    class Channel(models.TextChoices):
        INTENT = "intent", "card form of the storefront"
        SESSION = "session", "Stripe's hosted Checkout page"

    class Purpose(models.TextChoices):
        ORDER = "order", "the order's total"
        DIFFERENCE = "difference", "what an edited order costs more"

    UNFINISHED = (Status.CREATING, Status.OPEN, Status.PROCESSING)

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    attempt = models.PositiveSmallIntegerField(default=1)
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.ORDER)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.INTENT)
    gateway = models.CharField(max_length=20)
    idempotency_key = models.CharField(max_length=100, unique=True)
    intent_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    client_secret = models.CharField(max_length=255, blank=True)
    session_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    session_url = models.URLField(max_length=2048, blank=True)
    session_expires_at = models.DateTimeField(null=True, blank=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    captured = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal("0.00"))
    refunded = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal("0.00"))
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATING)
    failure = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["order", "attempt"]
        constraints = [
            models.UniqueConstraint(fields=["order", "attempt"], name="payment_attempt_once"),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(status="succeeded", purpose="order"),
                name="payment_succeeds_once",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            models.CheckConstraint(
                condition=Q(status__in=["creating", "canceled"])
                | Q(intent_id__isnull=False)
                | Q(session_id__isnull=False),
                name="payment_known_to_the_provider",
            ),
            models.CheckConstraint(
                condition=Q(refunded__gt=-_HALF_CENT, refunded__lt=F("captured") + _HALF_CENT),
                name="payment_refunds_within_what_was_paid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} attempt {self.attempt} {self.status}"

    @property
    def refundable(self) -> Decimal:
        return self.captured - self.refunded


class PaymentStop(WorkItem):
    """An unfinished payment that must not be finished any more: its order was cancelled, has expired, or was edited."""

    MAX_ATTEMPTS = 8

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="stop")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"stop of {self.payment}"


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


class StaffAlert(WorkItem):
    """Something about money that a person must look at: logged at once, and mailed to `STAFF_EMAIL` if there is one."""

    MAX_ATTEMPTS = 6

    kind = models.CharField(max_length=60)
    reference = models.CharField(max_length=255, help_text="What it is about: the same thing alerts once.")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="alerts", null=True, blank=True)
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "reference"], name="staff_alert_once_per_thing")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class TestIntent(models.Model):
    """A payment intent of the built-in test gateway."""

    id = models.CharField(primary_key=True, max_length=64)
    idempotency_key = models.CharField(max_length=100, unique=True)
    client_secret = models.CharField(max_length=128)
    amount_cents = models.PositiveBigIntegerField()
    amount_received_cents = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=30, default="requires_payment_method")
    failure_code = models.CharField(max_length=60, blank=True)
    failure_message = models.CharField(max_length=255, blank=True)
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.id} {self.status}"


class TestObject(models.Model):
    """A refund, a dispute or a Checkout session of the built-in test gateway, in Stripe's shape."""

    class Kind(models.TextChoices):
        REFUND = "refund"
        DISPUTE = "dispute"
        SESSION = "checkout.session"

    id = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=20, choices=Kind)
    intent = models.ForeignKey(
        TestIntent, on_delete=models.CASCADE, related_name="objects_about", null=True, blank=True
    )
    idempotency_key = models.CharField(max_length=100, unique=True, null=True, blank=True)
    data = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.id


class TestEvent(WorkItem):
    """An event that the test gateway still has to deliver to the shop's webhook."""

    event_id = models.CharField(max_length=64, unique=True)
    payload = models.JSONField()

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["status", "available_at"], name="test_event_due")]

    def __str__(self) -> str:
        return self.event_id
