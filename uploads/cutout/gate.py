"""The gate behind the score: the paid service sees what is not to be trusted, and the better cut-out is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.errors import ProviderError
from uploads.cutout import scoring
from uploads.cutout.artwork import WORK_SIDE_PX, Cutout, CutoutFailed, extract_artwork

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]

# Less or more visible area than this is no cut-out (the same limits as for our own).
_LEAST_SHARE, _MOST_SHARE = 0.001, 0.95
_PADDING_SHARE = 0.02


@dataclass(frozen=True)
class Verdict:
    """The cut-out that is kept, whose it is, and both scores; the paid one's where one was asked for and was usable."""

    cutout: Cutout
    own_score: float
    paid: bool = False
    paid_score: float | None = None


def judged(
    own: Cutout,
    rgb: ByteArray,
    *,
    least_score: float,
    paid_cut_out: Callable[[ByteArray], ByteArray | None],
    paid_mask: Callable[[ByteArray], FloatArray],
) -> Verdict:
    """Keeps what is trusted enough; asks for a paid one otherwise, scores both, and keeps the better.

    A print on a shirt is lifted off by ourselves in either case, because a background remover keeps the shirt: there
    the paid mask takes the place of our network's. Elsewhere the paid cut-out stands as it is. paid_cut_out: uint8
    (H, W, 3) -> (h, w, 4), or None where it cannot be had. paid_mask raises ProviderError.
    """
    if own.confidence >= least_score or own.method == "given":
        return Verdict(own, own.confidence)
    try:
        if own.method == "print":
            paid = extract_artwork(rgb, paid_mask, _unheard)
        else:
            reply = paid_cut_out(_fitted(rgb))
            if reply is None:
                return Verdict(own, own.confidence)
            paid = cutout_of(reply, rgb)
    except (ProviderError, CutoutFailed):
        return Verdict(own, own.confidence)
    if _compared(paid, rgb) > _compared(own, rgb):
        return Verdict(paid, own.confidence, paid=True, paid_score=paid.confidence)
    return Verdict(own, own.confidence, paid_score=paid.confidence)


def _compared(cutout: Cutout, rgb: ByteArray) -> float:
    """The score by which two cut-outs of a picture are ranked, whoever made them.

    A score says how far a method may be trusted on such a picture; a paid cut-out has no network of ours to agree with.
    What both can be held against is the picture. The bench simulates good and bad ones from photos with a known
    truth (eroded, grown, blurred, shifted, halved, hazed): the exact one ranks before the others 95 times of 100 with
    the edges, 64 times without. A print is lifted off its cloth by colour, and by ourselves in both cases.
    """
    if cutout.method == "print":
        return cutout.confidence
    left, top, right, bottom = cutout.box
    height_px, width_px = cutout.rgba.shape[:2]
    part = Image.fromarray(np.ascontiguousarray(rgb[top:bottom, left:right])).resize((width_px, height_px))
    alpha = cutout.rgba[..., 3].astype(np.float32) / np.float32(255)
    support = scoring.edge_support(np.asarray(part, dtype=np.uint8), alpha)
    return cutout.confidence * scoring.edge_factor(support)


def cutout_of(reply: ByteArray, rgb: ByteArray) -> Cutout:
    """The paid service's picture as a cut-out, trimmed and scored. Raises CutoutFailed where it is none."""
    alpha = reply[..., 3].astype(np.float32) / np.float32(255)
    share = float(np.mean(alpha > 0.5))
    if share < _LEAST_SHARE:
        raise CutoutFailed("nothing_found", "No artwork was found in the picture.")
    if share > _MOST_SHARE:
        raise CutoutFailed("not_separable", "The artwork could not be told from its background.")
    components = scoring.salient_components(alpha, alpha)
    left, top, right, bottom = _content_box(reply[..., 3])
    trimmed = reply[top:bottom, left:right].copy()
    trimmed[trimmed[..., 3] == 0] = 0
    scale = rgb.shape[1] / reply.shape[1]
    box = (round(left * scale), round(top * scale), round(right * scale), round(bottom * scale))
    return Cutout(trimmed, "salient", scoring.product(components), box, components)


def _content_box(alpha: ByteArray) -> tuple[int, int, int, int]:
    height_px, width_px = alpha.shape
    rows = np.nonzero((alpha > 8).any(axis=1))[0]
    columns = np.nonzero((alpha > 8).any(axis=0))[0]
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    padding_px = max(1, round(_PADDING_SHARE * max(bottom - top, right - left)))
    return (
        max(0, left - padding_px),
        max(0, top - padding_px),
        min(width_px, right + padding_px),
        min(height_px, bottom + padding_px),
    )


def _fitted(rgb: ByteArray) -> ByteArray:
    height_px, width_px = rgb.shape[:2]
    scale = WORK_SIDE_PX / max(height_px, width_px)
    if scale >= 1:
        return rgb
    size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
    image = Image.fromarray(np.ascontiguousarray(rgb)).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(image, dtype=np.uint8)


def _unheard(text: str) -> None:
    """The storefront has read of this step already."""
