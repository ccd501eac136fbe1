"""Assets and jobs on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.api import ModelSerializer, TimestampField
from uploads.models import Asset, Derivative, Job
from uploads.selectors import place_of

# The storefront knows these four words; "failed" is the one that it shows as an error.
JOB_STATUSES = ("queued", "running", "done", "failed")


class AssetSerializer(ModelSerializer):
    owner_id = serializers.UUIDField(allow_null=True)
    job_id = serializers.UUIDField(allow_null=True)
    hash = serializers.CharField(source="sha256")
    width = serializers.IntegerField(source="width_px")
    height = serializers.IntegerField(source="height_px")
    file_url = serializers.CharField()

    class Meta:
        model = Asset
        fields = [
            "id", "owner_type", "owner_id", "file_url", "file_type", "file_size", "original_name", "hash", "width",
            "height", "dpi", "metadata", "kind", "job_id", "created_at", "updated_at",
        ]  # fmt: skip


class DerivativeSerializer(ModelSerializer):
    """One file of a picture for `srcset`: the address never changes and never shows anything else."""

    file_url = serializers.CharField()
    file_type = serializers.CharField(source="content_type")
    file_size = serializers.IntegerField(source="size_bytes")
    width = serializers.IntegerField(source="width_px")
    height = serializers.IntegerField(source="height_px")

    class Meta:
        model = Derivative
        fields = ["role", "file_url", "file_type", "file_size", "width", "height"]


class JobAssetSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    file_url = serializers.CharField()
    kind = serializers.CharField()
    width = serializers.IntegerField(source="width_px")
    height = serializers.IntegerField(source="height_px")
    dpi = serializers.IntegerField(allow_null=True)


class JobSerializer(serializers.Serializer):
    """A job as the storefront polls it: camelCase, and `logs` is the current step alone."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(JOB_STATUSES)
    logs = serializers.CharField(source="get_step_display")
    errorMessage = serializers.SerializerMethodField()
    errorCode = serializers.SerializerMethodField()
    resultData = serializers.JSONField(source="result")
    createdAt = TimestampField(source="created_at")
    updatedAt = TimestampField(source="updated_at")
    completedAt = TimestampField(source="completed_at", allow_null=True)
    queue = serializers.SerializerMethodField()
    assets = serializers.SerializerMethodField()

    def get_errorMessage(self, job: Job) -> str | None:
        return job.error_message if job.status == Job.Status.FAILED else None

    def get_errorCode(self, job: Job) -> str | None:
        return job.error_code if job.status == Job.Status.FAILED else None

    def get_queue(self, job: Job) -> dict[str, int] | None:
        """How many jobs are before this one, how old the oldest waiting job is, and the likely time to the end."""
        place = place_of(job)
        if place is None:
            return None
        return {"position": place.position, "ageSeconds": place.queue_age_s, "etaSeconds": place.eta_s}

    def get_assets(self, job: Job) -> list[dict[str, Any]] | None:
        if job.status != Job.Status.DONE:
            return None
        # The cut-out first: it is what the storefront takes. The photo's own is an offer beside it; the version with
        # hard edges is production's, and named in the result.
        offered = [asset for asset in job.assets.all() if asset.kind != Asset.Kind.HARD]
        assets = sorted(offered, key=lambda asset: asset.kind != Asset.Kind.TRANSPARENT)
        return list(JobAssetSerializer(assets, many=True).data)


class JobSummarySerializer(ModelSerializer):
    completed_at = TimestampField(allow_null=True)

    class Meta:
        model = Job
        fields = ["id", "status", "created_at", "updated_at", "completed_at"]


class SignedUrlRequestSerializer(serializers.Serializer):
    """`size` in bytes asks for an address of its own; `purpose` says which endpoint's rules hold."""

    filename = serializers.CharField(max_length=255)
    filetype = serializers.CharField(max_length=100)
    size = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    purpose = serializers.ChoiceField(
        [Asset.OwnerType.CUSTOMER.value, Asset.OwnerType.SHIRT_UPLOAD.value],
        default=Asset.OwnerType.CUSTOMER.value,
    )


class CompleteRequestSerializer(serializers.Serializer):
    token = serializers.CharField(max_length=2000)
