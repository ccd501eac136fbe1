"""The end of a job: pictures written, then assets and the end itself in one transaction, under its own lease."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import structlog
from django.db import IntegrityError, transaction

from common.storage import private_storage, public_storage, random_name
from uploads.cutout import files, intermediates
from uploads.models import ArtReview, Asset, Job

log = structlog.get_logger(__name__)

PRINT_DPI = 300
# The usual width of a front print: the density that is stated honestly is counted for it.
_USUAL_PRINT_IN = 12


@dataclass(frozen=True)
class Output:
    """One picture of the result: PNG bytes and what is known about it."""

    kind: Asset.Kind
    png: bytes
    width_px: int
    height_px: int
    metadata: dict[str, Any] = field(default_factory=dict)


class Superseded(Exception):
    """The job is not ours any more: another worker has it, or it was cancelled."""


def record(job: Job, outputs: list[Output], facts: dict[str, Any]) -> bool:
    """Stores the pictures and ends the job. False where the job was not ours any more; then nothing of ours stays.

    facts: what goes into the job's result beside the ids of its assets.
    """
    names: list[tuple[str, str]] = []
    for output in outputs:
        private, public = f"cutouts/{random_name('png')}", random_name("png")
        intermediates.announce(job, private, is_public=False)
        intermediates.announce(job, public, is_public=True)
        names.append(
            (
                files.write(private_storage(), private, output.png),
                files.write(public_storage(), public, output.png),
            )
        )
    try:
        with transaction.atomic():
            assets = [_asset(job, output, *pair) for output, pair in zip(outputs, names, strict=True)]
            _review_open(job, assets)
            intermediates.adopt(job, [name for pair in names for name in pair])
            if not job.finish(step=Job.Step.DONE, result=_result(job, assets, facts)):
                raise Superseded
    except (IntegrityError, Superseded):
        # Another worker took the job over; its result stands and ours is rubbish.
        for private, public in names:
            private_storage().delete(private)
            public_storage().delete(public)
        intermediates.adopt(job, [name for pair in names for name in pair])
        log.warning("cutout.superseded", job_id=str(job.pk))
        return False
    return True


def _review_open(job: Job, assets: list[Asset]) -> None:
    """Asks staff to look: where the scores leave a doubt, and at whatever staff have asked for themselves."""
    main = next(asset for asset in assets if asset.kind == Asset.Kind.TRANSPARENT)
    review = job.review
    if review is not None or main.metadata.get("needs_review"):
        ArtReview.objects.create(
            asset=main, replaces_id=(review.replaces_id or review.asset_id) if review else None
        )


def refuse_uncut(rgba: np.ndarray[Any, np.dtype[np.uint8]]) -> bool:
    """Whether the picture is no cut-out: nothing of it is clear, or nothing visible."""
    alpha = rgba[..., 3]
    return bool(alpha.min() > 250 or alpha.max() < 128)


def density_facts(width_px: int, height_px: int, source_px: int | None) -> dict[str, Any]:
    """The true size at 300 DPI, and the honest density of a usual print.

    source_px: the width of the part of the source that the picture shows; a picture has no more detail than that.
    None where it was drawn, and has no source pixels at all.
    """
    detail_px = min(width_px, source_px) if source_px else width_px
    return {
        "size_in_at_300_dpi": [round(width_px / PRINT_DPI, 2), round(height_px / PRINT_DPI, 2)],
        "effective_dpi_at_12_in": round(detail_px / _USUAL_PRINT_IN),
        "largest_width_in_at_150_dpi": round(detail_px / 150, 2),
    }


def _asset(job: Job, output: Output, private: str, public: str) -> Asset:
    suffix = {Asset.Kind.ALTERNATIVE: "photo", Asset.Kind.HARD: "hard-edges"}.get(output.kind, "artwork")
    return Asset.objects.create(
        kind=output.kind,
        owner_type=Asset.OwnerType.JOB,
        owner_id=job.user_id,
        job=job,
        original_file=private,
        public_name=public,
        file_type="image/png",
        public_file_type="image/png",
        file_size=len(output.png),
        original_name=f"{job.source.original_name.rsplit('.', 1)[0][:230]}-{suffix}.png",
        sha256=hashlib.sha256(output.png).hexdigest(),
        width_px=output.width_px,
        height_px=output.height_px,
        dpi=PRINT_DPI,
        metadata=output.metadata,
    )


def _result(job: Job, assets: list[Asset], facts: dict[str, Any]) -> dict[str, Any]:
    by_kind = {asset.kind: asset for asset in assets}
    main = by_kind[Asset.Kind.TRANSPARENT]

    def id_of(kind: Asset.Kind) -> str | None:
        return str(by_kind[kind].pk) if kind in by_kind else None

    return {
        "originalAssetId": str(job.source_id),
        "whiteBgAssetId": None,
        "transparentAssetId": str(main.pk),
        "alternativeAssetId": id_of(Asset.Kind.ALTERNATIVE),
        "hardAssetId": id_of(Asset.Kind.HARD),
        "metadata": {
            "width": main.width_px,
            "height": main.height_px,
            "format": "png",
            "dpi": main.dpi,
            **main.metadata,
        },
        **facts,
    }
