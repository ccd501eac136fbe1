"""How far a cut-out from a photo can be trusted, from what the cut-out itself shows."""

import cv2
import numpy as np
from numpy.typing import NDArray

from uploads.cutout.background import BackgroundStatistics
from uploads.cutout.colour_key import Unmixed

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]

# Outlines are held against the picture at this size (px, long side); a slope of this many levels is a full edge.
_EDGE_SIDE_PX = 512
_FULL_EDGE = 60.0


def key_components(unmixed: Unmixed, statistics: BackgroundStatistics) -> dict[str, float]:
    """Return the factors, each 0..1, whose product is the confidence in art taken off an even background.

    The doubts, each weighed on drawn pictures with a known truth: an uneven background; shadows and glows; washes,
    whose alpha and ink cannot be told apart; other areas that may be soft; much half-clear ink; large holes that may be
    ink of the background's colour; edges hardly stronger than the noise; letters whose filling was inferred; and things
    that the frame cuts off before a graded background, because that may be a sky.
    """
    graded = statistics.surface is not None
    return {
        "evenness": 1 - 0.5 * _ramp(statistics.sigma, 3, 14),
        "films": 1 - 0.4 * _ramp(unmixed.film_share, 0.02, 0.12),
        "washes": 1 - 0.6 * _ramp(unmixed.wash_share, 0.02, 0.12),
        "softness": 1 - 0.7 * _ramp(unmixed.soft_share, 0.02, 0.12),
        "crispness": 1 - 0.6 * _ramp(unmixed.semi_share, 0.04, 0.12),
        "holes": 1 - 0.25 * _ramp(unmixed.hole_share, 0.02, 0.05),
        "contrast": 0.8 + 0.2 * _ramp(unmixed.contrast, 0.3, 1.8) if unmixed.contrast > 0 else 0.0,
        "fillings": 0.9 if unmixed.filled_share > 0 else 1.0,
        "framing": 1 - 0.55 * _ramp(_frame_share(unmixed.rgba[..., 3], 127), 0.015, 0.04) if graded else 1.0,
    }


def is_photographic(unmixed: Unmixed) -> bool:
    """Whether what stands on the even background is a photo that the colour key has frayed: fur, cloth, skin."""
    return unmixed.texture > 2.5 and unmixed.weak_rim_share > 0.10


def semi_share(alpha: FloatArray) -> float:
    """Return the area that is neither clear nor solid as a share of all that is visible (alpha in 0..1)."""
    visible = float(np.mean(alpha > 0.05))
    semi = float(np.mean((alpha > 0.05) & (alpha < 0.95)))
    return semi / visible if visible > 0 else 1.0


def mask_agreement(alpha: FloatArray, mask: FloatArray) -> float:
    """Return the intersection over union of two mattes at one half; both are (H, W) in 0..1."""
    first, second = alpha > 0.5, mask > 0.5
    union = np.count_nonzero(first | second)
    return float(np.count_nonzero(first & second) / union) if union else 0.0


def print_components(
    alpha: FloatArray, *, separation: float, agreement: float, faint_share: float
) -> dict[str, float]:
    """Return the factors, each 0..1, whose product is the confidence in a print lifted off cloth.

    Ink ten standard deviations from its cloth is doubtful, at thirty it is certain. Ink that the network does not see
    may be a fold or a stain. Faint ink is nearly of the cloth's colour, and part of it may be missing. Many half-clear
    pixels are haze; thin lettering has up to a third of them. The route itself may be wrong, so 0.95 is the most.
    """
    return {
        "separation": 0.95 * _ramp(separation, 6.0, 30.0),
        "agreement": 0.5 + 0.5 * _ramp(agreement, 0.3, 0.9),
        "faintness": 1.0 - 0.7 * _ramp(faint_share, 0.01, 0.20),
        "crispness": 1.0 - 0.6 * _ramp(semi_share(alpha), 0.35, 0.8),
    }


def salient_components(
    alpha: FloatArray, mask: FloatArray, *, seen: FloatArray | None = None, others_share: float = 0.0
) -> dict[str, float]:
    """Return the factors, each 0..1, whose product is the confidence in a salient object; all are (H, W) in 0..1.

    mask: the object. seen: what the network saw before other things were taken from it, by default the same.
    others_share: area of other salient things that were left out, beside the object's. Two mattes that agree at 0.93
    and a half-clear share below 0.08 were right on all of 44 measured pictures; but where several things are salient,
    the network often joins one of them to the object. Then it is seldom sure of all of its mask, and the mask tends to
    run along the frame, which also cuts off artwork that is found rightly. So the product never reaches 0.8, is halved
    by a rival, and falls with both of these.
    """
    whole = mask if seen is None else seen
    undecided = 1 - 2 * float(np.mean(np.abs(whole - 0.5)))
    return {
        "agreement": 0.8 * _ramp(mask_agreement(alpha, mask), 0.75, 0.95),
        "crispness": 1.0 - 0.6 * _ramp(semi_share(alpha), 0.08, 0.4),
        "decision": (1.0 - 0.7 * _ramp(undecided, 0.02, 0.12)) * (1.0 - _ramp(undecided, 0.12, 0.4)),
        "framing": 1.0 - 0.5 * _ramp(_frame_share(whole, 0.5), 0.05, 0.3),
        "rivals": 1.0 - 0.5 * _ramp(others_share, 0.01, 0.05),
    }


def edge_support(rgb: ByteArray, alpha: FloatArray) -> float:
    """Return how much of a matte's outline, 0..1, lies on edges of the picture that run its way.

    rgb: uint8 (H, W, 3). alpha: (H, W) in 0..1 of the same picture. This needs no second opinion, so that it judges
    anybody's cut-out: a matte that is grown, shrunk or shifted has its outline where the picture has no edge.
    """
    scale = min(1.0, _EDGE_SIDE_PX / max(alpha.shape))
    size_px = (max(2, round(alpha.shape[1] * scale)), max(2, round(alpha.shape[0] * scale)))
    small = cv2.resize(np.ascontiguousarray(rgb), size_px, interpolation=cv2.INTER_AREA).astype(np.float32)
    colour = cv2.GaussianBlur(small, (0, 0), 1.0)
    matte = cv2.GaussianBlur(cv2.resize(alpha, size_px, interpolation=cv2.INTER_AREA), (0, 0), 1.0)
    across, down = (cv2.Sobel(matte, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    weight = cv2.magnitude(across, down)
    if float(weight.sum()) < 1e-3:
        return 0.0
    along = [
        np.abs(cv2.Sobel(layer, cv2.CV_32F, 1, 0) * across + cv2.Sobel(layer, cv2.CV_32F, 0, 1) * down)
        for layer in cv2.split(colour)
    ]
    strength = np.max(along, axis=0) / np.maximum(weight, 1e-6)
    return float((weight * np.minimum(strength / _FULL_EDGE, 1)).sum() / weight.sum())


def edge_factor(support: float) -> float:
    """Return what an outline's support, 0..1, leaves of a cut-out's score: all of it from 0.8 on."""
    return 0.25 + 0.75 * _ramp(support, 0.0, 0.8)


def _frame_share(layer: FloatArray | ByteArray, above: float) -> float:
    """Return the share of the outermost pixels of (H, W) that are greater than this."""
    return float(np.mean(np.concatenate([layer[0], layer[-1], layer[:, 0], layer[:, -1]]) > above))


def product(components: dict[str, float]) -> float:
    """Return the confidence 0..1 that the factors leave."""
    return float(np.clip(np.prod(list(components.values())), 0, 1))


def _ramp(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0, 1))
