"""Client of our own rembg service (`uploads/cutout/service/`)."""

from __future__ import annotations

import numpy as np
import requests
from numpy.typing import NDArray
from PIL import Image

from common.errors import ProviderError
from uploads.cutout.backends.interface import Removal
from uploads.imaging.decode import ImageRejected, decode
from uploads.imaging.encode import encode_jpeg

TIMEOUT_S = 30.0
SECRET_HEADER = "X-Rembg-Secret"
_MAX_REPLY_BYTES = 100_000_000


class RembgServiceBackend:
    """Asks the service for what it keeps of a picture; raises ProviderError and nothing else."""

    name = "rembg_service"

    def __init__(self, base_url: str, *, secret: str = "", timeout_s: float = TIMEOUT_S) -> None:
        self._url = f"{base_url.rstrip('/')}/remove-background"
        self._headers = {"Accept": "image/png"} | ({SECRET_HEADER: secret} if secret else {})
        self._timeout_s = timeout_s

    def remove(self, rgb: NDArray[np.uint8]) -> Removal:
        """Sends the picture as JPEG and returns the mask; a busy service (429) and a broken one (5xx) may recover."""
        picture = encode_jpeg(rgb, quality=95)
        try:
            response = requests.post(
                self._url,
                headers=self._headers,
                files={"image": ("image.jpg", picture, "image/jpeg")},
                data={"only_mask": "true"},
                timeout=self._timeout_s,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            message = f"the rembg service cannot be reached: {type(error).__name__}"
            raise ProviderError(message, provider=self.name, retryable=True, code="unreachable") from error
        if response.status_code != 200:
            raise self._refusal(response)
        return self._parse(response.content, rgb, len(picture))

    def _parse(self, png: bytes, rgb: NDArray[np.uint8], sent_bytes: int) -> Removal:
        try:
            if len(png) > _MAX_REPLY_BYTES:
                raise ImageRejected("too_large", "the reply is too large")
            mask = decode(png).rgba[..., 0]
        except ImageRejected as error:
            raise ProviderError(
                "the rembg service sent a damaged PNG",
                provider=self.name,
                retryable=True,
                code="damaged_reply",
            ) from error
        if mask.shape != rgb.shape[:2]:
            mask = np.asarray(
                Image.fromarray(mask).resize((rgb.shape[1], rgb.shape[0]), Image.Resampling.BILINEAR)
            )
        return Removal(mask.astype(np.float32) / np.float32(255), sent_bytes, len(png))

    def _refusal(self, response: requests.Response) -> ProviderError:
        status = response.status_code
        wait = response.headers.get("Retry-After", "")
        return ProviderError(
            f"the rembg service refused with {status}",
            provider=self.name,
            retryable=status == 429 or status >= 500,
            code="key_refused" if status in (401, 403) else "busy" if status == 429 else f"http_{status}",
            retry_after_s=float(wait) if wait.isdigit() else None,
        )
