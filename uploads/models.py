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
        ALTERNATIVE = "alternative", "Cut out of the photo itself, beside a drawing"
        HARD = "hard", "The transparent one without half-clear pixels"

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
    photo_consent = models.BooleanField(
        default=False, help_text="The customer said, with this upload, that the photo may leave the server."
    )
    # The hash of the picture's bytes and of all that decides what comes out; equal jobs have equal results.
    content_key = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    stages = models.JSONField(
        default=dict, blank=True, help_text="Milliseconds of each stage of the last attempt."
    )
    # Staff may have a picture cut out once more: for which decision, and who is asked first.
    review = models.ForeignKey(
        "ArtReview", on_delete=models.SET_NULL, null=True, blank=True, related_name="reruns"
    )
    wanted_arm = models.CharField(
        max_length=12, blank=True, help_text="Which remover is asked first; empty: as the rollout says."
    )
    within = models.JSONField(
        null=True,
        blank=True,
        help_text="Where staff say that the artwork is: left, top, right, bottom in px of the photo.",
    )

    LEASE = settings.CUTOUT_LEASE

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["status", "available_at"], name="job_due"),
            models.Index(fields=["user", "-created_at"], name="job_of_user"),
        ]

    def __str__(self) -> str:
        return f"job {self.id} {self.status}"


class ArtReview(Record):
    """What staff think of a cut-out: opened where the scores leave a doubt, closed by a person.

    `replaces` is the picture in whose place the asset goes once it is approved.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "to be looked at"
        RERUNNING = "rerunning", "is being cut out again"
        APPROVED = "approved"
        REJECTED = "rejected"
        REPLACED = "replaced", "another picture has taken its place"

    DECIDED = (Status.APPROVED, Status.REJECTED, Status.REPLACED)

    asset = models.OneToOneField(Asset, on_delete=models.CASCADE, related_name="review")
    # The id outlives the picture: packs that are built again ask what stands in its place.
    replaces = models.ForeignKey(
        Asset,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        blank=True,
        related_name="replacements",
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    reason = models.TextField(blank=True, help_text="Why it was rejected or replaced.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(status="pending"), name="art_review_pending")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "rerunning"], decided_at__isnull=True)
                | Q(status__in=["approved", "rejected", "replaced"], decided_at__isnull=False),
                name="art_review_decided_at_agrees",
            ),
            models.CheckConstraint(
                condition=~Q(status="rejected") | ~Q(reason=""), name="art_review_rejected_with_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset.original_name}: {self.get_status_display()}"


class Intermediate(Record):
    """What a job has put aside: a paid reply that another attempt need not pay for again, or the file of a result that
    is not recorded yet. Private, but for results' own files, and gone after a day.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="intermediates")
    name = models.CharField(max_length=60)
    file = models.CharField(max_length=200, unique=True)
    is_public = models.BooleanField(default=False)
    detail = models.JSONField(default=dict, blank=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["expires_at"]
        constraints = [
            models.UniqueConstraint(fields=["job", "name"], name="intermediate_once_per_job_and_name")
        ]

    def __str__(self) -> str:
        return f"{self.name} of job {self.job_id}"


class PhotoDisclosure(Record):
    """A customer's picture that left the server: what, to whom, what for, and on which ground; when is `created_at`.

    Written before the picture leaves. The ids are plain values, because the record outlives what it tells of.
    """

    class Ground(models.TextChoices):
        CUSTOMER = "customer", "The customer agreed with the upload"
        SHOP_TERMS = "shop_terms", "The shop's terms cover it"
        PROCESSOR = "processor", "The shop has engaged the recipient to remove backgrounds"

    asset_id = models.UUIDField(db_index=True)
    job_id = models.UUIDField(null=True, blank=True)
    recipient = models.CharField(max_length=60)
    purpose = models.CharField(max_length=60)
    ground = models.CharField(max_length=12, choices=Ground)
    sent_sha256 = models.CharField(max_length=64)
    sent_bytes = models.PositiveIntegerField()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.asset_id} to {self.recipient}"


class CutoutTrial(Record):
    """One way in which a background was removed, or was tried to be: what the A/B comparison counts.

    `arm` is the side of the rollout that the picture is on. `kept` says whether it became the result.
    """

    class Arm(models.TextChoices):
        SELF_HOSTED = "self_hosted"
        REMOVEBG = "removebg"

    class Role(models.TextChoices):
        PRIMARY = "primary"
        FALLBACK = "fallback", "After the primary had failed"
        GATE = "gate", "Because the result was not to be trusted"

    asset_id = models.UUIDField(db_index=True)
    job_id = models.UUIDField(db_index=True)
    arm = models.CharField(max_length=12, choices=Arm)
    role = models.CharField(max_length=10, choices=Role)
    provider = models.CharField(max_length=30)
    succeeded = models.BooleanField()
    code = models.CharField(max_length=60, blank=True)
    duration_ms = models.PositiveIntegerField()
    input_bytes = models.PositiveIntegerField(default=0)
    output_bytes = models.PositiveIntegerField(default=0)
    score = models.FloatField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=18, decimal_places=9, default=0)
    kept = models.BooleanField(default=False)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["provider", "created_at"], name="trial_by_provider")]

    def __str__(self) -> str:
        return f"{self.provider} for job {self.job_id}"
