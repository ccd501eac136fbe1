"""Artwork placed on a garment, saved by its owner."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from common.models import Record
from products.models import Product, Variant
from uploads.models import Asset


class Design(Record):
    """The storefront's design document, with its artworks as real references, so that none of them can vanish."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="designs")
    name = models.CharField(max_length=255)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    design_data = models.JSONField()
    thumbnail_url = models.CharField(max_length=200, blank=True)
    notes = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["user", "-updated_at"], name="design_of_user")]

    def __str__(self) -> str:
        return self.name


class DesignArtwork(Record):
    """One artwork of a design. `position` counts front, back, neck in the storefront's order."""

    design = models.ForeignKey(Design, on_delete=models.CASCADE, related_name="artworks")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["design", "position"], name="design_artwork_once_per_position")
        ]

    def __str__(self) -> str:
        return f"{self.design} [{self.position}]"
