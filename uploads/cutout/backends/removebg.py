"""remove.bg, the paid service that steps in where rembg fails."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np
import requests
from numpy.typing import NDArray
from PIL import Image

from common.errors import ProviderError
from common.metrics import vendor_call
from uploads.imaging.decode import ImageRejected, decode
from uploads.imaging.encode import encode_jpeg

DEFAULT_BASE_URL = "https://api.remove.bg"
TIMEOUT_S = 30.0
MAX_REPLY_BYTES = 100_000_000

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class RemoveBgReply:
    """What one call brought: the cut-out as PNG bytes and the credits that it cost (0 on the free previews)."""

    png: bytes
    credits_charged: Decimal


class RemoveBgBackend:
    """Client of remove.bg's only call; raises ProviderError and nothing else."""

    name = "removebg"

    def __init__(
        self, api_key: str, *, base_url: str = DEFAULT_BASE_URL, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._api_key = api_key
        self._url = f"{base_url.rstrip('/')}/v1.0/removebg"
        self._timeout_s = timeout_s

    def cut_out(self, image: bytes) -> RemoveBgReply:
        """Return the cut-out of a PNG, JPEG or WebP file.

        A refusal of the picture (400), of the balance (402) or of the key (403) will not change by asking again; a
        rate limit (429), a fault on their side (5xx) and a broken connection may.
        """
        # https://www.remove.bg/api, "POST /removebg": multipart field image_file; the reply is the picture itself.
        try:
            with vendor_call("remove.bg", "cut_out"):
                response = requests.post(
                    self._url,
                    headers={"X-Api-Key": self._api_key, "Accept": "image/png"},
                    files={"image_file": ("image", image, "application/octet-stream")},
                    data={"size": "auto", "format": "png"},
                    timeout=self._timeout_s,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            message = f"remove.bg cannot be reached: {type(error).__name__}"
            raise ProviderError(message, provider=self.name, retryable=True) from error
        if response.status_code != 200:
            raise self._refusal(response)
        return self._parse(response)

    def mask(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what remove.bg keeps of the picture: float32 (H, W) in 0..1. rgb: uint8 (H, W, 3).

        One call, one charge. With `size=auto` the reply may be smaller than the picture; it is enlarged again.
        """
        reply = self.cut_out(encode_jpeg(rgb, quality=95))
        try:
            alpha = Image.fromarray(decode(reply.png).rgba[..., 3])
        except ImageRejected as error:
            message = "remove.bg sent a damaged PNG"
            raise ProviderError(message, provider=self.name, retryable=True) from error
        resized = alpha.resize((rgb.shape[1], rgb.shape[0]), Image.Resampling.BILINEAR)
        return np.asarray(resized, dtype=np.float32) / np.float32(255)

    def _parse(self, response: requests.Response) -> RemoveBgReply:
        png = response.content
        if not png.startswith(_PNG_MAGIC) or len(png) > MAX_REPLY_BYTES:
            raise ProviderError(
                "remove.bg answered with something else than a PNG", provider=self.name, retryable=True
            )
        try:
            credits_charged = Decimal(response.headers.get("X-Credits-Charged", "0"))
        except InvalidOperation:
            credits_charged = Decimal(0)
        return RemoveBgReply(png=png, credits_charged=credits_charged)

    def _refusal(self, response: requests.Response) -> ProviderError:
        status = response.status_code
        retryable = status == 429 or status >= 500
        reason = _first_error_title(response)
        return ProviderError(
            f"remove.bg refused with {status}: {reason}", provider=self.name, retryable=retryable
        )


def _first_error_title(response: requests.Response) -> str:
    """Return `errors[0].title` of their JSON error body, or a plain word when the body is something else."""
    try:
        body = response.json()
    except ValueError:
        return "no reason given"
    errors = body.get("errors") if isinstance(body, dict) else None
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return str(errors[0].get("title", "no reason given"))[:200]
    return "no reason given"
