"""The price book that the storefront's prices come from, and the global quantity discounts."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from common.models import Record
from pricing.rules import RulesInvalid, StorefrontRules


class PriceBook(Record):
    """One version of a book of rules. The published version with the highest number is the one in force."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"
        RETIRED = "retired"

    code = models.SlugField(max_length=40)
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    rules = models.JSONField(help_text='Amounts are strings: {"second_side": "5.00", ...}')

    class Meta:
        ordering = ["code", "-version"]
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="price_book_version_once")]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"

    def clean(self) -> None:
        try:
            StorefrontRules.parse(self.code, self.version, self.rules)
        except RulesInvalid as error:
            raise ValidationError({"rules": str(error)}) from error


class QuantityDiscountRule(Record):
    name = models.CharField(max_length=100, unique=True)
    min_quantity = models.PositiveIntegerField()
    max_quantity = models.PositiveIntegerField(null=True, blank=True)
    percent = models.DecimalField(max_digits=5, decimal_places=2)
    priority = models.PositiveSmallIntegerField()
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["priority"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(percent__gte=0, percent__lte=100), name="discount_percent_in_range"
            )
        ]

    def __str__(self) -> str:
        return self.name
