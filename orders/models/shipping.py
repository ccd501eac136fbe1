"""What shipping costs by zone and weight. Where no zone covers a country, the price book's flat amount holds."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from common.models import Record


class ShippingZone(Record):
    """Countries that cost the same to ship to."""

    name = models.CharField(max_length=60, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ShippingCountry(Record):
    """A country of one zone: the constraint keeps a country from having two prices."""

    zone = models.ForeignKey(ShippingZone, on_delete=models.CASCADE, related_name="countries")
    code = models.CharField(
        max_length=2, unique=True, validators=[RegexValidator(r"^[A-Z]{2}$", "Must be a code such as US.")]
    )

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "shipping countries"

    def __str__(self) -> str:
        return self.code


class ShippingRate(Record):
    """What a parcel of up to so many ounces costs. The lightest class that holds the parcel is charged."""

    zone = models.ForeignKey(ShippingZone, on_delete=models.CASCADE, related_name="rates")
    up_to_oz = models.DecimalField(
        max_digits=8, decimal_places=2, null=True, blank=True, help_text="Empty: of any weight."
    )
    price = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        ordering = ["zone", "up_to_oz"]
        constraints = [
            models.UniqueConstraint(fields=["zone", "up_to_oz"], name="shipping_rate_once_per_weight"),
            models.UniqueConstraint(
                fields=["zone"], condition=Q(up_to_oz__isnull=True), name="shipping_rate_one_for_any_weight"
            ),
            models.CheckConstraint(
                condition=Q(price__gte=0) & (Q(up_to_oz__isnull=True) | Q(up_to_oz__gt=0)),
                name="shipping_rate_amounts_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.zone} up to {self.up_to_oz or 'any'} oz: {self.price}"
