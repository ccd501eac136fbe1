"""What has to be known of a picture before it can be judged: measured once from the original, kept for good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from http import HTTPStatus
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.conf import settings

from common.errors import DomainError
from common.storage import private_storage, read_file
from designs.geometry import CropBox
from designs.inks import picture_inks
from designs.models import ArtworkFacts
from designs.quality import Artwork
from uploads.imaging.decode import ImageRejected
from uploads.imaging.sandbox import SandboxBusy, read_picture
from uploads.models import Asset


class ArtworkUnreadable(DomainError):
    """The original of an artwork is gone or damaged: nothing can be printed from it."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "artwork_unreadable"


def original_pixels(asset: Asset) -> npt.NDArray[np.uint8]:
    """The pixels as they were sent, uint8 (H, W, 4), upright and in sRGB. Raises ArtworkUnreadable."""
    try:
        data = read_file(private_storage(), asset.original_file)
        return read_picture(data, max_pixels=settings.UPLOAD_MAX_PIXELS).rgba
    except SandboxBusy as error:
        raise DomainError(
            "We are busy at the moment. Please try again in a minute.", code="busy", status=503
        ) from error
    except (FileNotFoundError, ImageRejected) as error:
        message = "An artwork cannot be read any more. Please upload it again."
        raise ArtworkUnreadable(message, extra={"asset_id": str(asset.pk)}) from error


def facts_of(assets: Iterable[Asset]) -> dict[UUID, ArtworkFacts]:
    """The facts of each asset, measured where that has not been done yet. Raises ArtworkUnreadable.

    The first time costs a decoding, about a second for 12 megapixels: never call it inside a transaction.
    """
    by_id = {asset.pk: asset for asset in assets}
    known = {
        facts.asset_id: facts
        for facts in ArtworkFacts.objects.filter(asset__in=by_id, measured_as=ArtworkFacts.MEASURED_AS)
    }
    return {pk: known.get(pk) or _measure(asset) for pk, asset in by_id.items()}


def artwork_of(asset: Asset, facts: ArtworkFacts) -> Artwork:
    """The picture as `quality` wants it; one without a visible pixel counts with its whole frame."""
    frame = CropBox(0, 0, asset.width_px, asset.height_px)
    box = CropBox(
        facts.visible_left_px, facts.visible_top_px, facts.visible_right_px, facts.visible_bottom_px
    )
    return Artwork(asset.width_px, asset.height_px, frame if facts.is_empty else box, asset.display_scale)


def _measure(asset: Asset) -> ArtworkFacts:
    return facts_keep(asset, original_pixels(asset))


def facts_keep(asset: Asset, rgba: npt.NDArray[np.uint8]) -> ArtworkFacts:
    """Measures the pixels of an asset, uint8 (H, W, 4), and keeps what was found."""
    box = _visible_box(rgba[..., 3])
    report = picture_inks(rgba)
    facts, _ = ArtworkFacts.objects.update_or_create(
        asset=asset,
        defaults={
            "measured_as": ArtworkFacts.MEASURED_AS,
            "visible_left_px": box.left,
            "visible_top_px": box.top,
            "visible_right_px": box.right,
            "visible_bottom_px": box.bottom,
            "inks": {key: value for key, value in asdict(report).items() if key != "knocked_out"},
        },
    )
    return facts


def _visible_box(alpha: npt.NDArray[np.uint8]) -> CropBox:
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if rows.size == 0:
        return CropBox(0, 0, 0, 0)
    return CropBox(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
