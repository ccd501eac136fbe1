"""Money that is not a card payment: discount codes with a budget, gift cards with a ledger."""

from __future__ import annotations

import hashlib
from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from common.models import Record

ZERO = Decimal("0.00")


class DiscountCode(Record):
    """A code that customers type in. `given_away` is what its live redemptions cost, which the budget bounds."""

    class Kind(models.TextChoices):
        PERCENT = "percent"
        FIXED = "fixed"
        FREE_SHIPPING = "free_shipping"

    code = models.CharField(max_length=40, unique=True, help_text="Compared without case; kept in capitals.")
    kind = models.CharField(max_length=15, choices=Kind)
    value = models.DecimalField(
        max_digits=10, decimal_places=2, default=ZERO, help_text="Percent, or dollars."
    )
    minimum_spend = models.DecimalField(max_digits=10, decimal_places=2, default=ZERO)
    per_customer_cap = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty: as often as one likes."
    )
    budget = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True, help_text="Empty: no end."
    )
    given_away = models.DecimalField(max_digits=10, decimal_places=2, default=ZERO, editable=False)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(value__gte=0, minimum_spend__gte=0, given_away__gte=0),
                name="discount_code_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(kind="percent") | Q(value__lte=100), name="discount_code_percent_at_most_all"
            ),
            models.CheckConstraint(
                condition=Q(budget__isnull=True) | Q(given_away__lte=F("budget")),
                name="discount_code_within_budget",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def save(self, *args: object, **kwargs: object) -> None:
        self.code = self.code.strip().upper()
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class DiscountRedemption(Record):
    """One use of a code. `reference` is the order's id: pricing does not know orders."""

    class Status(models.TextChoices):
        HELD = "held"
        RELEASED = "released"

    code = models.ForeignKey(DiscountCode, on_delete=models.PROTECT, related_name="redemptions")
    reference = models.UUIDField(unique=True)
    customer = models.CharField(max_length=255, db_index=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    status = models.CharField(max_length=10, choices=Status, default=Status.HELD)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="redemption_not_negative")]

    def __str__(self) -> str:
        return f"{self.code} for {self.reference}"


class GiftCard(Record):
    """A card with a balance; only the hash of its code is kept. The balance is the sum of its ledger."""

    code_hash = models.CharField(max_length=64, unique=True)
    last_four = models.CharField(max_length=4)
    currency = models.CharField(max_length=3)
    balance = models.DecimalField(max_digits=10, decimal_places=2, default=ZERO, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=Q(balance__gte=0), name="gift_card_not_overdrawn")]

    def __str__(self) -> str:
        return f"gift card ...{self.last_four}"

    @staticmethod
    def hash_code(code: str) -> str:
        """Of the code without the spaces and dashes that people type."""
        return hashlib.sha256("".join(filter(str.isalnum, code)).upper().encode()).hexdigest()


class GiftCardEntry(Record):
    """One movement of a card's money. Rows are only ever added."""

    class Kind(models.TextChoices):
        ISSUE = "issue"
        SPEND = "spend"
        GIVE_BACK = "give_back"

    card = models.ForeignKey(GiftCard, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind)
    amount = models.DecimalField(max_digits=10, decimal_places=2, help_text="Above zero in, below zero out.")
    reference = models.UUIDField(null=True, blank=True, help_text="The order's id.")

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["reference", "kind"],
                condition=Q(reference__isnull=False),
                name="gift_card_moves_once_per_order",
            ),
            models.CheckConstraint(
                condition=Q(kind="spend", amount__lt=0) | Q(kind__in=["issue", "give_back"], amount__gt=0),
                name="gift_card_entry_has_its_sign",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
