"""From a claimed job to a transparent asset: decode, find the artwork, remove the background, record."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import numpy as np
import structlog
from django.conf import settings
from django.db import IntegrityError, transaction

from common.errors import ProviderError
from common.storage import private_storage, public_storage, random_name, read_file, write_file
from uploads.cutout.artwork import Cutout, CutoutFailed, extract_artwork
from uploads.cutout.providers import rembg_backend, removebg_backend
from uploads.cutout.tasks import ring_cutout
from uploads.cutout.weights import WeightsMissing
from uploads.extraction.services import artwork_picture
from uploads.imaging.decode import ImageRejected, Picture
from uploads.imaging.encode import encode_png
from uploads.imaging.sandbox import read_picture
from uploads.models import Asset, Job

log = structlog.get_logger(__name__)

PRINT_DPI = 300


def run(job_id: str) -> None:
    """Does the job if it is ours to do. The last failed attempt leaves it `failed` with a reason for the customer."""
    job = Job.claim(job_id)
    if job is None:
        return
    started = time.monotonic()
    try:
        cutout = _cut_out(job)
        _record(job, cutout, seconds=time.monotonic() - started)
    except (CutoutFailed, ImageRejected) as error:
        _failed(job, error.code, error.message, retryable=False)
    except ProviderError as error:
        _failed(
            job,
            "provider_unavailable",
            "The picture could not be processed. Please try again.",
            retryable=error.retryable,
        )
        log.warning("cutout.provider_failed", job_id=job_id, provider=error.provider, error=str(error))
    except Exception:
        _failed(
            job, "internal_error", "The picture could not be processed. Please try again.", retryable=True
        )
        log.exception("cutout.crashed", job_id=job_id)


def _failed(job: Job, code: str, message: str, *, retryable: bool) -> None:
    delay = job.fail(code, message, retryable=retryable)
    if delay is not None:
        ring_cutout(str(job.pk), countdown_s=delay.total_seconds())
    log.info(
        "cutout.attempt_failed", job_id=str(job.pk), code=code, attempt=job.attempts, again=delay is not None
    )


def _cut_out(job: Job) -> Cutout:
    job.note(step=Job.Step.STARTING)
    picture = read_picture(
        read_file(private_storage(), job.source.original_file), max_pixels=settings.UPLOAD_MAX_PIXELS
    )
    if picture.is_cut_out:
        return _already_cut(picture)
    job.note(step=Job.Step.EXTRACT)
    rgb = artwork_picture(picture.rgba[..., :3])
    try:
        return extract_artwork(rgb, rembg_backend().mask, lambda text: _note_background(job, text))
    except (ProviderError, WeightsMissing) as error:
        fallback = removebg_backend()
        if fallback is None:
            raise
        log.warning("cutout.fallback", job_id=str(job.pk), error=str(error))
        return extract_artwork(rgb, fallback.mask, lambda text: _note_background(job, text))


def _note_background(job: Job, text: str) -> None:
    """Any step of the core after the artwork has been found is the storefront's second step."""
    job.note(step=Job.Step.BACKGROUND)
    log.debug("cutout.step", job_id=str(job.pk), text=text)


def _already_cut(picture: Picture) -> Cutout:
    """A picture that arrives with real transparency is the cut-out."""
    height, width = picture.rgba.shape[:2]
    return Cutout(rgba=picture.rgba, method="given", confidence=1.0, box=(0, 0, width, height), components={})


def _record(job: Job, cutout: Cutout, *, seconds: float) -> None:
    """Stores the files, then writes the asset and the end of the job in one transaction, if the job is still ours."""
    job.note(step=Job.Step.DPI)
    png = encode_png(np.ascontiguousarray(cutout.rgba), dpi=PRINT_DPI)
    job.note(step=Job.Step.VERIFY)
    original = write_file(private_storage(), f"cutouts/{random_name('png')}", png)
    public = write_file(public_storage(), random_name("png"), png)
    height_px, width_px = cutout.rgba.shape[:2]
    try:
        with transaction.atomic():
            asset = Asset.objects.create(
                kind=Asset.Kind.TRANSPARENT,
                owner_type=Asset.OwnerType.JOB,
                owner_id=job.user_id,
                job=job,
                original_file=original,
                public_name=public,
                file_type="image/png",
                public_file_type="image/png",
                file_size=len(png),
                original_name=f"{job.source.original_name.rsplit('.', 1)[0][:240]}-artwork.png",
                sha256=hashlib.sha256(png).hexdigest(),
                width_px=width_px,
                height_px=height_px,
                dpi=PRINT_DPI,
                metadata=_facts(cutout, seconds),
            )
            if not job.finish(step=Job.Step.DONE, result=_result(job, asset)):
                raise _Superseded
    except (IntegrityError, _Superseded):
        # Another worker took the job over; its result stands and ours is rubbish.
        private_storage().delete(original)
        public_storage().delete(public)
        log.warning("cutout.superseded", job_id=str(job.pk))
        return
    log.info(
        "cutout.done",
        job_id=str(job.pk),
        method=cutout.method,
        seconds=round(seconds, 2),
        confidence=round(cutout.confidence, 3),
    )


class _Superseded(Exception):
    """The lease went to another worker while we were busy."""


def _facts(cutout: Cutout, seconds: float) -> dict[str, Any]:
    return {
        "method": cutout.method,
        "confidence": round(cutout.confidence, 4),
        "source_box_px": list(cutout.box),
        "components": {name: round(value, 4) for name, value in cutout.components.items()},
        "seconds": round(seconds, 2),
    }


def _result(job: Job, asset: Asset) -> dict[str, Any]:
    return {
        "originalAssetId": str(job.source_id),
        "whiteBgAssetId": None,
        "transparentAssetId": str(asset.pk),
        "metadata": {
            "width": asset.width_px,
            "height": asset.height_px,
            "format": "png",
            "dpi": asset.dpi,
            **asset.metadata,
        },
    }
