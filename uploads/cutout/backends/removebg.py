"""remove.bg, the paid service that steps in where rembg fails or is not to be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import numpy as np
import requests
from numpy.typing import NDArray
from PIL import Image

from common.errors import ProviderError
from common.metrics import vendor_call
from uploads.cutout.backends.interface import Removal
from uploads.imaging.decode import ImageRejected, decode
from uploads.imaging.encode import encode_jpeg, encode_png

DEFAULT_BASE_URL = "https://api.remove.bg"
TIMEOUT_S = 30.0
MAX_REPLY_BYTES = 100_000_000
# `preview` is up to 0.25 megapixels, more than the mask of a network needs, and costs a quarter of a credit.
PREVIEW_CREDITS = Decimal("0.25")
FULL_CREDITS = Decimal(1)

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_CODES = {400: "picture_refused", 402: "credits_exhausted", 403: "key_refused", 429: "rate_limited"}


@dataclass(frozen=True)
class RemoveBgReply:
    """What one call brought: the cut-out as PNG bytes and the credits that it cost (0 on the free previews)."""

    png: bytes
    credits_charged: Decimal


@dataclass(frozen=True)
class RemoveBgBalance:
    """What is left to spend: credits of all kinds, and free previews of this month."""

    credits: Decimal
    free_calls: int


class RemoveBgBackend:
    """Client of remove.bg; raises ProviderError and nothing else. Each call that succeeds is charged."""

    name = "removebg"

    def __init__(
        self, api_key: str, *, base_url: str = DEFAULT_BASE_URL, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._api_key = api_key
        self._url = f"{base_url.rstrip('/')}/v1.0"
        self._timeout_s = timeout_s

    def cut_out(self, image: bytes, *, size: Literal["preview", "auto"] = "auto") -> RemoveBgReply:
        """Return the cut-out of a PNG, JPEG or WebP file.

        A refusal of the picture (400), of the balance (402) or of the key (403) will not change by asking again; a
        rate limit (429), a fault on their side (5xx) and a broken connection may.
        """
        # https://www.remove.bg/api, "POST /removebg": multipart field image_file; the reply is the picture itself.
        # `semitransparency` keeps what is half clear, which the print's edge needs; `crop` would lose the place.
        options = {
            "size": size,
            "type": "auto",
            "format": "png",
            "channels": "rgba",
            "crop": "false",
            "semitransparency": "true",
        }
        response = self._ask(
            "POST",
            "removebg",
            headers={"Accept": "image/png"},
            files={"image_file": ("image", image, "application/octet-stream")},
            data=options,
        )
        return self._parse(response)

    def remove(self, rgb: NDArray[np.uint8]) -> Removal:
        """Return what remove.bg keeps of the picture; one call at the price of a preview. rgb: uint8 (H, W, 3)."""
        picture = self.encoded(rgb)
        reply = self.cut_out(picture, size="preview")
        alpha = Image.fromarray(self.pixels(reply)[..., 3])
        resized = alpha.resize((rgb.shape[1], rgb.shape[0]), Image.Resampling.BILINEAR)
        return Removal(
            alpha=np.asarray(resized, dtype=np.float32) / np.float32(255),
            sent_bytes=len(picture),
            received_bytes=len(reply.png),
            credits=reply.credits_charged,
        )

    def pixels(self, reply: RemoveBgReply) -> NDArray[np.uint8]:
        """The reply decoded: uint8 (H, W, 4), straight alpha. With `size=auto` it may be smaller than the picture."""
        try:
            return decode(reply.png).rgba
        except ImageRejected as error:
            message = "remove.bg sent a damaged PNG"
            raise ProviderError(message, provider=self.name, retryable=True, code="damaged_reply") from error

    @staticmethod
    def encoded(rgb: NDArray[np.uint8]) -> bytes:
        """The picture as `remove` sends it."""
        return encode_jpeg(rgb, quality=95)

    def lossless(self, rgb: NDArray[np.uint8]) -> bytes:
        """The picture as it is best sent for a full-size cut-out: flat art in JPEG would come back with its noise."""
        opaque = np.full((*rgb.shape[:2], 1), 255, dtype=np.uint8)
        return encode_png(np.concatenate([rgb, opaque], axis=2))

    def balance(self) -> RemoveBgBalance:
        """What is left on the account; asking is free."""
        # https://www.remove.bg/api, "GET /account".
        response = self._ask("GET", "account", headers={"Accept": "application/json"})
        try:
            attributes = response.json()["data"]["attributes"]
            return RemoveBgBalance(
                credits=Decimal(str(attributes["credits"]["total"])),
                free_calls=int(attributes["api"]["free_calls"]),
            )
        except (ValueError, KeyError, TypeError, InvalidOperation) as error:
            raise ProviderError(
                "remove.bg answered without a balance",
                provider=self.name,
                retryable=True,
                code="damaged_reply",
            ) from error

    def _ask(self, method: str, path: str, *, headers: dict[str, str], **body: Any) -> requests.Response:
        try:
            with vendor_call("remove.bg", path):
                response = requests.request(
                    method,
                    f"{self._url}/{path}",
                    headers={"X-Api-Key": self._api_key} | headers,
                    timeout=self._timeout_s,
                    allow_redirects=False,
                    **body,
                )
        except requests.RequestException as error:
            message = f"remove.bg cannot be reached: {type(error).__name__}"
            raise ProviderError(message, provider=self.name, retryable=True, code="unreachable") from error
        if response.status_code != 200:
            raise self._refusal(response)
        return response

    def _parse(self, response: requests.Response) -> RemoveBgReply:
        png = response.content
        if not png.startswith(_PNG_MAGIC) or len(png) > MAX_REPLY_BYTES:
            raise ProviderError(
                "remove.bg answered with something else than a PNG",
                provider=self.name,
                retryable=True,
                code="damaged_reply",
            )
        try:
            credits_charged = Decimal(response.headers.get("X-Credits-Charged", "0"))
        except InvalidOperation:
            credits_charged = Decimal(0)
        return RemoveBgReply(png=png, credits_charged=max(credits_charged, Decimal(0)))

    def _refusal(self, response: requests.Response) -> ProviderError:
        status = response.status_code
        wait = response.headers.get("Retry-After", "")
        return ProviderError(
            f"remove.bg refused with {status}: {_first_error_title(response)}",
            provider=self.name,
            retryable=status == 429 or status >= 500,
            code=_CODES.get(status, f"http_{status}"),
            retry_after_s=float(wait) if wait.isdigit() else None,
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
