"""From the display picture to its smaller copies: encode, store under names that follow from the content, record."""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog
from django.db import transaction

from common.storage import content_name, kept_together, public_storage, read_file, write_once
from uploads.compression.encode import (
    THUMBNAIL_SIDE_PX,
    Encoded,
    PictureUnreadable,
    lossless_webp,
    picture_size,
    scaled_picture,
)
from uploads.compression.models import DerivativeWork
from uploads.compression.tasks import ring_derivatives
from uploads.models import Asset, Derivative

log = structlog.get_logger(__name__)

WIDTHS_PX = (320, 640, 1280)
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


@dataclass(frozen=True)
class _Made:
    role: str
    encoded: Encoded


def run(work_id: str) -> None:
    """Makes what the asset lacks, if it is ours to make. The display picture itself is never touched."""
    work = DerivativeWork.claim(work_id)
    if work is None:
        return
    started = time.monotonic()
    try:
        made = _encoded(read_file(public_storage(), work.asset.public_name))
        rows = _stored(work.asset, made)
    except (FileNotFoundError, PictureUnreadable) as error:
        work.fail("display_unusable", str(error), retryable=False)
        log.error("derivatives.display_unusable", asset_id=str(work.asset_id), error=type(error).__name__)
        return
    except Exception as error:
        delay = work.fail("internal_error", type(error).__name__, retryable=True)
        if delay is not None:
            ring_derivatives(work_id, countdown_s=delay.total_seconds())
        log.exception("derivatives.crashed", asset_id=str(work.asset_id), again=delay is not None)
        return
    _record(work, rows)
    seconds = round(time.monotonic() - started, 2)
    log.info("derivatives.done", asset_id=str(work.asset_id), files=len(rows), seconds=seconds)


def _encoded(display: bytes) -> list[_Made]:
    """Every smaller copy that is smaller: in pixels for the sizes, in bytes for the WebP of the same pixels."""
    made = []
    width_px, height_px = picture_size(display)
    if max(width_px, height_px) > THUMBNAIL_SIDE_PX:
        made.append(_Made(Derivative.Role.THUMBNAIL, scaled_picture(display, side_px=THUMBNAIL_SIDE_PX)))
    for copy_width_px in WIDTHS_PX:
        if copy_width_px < width_px:
            made.append(_Made(f"w{copy_width_px}", scaled_picture(display, width_px=copy_width_px)))
    if display.startswith(b"\x89PNG"):
        same = lossless_webp(display)
        if len(same.data) < len(display):
            made.append(_Made(Derivative.Role.WEBP, same))
    return made


def _stored(asset: Asset, made: list[_Made]) -> list[Derivative]:
    """Two workers store the same bytes under the same names, so whoever is late leaves nothing behind."""
    with kept_together(str(asset.pk)):
        return [_stored_one(asset, each) for each in made]


def _stored_one(asset: Asset, made: _Made) -> Derivative:
    encoded = made.encoded
    name = content_name(
        asset.secret, encoded.data, extension=EXTENSIONS[encoded.content_type], suffix=f"-{made.role}"
    )
    return Derivative(
        asset=asset,
        role=made.role,
        name=write_once(public_storage(), name, encoded.data),
        width_px=encoded.width_px,
        height_px=encoded.height_px,
        size_bytes=len(encoded.data),
        content_type=encoded.content_type,
    )


def _record(work: DerivativeWork, rows: list[Derivative]) -> None:
    """Writes the rows and the end of the work at once, if the work is still ours."""
    with transaction.atomic():
        if not work.finish():
            log.warning("derivatives.superseded", asset_id=str(work.asset_id))
            return
        known = set(work.asset.derivatives.values_list("role", flat=True))
        Derivative.objects.bulk_create(row for row in rows if row.role not in known)
