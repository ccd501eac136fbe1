"""Whether the score by which the gate keeps the better of two cut-outs ranks them as their true errors do.

Nobody has remove.bg's answers with a truth beside them. So answers are simulated from each photo's truth, good and bad:
exact, eroded, grown little and much, blurred, shifted, halved, hazed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.cutout_pictures import Labelled
from uploads.cutout import scoring

ByteArray = NDArray[np.uint8]


def replies(truth: ByteArray) -> Iterator[ByteArray]:
    """Return the alphas of simulated answers, uint8 (H, W); the exact one first."""
    alpha = np.ascontiguousarray(truth[..., 3])
    reach_px = max(2, round(0.008 * max(alpha.shape)))
    yield alpha
    yield np.asarray(cv2.erode(alpha, _disc(reach_px)))
    yield np.asarray(cv2.dilate(alpha, _disc(reach_px)))
    yield np.asarray(cv2.dilate(alpha, _disc(4 * reach_px)))
    yield np.asarray(cv2.GaussianBlur(alpha, (0, 0), 1.5 * reach_px))
    yield np.roll(alpha, (2 * reach_px, 2 * reach_px), (0, 1))
    half = alpha.copy()
    rows = np.nonzero((alpha > 127).any(axis=1))[0]
    half[rows[0] : int(rows.mean())] = 0
    yield half
    yield np.maximum(alpha, 40)


def _disc(reach_px: int) -> ByteArray:
    side_px = 2 * reach_px + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side_px, side_px)), dtype=np.uint8)


def ranking(
    pictures: Iterable[Labelled], tee_of: Callable[[ByteArray, ByteArray], float]
) -> dict[str, tuple[float, float]]:
    """Return for the matte's own score, and for it with the edges: rank correlation in a picture, and how often the
    exact answer ranks first of two; both are means over the pictures. tee_of(found, truth): both RGBA."""
    correlations: dict[str, list[float]] = {"matte alone": [], "with the edges": []}
    wins: dict[str, list[float]] = {name: [] for name in correlations}
    for picture in pictures:
        errors: list[float] = []
        scores: dict[str, list[float]] = {name: [] for name in correlations}
        for reply in replies(picture.truth):
            alpha = reply.astype(np.float32) / np.float32(255)
            errors.append(tee_of(np.dstack([picture.rgb, reply]), picture.truth))
            own = scoring.product(scoring.salient_components(alpha, alpha))
            scores["matte alone"].append(own)
            support = scoring.edge_support(picture.rgb, alpha)
            scores["with the edges"].append(own * scoring.edge_factor(support))
        for name, found in scores.items():
            correlations[name].append(float(stats.spearmanr(found, -np.array(errors)).statistic))
            beaten = np.array(found[1:])
            wins[name].append(float(np.mean((found[0] > beaten) + 0.5 * (found[0] == beaten))))
    return {name: (float(np.mean(correlations[name])), float(np.mean(wins[name]))) for name in correlations}
