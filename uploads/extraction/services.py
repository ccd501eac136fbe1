"""The artwork of a shirt photo, redrawn by an image model where the shop has one and the customer's terms allow it."""

from __future__ import annotations

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from common.errors import ProviderError
from common.gemini.gateway import gemini_gateway
from uploads.imaging.decode import ImageRejected, decode
from uploads.imaging.encode import encode_jpeg

_PROMPT = (
    "Isolate the graphic that is printed on this shirt and redraw it flat, straight and complete: all lettering, "
    "colours, strokes and effects exactly as printed, nothing added. Put it on a solid magenta (#FF00FF) background "
    "without shadow; if the graphic contains magenta, use solid green (#00FF00) instead."
)


def artwork_picture(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture (H, W, 3) to cut the artwork out of: the model's drawing, or the photo itself without a model.

    Raises ProviderError where the model fails or answers without a picture: the photo is never passed off as its work.
    """
    if not (settings.GEMINI_API_KEY and settings.GEMINI_PHOTO_CONSENT):
        return photo
    answer = gemini_gateway().draw(_PROMPT, encode_jpeg(photo, quality=92), "image/jpeg")
    try:
        return decode(answer, max_pixels=settings.UPLOAD_MAX_PIXELS).rgba[..., :3]
    except (
        ImageRejected
    ) as error:  # the model's picture is at fault: the customer must not be told that his is
        raise ProviderError(
            f"the answer is no picture: {error.code}", provider="Gemini", retryable=True
        ) from error
