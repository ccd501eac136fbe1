"""The one ledger of money that goes back: staff's refunds, those made in Stripe's dashboard, and lost disputes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from common.models import Record
from common.work import WorkItem
from orders.models.order import OrderLine
from orders.models.payment import Payment


class Refund(WorkItem):
    """Money that goes back for one payment. The work is asking the provider for it; `state` is the money's own.

    A row counts in `Payment.refunded` from its first moment until it fails, so that two refunds cannot promise the same
    cent. Rows of the provider's own making are born with their work done.
    """

    MAX_ATTEMPTS = 8

    class State(models.TextChoices):
        REQUESTED = "requested"  # the provider may or may not know of it: ask again with the same key
        PENDING = "pending"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELED = "canceled"

    class Reason(models.TextChoices):
        REQUESTED_BY_CUSTOMER = "requested_by_customer"
        DUPLICATE = "duplicate"
        FRAUDULENT = "fraudulent"
        PRICE_DIFFERENCE = "price_difference", "the order was edited and costs less"
        DISPUTE_LOST = "dispute_lost"
        OTHER = "other"

    class Source(models.TextChoices):
        SHOP = "shop"
        PROVIDER = "provider", "made at the provider, in its dashboard"
        DISPUTE = "dispute", "taken by the customer's bank"

    GIVEN_UP = (State.FAILED, State.CANCELED)

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    reason = models.CharField(max_length=30, choices=Reason, default=Reason.REQUESTED_BY_CUSTOMER)
    source = models.CharField(max_length=10, choices=Source, default=Source.SHOP)
    actor = models.CharField(max_length=100)
    remark = models.TextField(blank=True)
    provider_id = models.CharField(
        max_length=255, unique=True, null=True, blank=True, help_text="The refund's or the dispute's id."
    )
    failure = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_positive"),
            models.CheckConstraint(
                condition=Q(state__in=["requested", "failed", "canceled"]) | Q(provider_id__isnull=False),
                name="refund_known_to_the_provider",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} back for {self.payment}"

    @property
    def idempotency_key(self) -> str:
        return f"refund:{self.pk}"


class RefundLine(Record):
    """The part of a refund that is for one line of the order, and for how many of its pieces."""

    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="refunds")
    quantity = models.PositiveIntegerField()
    amount = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        ordering = ["refund", "line"]
        constraints = [
            models.UniqueConstraint(fields=["refund", "line"], name="refund_line_once"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, amount__gte=0), name="refund_line_amounts_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line}"


class Dispute(Record):
    """A customer has asked the bank for the money. Nothing is produced meanwhile, and the answer has a deadline."""

    OPEN = ("warning_needs_response", "warning_under_review", "needs_response", "under_review")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    provider_id = models.CharField(max_length=255, unique=True)
    # https://docs.stripe.com/api/disputes/object#dispute_object-status
    status = models.CharField(max_length=30)
    reason = models.CharField(max_length=60, blank=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    evidence_due_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.status}"

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN
