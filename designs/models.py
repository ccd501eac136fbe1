"""Artwork placed on a garment, saved by its owner, and what the server has found out and drawn of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common.models import Record, TextRequest
from common.work import WorkItem
from designs.inks import InkReport
from products.models import Colour, Product, Variant
from uploads.models import Asset


class Design(Record):
    """The storefront's design document, with its artworks as real references, so that none of them can vanish."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="designs")
    name = models.CharField(max_length=255)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    design_data = models.JSONField()
    design_hash = models.CharField(
        max_length=64,
        blank=True,
        db_index=True,
        help_text="Of the canonical document: equal looks, equal hashes.",
    )
    thumbnail_url = models.CharField(max_length=200, blank=True)
    thumbnail_asset = models.ForeignKey(
        Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="What it shows."
    )
    made_thumbnail = models.CharField(
        max_length=100, blank=True, help_text="Drawn by the server; shown where the owner has sent none."
    )
    thumbnail_side = models.CharField(
        max_length=20, blank=True, help_text="Of which mock-up that is: view and colour of the cloth."
    )
    share_key = models.UUIDField(
        null=True,
        blank=True,
        editable=False,
        help_text="In every share link; a new one ends all links before.",
    )
    notes = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    alt_text_request = models.ForeignKey(
        TextRequest, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["user", "-updated_at"], name="design_of_user")]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_thumbnail(self) -> str:
        """The owner's own picture, or the server's, or nothing."""
        return self.thumbnail_url or (f"/uploads/{self.made_thumbnail}" if self.made_thumbnail else "")

    @property
    def alt_text(self) -> str | None:
        """What the design looks like in a sentence, once that has been asked for and written."""
        answer = self.alt_text_request.answer if self.alt_text_request else None
        return answer["alt_text"] if answer else None


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


class DesignVersion(Record):
    """A design as it once was. Rows are added by every change of the look, and never changed."""

    design = models.ForeignKey(Design, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=255)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    design_data = models.JSONField()
    design_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["design", "number"], name="design_version_once")]

    def __str__(self) -> str:
        return f"{self.design} v{self.number}"


class VersionArtwork(Record):
    """One artwork of an old version: what can be restored must still be there."""

    version = models.ForeignKey(DesignVersion, on_delete=models.CASCADE, related_name="artworks")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="version_artwork_once_per_position")
        ]

    def __str__(self) -> str:
        return f"{self.version} [{self.position}]"


class ArtworkFacts(Record):
    """What was measured once of a picture whose bytes never change: where it is visible, and its inks.

    The box is empty where nothing is visible.
    """

    MEASURED_AS = 1  # rows of an older way to measure are measured again

    asset = models.OneToOneField(Asset, on_delete=models.CASCADE, related_name="facts")
    measured_as = models.PositiveSmallIntegerField(default=MEASURED_AS)
    visible_left_px = models.PositiveIntegerField()
    visible_top_px = models.PositiveIntegerField()
    visible_right_px = models.PositiveIntegerField()
    visible_bottom_px = models.PositiveIntegerField()
    inks = models.JSONField(help_text="palette, coverage in percent, count, confidence")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    visible_right_px__gte=F("visible_left_px"), visible_bottom_px__gte=F("visible_top_px")
                ),
                name="artwork_facts_box_is_upright",
            )
        ]

    def __str__(self) -> str:
        return f"facts of {self.asset_id}"

    @property
    def is_empty(self) -> bool:
        return self.visible_right_px == self.visible_left_px

    @property
    def ink_report(self) -> InkReport:
        return InkReport(
            tuple(self.inks["palette"]),
            tuple(self.inks["coverage"]),
            self.inks["count"],
            self.inks["confidence"],
        )


class Mockup(WorkItem):
    """One side of a design on a garment of one colour: drawn once, shared by every size, line and page.

    `layers` is all that the painter needs: `[{"asset", "index", "position"}]`.
    """

    class View(models.TextChoices):
        FRONT = "front"
        BACK = "back"

    design_hash = models.CharField(max_length=64)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    colour = models.ForeignKey(
        Colour, on_delete=models.SET_NULL, null=True, related_name="+", help_text="Decides the stage."
    )
    colour_hex = models.CharField(max_length=7, help_text="Of the cloth when it was drawn.")
    view = models.CharField(max_length=5, choices=View)
    layers = models.JSONField()
    is_ordered = models.BooleanField(default=False, help_text="Shown in an order's mails: it stays.")
    file_name = models.CharField(max_length=100, blank=True)
    thumbnail_name = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["design_hash", "colour_hex", "view"], name="mockup_once"),
            models.CheckConstraint(
                condition=~Q(status="done") | ~Q(file_name=""), name="mockup_done_has_a_file"
            ),
        ]
        indexes = [models.Index(fields=["status", "available_at"], name="mockup_due")]

    def __str__(self) -> str:
        return f"mock-up {self.view} {self.colour_hex} of {self.design_hash[:12]}"

    @property
    def side(self) -> str:
        return f"{self.view} {self.colour_hex}"

    @property
    def url(self) -> str | None:
        return f"/uploads/{self.file_name}" if self.file_name else None

    @property
    def thumbnail_url(self) -> str | None:
        return f"/uploads/{self.thumbnail_name}" if self.thumbnail_name else None
