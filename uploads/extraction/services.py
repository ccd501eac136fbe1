"""The artwork of a shirt photo, redrawn by an image model where the shop has one and somebody has agreed to it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import structlog
from django.conf import settings
from numpy.typing import NDArray

from common import allowances, ledger
from common.breaker import image_model
from common.errors import ProviderError
from common.gemini.gateway import Drawing, gemini_gateway
from uploads.cutout.intermediates import found, put_aside
from uploads.cutout.providers import disclose
from uploads.extraction.key_colour import KeyColour, key_colour
from uploads.imaging.decode import ImageRejected, decode
from uploads.imaging.encode import encode_jpeg
from uploads.models import Asset, Job, PhotoDisclosure

log = structlog.get_logger(__name__)

BUDGET = "gemini_drawing_usd"
# What a drawing of `SIZE` is expected to cost; the true price replaces it.
_EXPECTED_USD = Decimal("0.15")
# The cut-out works at 2,000 px, so a larger drawing would be paid for and thrown away.
SIZE = "2K"
_ASIDE = "drawing"
_ASPECTS = {
    f"{width}:{height}": width / height
    for width, height in ((1, 1), (2, 3), (3, 2), (3, 4), (4, 3), (4, 5), (5, 4), (9, 16), (16, 9))
}

_PROMPT = (
    "Isolate the graphic that is printed on this shirt and redraw it flat, straight and complete: all lettering, "
    "colours, strokes and effects exactly as printed, spelled exactly as printed, nothing added and nothing left out. "
    "Do not draw the shirt, its folds or its shadows. Fill the picture with the graphic, with a small margin. Put it "
    "on a solid, perfectly even {name} ({hex}) background without shadow, glow, gradient or frame, and use that colour "
    "nowhere in the graphic."
)


@dataclass(frozen=True)
class DrawnArtwork:
    """The model's drawing, uint8 (H, W, 3), and what was asked of whom."""

    rgb: NDArray[np.uint8]
    key_colour: str
    model: str


def consent_ground(job: Job) -> PhotoDisclosure.Ground | None:
    """On which ground the job's photo may leave the server; None where it may not, or where nobody could use it."""
    if not settings.GEMINI_API_KEY or job.source.owner_type != Asset.OwnerType.SHIRT_UPLOAD:
        return None
    if job.photo_consent:
        return PhotoDisclosure.Ground.CUSTOMER
    return PhotoDisclosure.Ground.SHOP_TERMS if settings.GEMINI_PHOTO_CONSENT else None


def artwork_drawn(job: Job, photo: NDArray[np.uint8]) -> DrawnArtwork | None:
    """The drawing of the photo's print; None where the photo has to stay here, or today's money is spent.

    photo: uint8 (H, W, 3). Raises ProviderError where the model fails or answers without a picture: the photo is never
    passed off as its work. A drawing that an earlier attempt of the job has paid for is not paid again.
    """
    ground = consent_ground(job)
    if ground is None:
        return None
    aside = found(job, _ASIDE)
    if aside is not None:
        data, known = aside
        return DrawnArtwork(_decoded(data), known["key_colour"], known["model"])
    if not allowances.reserve(BUDGET, _EXPECTED_USD, limit=settings.GEMINI_DRAWING_DAILY_BUDGET_USD):
        log.warning("extraction.budget_spent", job_id=str(job.pk))
        return None
    key = key_colour(photo)
    drawing = _paid_drawing(job, photo, key, ground)
    picture = _decoded(drawing.picture)
    detail: dict[str, Any] = {"key_colour": key.hex, "model": drawing.usage.model}
    put_aside(job, _ASIDE, drawing.picture, extension="png", detail=detail)
    return DrawnArtwork(picture, key.hex, drawing.usage.model)


def _paid_drawing(
    job: Job, photo: NDArray[np.uint8], key: KeyColour, ground: PhotoDisclosure.Ground
) -> Drawing:
    picture = encode_jpeg(photo, quality=92)
    prompt = _PROMPT.format(name=key.name, hex=key.hex)
    spent = Decimal(0)
    try:
        with (
            image_model().guard(),
            ledger.metered("gemini", "draw", unit="token", subject=str(job.pk)) as call,
        ):
            disclose(job, picture, ground, "Google Gemini", "redrawing the artwork")
            drawing = gemini_gateway().draw(
                prompt, picture, "image/jpeg", aspect_ratio=nearest_aspect(photo), size=SIZE
            )
            usage = drawing.usage
            spent = usage.cost_usd(settings.GEMINI_IMAGE_INPUT_USD, settings.GEMINI_IMAGE_OUTPUT_USD)
            call.cost_usd = spent
            call.units = Decimal(usage.prompt_tokens + usage.answer_tokens)
            call.detail = {"model": usage.model, "key_colour": key.hex}
            return drawing
    finally:
        allowances.settle(BUDGET, reserved=_EXPECTED_USD, spent=spent)


def nearest_aspect(rgb: NDArray[np.uint8]) -> str:
    """The shape that the model knows and that is nearest to the picture's."""
    ratio = np.log(rgb.shape[1] / rgb.shape[0])
    return min(_ASPECTS, key=lambda name: abs(np.log(_ASPECTS[name]) - ratio))


def _decoded(data: bytes) -> NDArray[np.uint8]:
    try:
        return decode(data, max_pixels=settings.UPLOAD_MAX_PIXELS).rgba[..., :3]
    except ImageRejected as error:  # the model's picture is at fault: nobody may be told that the photo is
        raise ProviderError(
            f"the answer is no picture: {error.code}", provider="Gemini", retryable=True, code="no_picture"
        ) from error
