"""The content cache: equal bytes that go through an equal pipeline have an equal result, which is not made twice."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from common.canonical import canonical_hash
from common.storage import private_storage
from uploads.cutout import files
from uploads.extraction.services import consent_ground
from uploads.models import Asset, Job

# To be raised with every change to what comes out of the pipeline: results of other versions are not used again.
PIPELINE_VERSION = 8


def content_key(job: Job) -> str:
    """The hash of all that decides what the job's result is."""
    facts = [
        PIPELINE_VERSION,
        job.source.sha256,
        settings.REMBG_MODEL,
        settings.GEMINI_IMAGE_MODEL if consent_ground(job) else "",
        hard_edges_needed(),
    ]
    if job.review_id:  # staff want another result, not the one that they have
        facts.append(f"{job.review_id}:{job.pk}")
    return canonical_hash(facts)


def hard_edges_needed() -> bool:
    """Whether a version without half-clear pixels has to be made, too."""
    return bool(import_string(settings.CUTOUT_HARD_EDGES_NEEDED)())


def finished_twin(job: Job) -> Job | None:
    """The newest job that has made this result already, if its pictures are still there."""
    twins = Job.objects.filter(
        content_key=job.content_key, status=Job.Status.DONE, assets__kind=Asset.Kind.TRANSPARENT
    )
    return twins.exclude(pk=job.pk).order_by("-completed_at").first() if job.content_key else None


def pictures_of(twin: Job) -> list[tuple[Asset, bytes]] | None:
    """The twin's assets with their bytes, or None where a file is gone."""
    try:
        return [(asset, files.read(private_storage(), asset.original_file)) for asset in twin.assets.all()]
    except FileNotFoundError:
        return None
