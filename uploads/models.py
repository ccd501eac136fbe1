"""What customers send in, what is made of it, and the jobs that make it."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import Record
from common.work import WorkItem
from uploads.compression.models import DerivativeWork
from uploads.storage.models import StoredObject

__all__ = ["Asset", "Derivative", "DerivativeWork", "DirectUpload", "Job", "StoredObject"]


def new_secret() -> str:
    """128 random bits that keep the names of an asset's public files from being guessed by who has its bytes."""
    return secrets.token_hex(16)


class Asset(Record):
    """A picture. The bytes as they were sent are private and never change; `public_name` is a derivative for browsers.

    Its random id is a capability: a guest owns what he can name, until an account claims it.
    """

    class Kind(models.TextChoices):
        UPLOAD = "upload"
        TRANSPARENT = "transparent"

    class OwnerType(models.TextChoices):
        CUSTOMER = "customer"
        SHIRT_UPLOAD = "shirt_upload"
        JOB = "job"

    kind = models.CharField(max_length=12, choices=Kind, default=Kind.UPLOAD)
    owner_type = models.CharField(max_length=12, choices=OwnerType)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="assets"
    )
    job = models.ForeignKey("Job", on_delete=models.PROTECT, null=True, blank=True, related_name="assets")
    original_file = models.CharField(max_length=200, unique=True)
    public_name = models.CharField(max_length=100, unique=True)
    file_type = models.CharField(max_length=50)
    public_file_type = models.CharField(max_length=50)
    file_size = models.PositiveBigIntegerField()
    original_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, db_index=True)
    secret = models.CharField(max_length=32, default=new_secret, editable=False)
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    dpi = models.PositiveIntegerField(null=True, blank=True)
    has_alpha = models.BooleanField(
        null=True, help_text="Whether a pixel is clear; unknown of older pictures."
    )
    # The size of the public picture, which is what the storefront crops; null where that has all the pixels.
    display_width_px = models.PositiveIntegerField(null=True, blank=True)
    display_height_px = models.PositiveIntegerField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["kind", "-created_at"], name="asset_by_kind")]
        constraints = [
            # A job that runs twice cannot leave two results.
            models.UniqueConstraint(
                fields=["job", "kind"], condition=Q(job__isnull=False), name="asset_once_per_job_and_kind"
            ),
            models.CheckConstraint(condition=Q(width_px__gt=0, height_px__gt=0), name="asset_has_pixels"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def file_url(self) -> str:
        """Relative to the API's origin, as the storefront expects; valid for as long as the asset lives."""
        return f"/uploads/{self.public_name}"

    @property
    def display_scale(self) -> float:
        """Pixels of the original per pixel of the public picture, 1.0 or more."""
        if self.display_width_px is None or self.display_height_px is None:
            return 1.0
        display_px = max(self.display_width_px, self.display_height_px)
        return max(1.0, max(self.width_px, self.height_px) / display_px)


class DirectUpload(Record):
    """A file that came by a signed address and became an asset: the record that it did so once."""

    key = models.CharField(max_length=100, unique=True)
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="direct_uploads")
    job = models.ForeignKey("Job", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.key


class Derivative(Record):
    """One file that browsers may have of an asset. Its name follows from its content and the asset's secret."""

    class Role(models.TextChoices):
        DISPLAY = "display", "what the storefront draws"
        THUMBNAIL = "thumbnail", "for lists"
        W320 = "w320", "320 px wide"
        W640 = "w640", "640 px wide"
        W1280 = "w1280", "1280 px wide"
        WEBP = "webp", "the display picture in fewer bytes, pixel for pixel"

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="derivatives")
    role = models.CharField(max_length=10, choices=Role)
    name = models.CharField(max_length=100, unique=True)
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=50)

    class Meta:
        ordering = ["asset", "width_px"]
        constraints = [models.UniqueConstraint(fields=["asset", "role"], name="derivative_once_per_role")]

    def __str__(self) -> str:
        return f"{self.role} of {self.asset_id}"

    @property
    def file_url(self) -> str:
        """Relative to the API's origin, like the asset's own."""
        return f"/uploads/{self.name}"


class Job(WorkItem):
    """One cut-out: the artwork of a shirt photo. Its random id is the permission to poll it."""

    class Step(models.TextChoices):
        """The current step only: the storefront's progress bar looks for these words (CONTRACT 6)."""

        CREATED = "created", "Job created"
        STARTING = "starting", "Starting extraction process"
        EXTRACT = "extract", "Step 1: Finding the artwork on the shirt"
        BACKGROUND = "background", "Step 2: Removing background"
        DPI = "dpi", "Step 3: Setting 300 DPI for print quality"
        VERIFY = "verify", "Step 4: Verifying print quality"
        DONE = "done", "Extraction completed successfully"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs"
    )
    source = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="cutout_jobs")
    step = models.CharField(max_length=12, choices=Step, default=Step.CREATED)
    result = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["status", "available_at"], name="job_due"),
            models.Index(fields=["user", "-created_at"], name="job_of_user"),
        ]

    def __str__(self) -> str:
        return f"job {self.id} {self.status}"
