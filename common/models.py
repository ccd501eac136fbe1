"""The tables of `common`: what vendors and processors cost, how much of them a day may bring, switches, texts."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from common.gemini.models import TextRequest
from common.records import Record

__all__ = ["DailyAllowance", "FeatureSwitch", "LedgerEntry", "Record", "TextRequest"]


class LedgerEntry(Record):
    """One call that cost money or much of a processor, or the call that a cache saved; written by `common/ledger.py`.

    `baseline_usd` is what the all-paid way would have cost for the same result. It stands on rows that bring a
    result, so that a picture that needed two calls is counted once.
    """

    class Outcome(models.TextChoices):
        OK = "ok"
        CACHED = "cached"
        FAILED = "failed"

    provider = models.CharField(max_length=30)
    operation = models.CharField(max_length=30)
    units = models.DecimalField(max_digits=14, decimal_places=4, default=Decimal(0))
    unit = models.CharField(max_length=12)
    cost_usd = models.DecimalField(max_digits=18, decimal_places=9, default=Decimal(0))
    baseline_usd = models.DecimalField(max_digits=18, decimal_places=9, default=Decimal(0))
    duration_ms = models.PositiveIntegerField(default=0)
    subject = models.CharField(
        max_length=64, blank=True, help_text="The id of the job, asset or text it was for."
    )
    outcome = models.CharField(max_length=8, choices=Outcome)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "ledger entries"
        indexes = [
            models.Index(fields=["provider", "operation", "created_at"], name="ledger_by_provider"),
            models.Index(fields=["subject"], name="ledger_by_subject"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(units__gte=0, cost_usd__gte=0, baseline_usd__gte=0), name="ledger_never_negative"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.operation} {self.outcome}"


class DailyAllowance(models.Model):
    """How much of something a day (UTC) has used: dollars of a budget, calls of a quota."""

    name = models.CharField(max_length=40)
    day = models.DateField()
    used = models.DecimalField(max_digits=14, decimal_places=6, default=Decimal(0))

    class Meta:
        ordering = ["-day", "name"]
        constraints = [
            models.UniqueConstraint(fields=["name", "day"], name="daily_allowance_once_a_day"),
            models.CheckConstraint(condition=Q(used__gte=0), name="daily_allowance_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.day}: {self.used}"


class FeatureSwitch(Record):
    """A share of the traffic that staff can change at once. Without a row the environment's value holds."""

    name = models.SlugField(max_length=60, unique=True)
    percent = models.PositiveSmallIntegerField(validators=[MaxValueValidator(100)])
    note = models.CharField(max_length=255, blank=True, help_text="Why it stands where it stands.")

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "feature switches"
        constraints = [
            models.CheckConstraint(condition=Q(percent__lte=100), name="feature_switch_is_a_percentage")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.percent} %"
