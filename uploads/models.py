"""What customers send in, what is made of it, and the jobs that make it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import Record
from common.work import WorkItem


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
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    dpi = models.PositiveIntegerField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-created_at"]
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
        indexes = [models.Index(fields=["status", "available_at"], name="job_due")]

    def __str__(self) -> str:
        return f"job {self.id} {self.status}"
