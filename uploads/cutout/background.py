"""What the frame of a picture says about its background, and whether that is even enough to be undone exactly."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]

# The frame that is taken for background, as a share of the long side.
_RING_SHARE = 0.012
# A frame pixel belongs to the background when no channel is further from it than this (levels of 255).
_RING_TOLERANCE = 12.0
# Below this share of inliers a graded background is tried.
_UNIFORM_INLIERS = 0.97
# The share of a normal distribution that lies below its mean plus one standard deviation.
_BELOW_SIGMA = 0.8413
# Medians of more pixels cost time and say the same.
_RING_SAMPLES = 16_000
# A surface of six terms is fitted to this many pixels of the frame.
_FIT_SAMPLES = 6_000


_MINUS_ONE = np.full((1, 1, 1), -1, dtype=np.float32)


@dataclass(frozen=True)
class BackgroundStatistics:
    """What the frame of a picture says about its background.

    colour: median (3,). surface: (6, 3) coefficients of a quadratic in x and y (each -1..1), None when uniform.
    sigma: noise, robust, levels of 255. inlier_share: frame pixels within 12 levels of the background.
    outside_share: frame pixels that are not background even when the noise is allowed for.
    """

    colour: FloatArray
    surface: FloatArray | None
    sigma: float
    inlier_share: float
    outside_share: float

    @property
    def tolerance(self) -> float:
        """How far a background pixel may lie from the background colour (levels of 255)."""
        return float(np.clip(3.0 * self.sigma + 3.0, 4.0, 48.0))

    def field(self, height_px: int, width_px: int) -> FloatArray:
        """Return the background colour of every pixel, float32 (H, W, 3)."""
        if self.surface is None:
            return np.broadcast_to(self.colour, (height_px, width_px, 3))
        u = np.linspace(-1, 1, width_px, dtype=np.float32)[None, :, None] if width_px > 1 else _MINUS_ONE
        v = np.linspace(-1, 1, height_px, dtype=np.float32)[:, None, None] if height_px > 1 else _MINUS_ONE
        one, x, y, xx, xy, yy = self.surface
        across = one + u * x + u * u * xx
        field = across + v * (y + u * xy) + v * v * yy
        return np.clip(field, 0, 255, out=field)


def background_statistics(rgb: ByteArray) -> BackgroundStatistics:
    """Measure the frame of a picture. rgb: uint8 (H, W, 3)."""
    height_px, width_px = rgb.shape[:2]
    y, x = _ring(height_px, width_px)
    samples = rgb[y, x].astype(np.float32)
    colour = np.median(samples, axis=0).astype(np.float32)
    uniform = _describe(samples, np.broadcast_to(colour, samples.shape), colour, None)
    if uniform.inlier_share > _UNIFORM_INLIERS:
        return uniform
    terms = _quadratic_terms(x.astype(np.float32), y.astype(np.float32), height_px, width_px)
    surface = _fit_surface(terms, samples)
    graded = _describe(samples, terms @ surface, colour, surface)
    return graded if graded.inlier_share > uniform.inlier_share + 0.02 else uniform


def is_flat(statistics: BackgroundStatistics) -> bool:
    """Whether the background is even enough for the colour key; everything else is a photo."""
    clean = statistics.sigma <= 5 and statistics.inlier_share >= 0.60
    noisy = statistics.sigma <= 13 and statistics.inlier_share >= 0.65 and statistics.outside_share <= 0.03
    return clean or noisy


def _ring(height_px: int, width_px: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and columns of the frame's pixels, evenly thinned where there are very many."""
    thickness_px = max(1, round(_RING_SHARE * max(height_px, width_px)))
    inner_rows = np.arange(thickness_px, height_px - thickness_px)
    outer_rows = np.setdiff1d(np.arange(height_px), inner_rows)
    outer_columns = np.setdiff1d(np.arange(width_px), np.arange(thickness_px, width_px - thickness_px))
    bands = np.meshgrid(outer_rows, np.arange(width_px), indexing="ij")
    sides = np.meshgrid(inner_rows, outer_columns, indexing="ij")
    y = np.concatenate([bands[0].ravel(), sides[0].ravel()])
    x = np.concatenate([bands[1].ravel(), sides[1].ravel()])
    step = -(-len(y) // _RING_SAMPLES)
    return y[::step], x[::step]


def _quadratic_terms(x: FloatArray, y: FloatArray, height_px: int, width_px: int) -> FloatArray:
    u = 2 * x / max(width_px - 1, 1) - 1
    v = 2 * y / max(height_px - 1, 1) - 1
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1).astype(np.float32)


def _fit_surface(terms: FloatArray, samples: FloatArray) -> FloatArray:
    """Fit by iteratively re-weighted least squares, so that artwork which touches the frame loses its say."""
    if len(samples) > _FIT_SAMPLES:
        chosen = np.random.default_rng(0).choice(len(samples), _FIT_SAMPLES, replace=False)
        terms, samples = terms[chosen], samples[chosen]
    weights: NDArray[np.floating[Any]] = np.ones(len(samples), dtype=np.float64)
    surface = np.zeros((terms.shape[1], samples.shape[1]), dtype=np.float32)
    for _ in range(8):
        weighted = terms * weights[:, None]
        solved = np.linalg.lstsq(weighted.T @ terms, weighted.T @ samples, rcond=None)[0]
        surface = solved.astype(np.float32)
        residual = _furthest(samples - terms @ surface)
        scale = max(float(np.median(residual)) * 1.5, 2.0)
        weights = 1.0 / (1.0 + (residual / scale) ** 4)
    return surface


def _furthest(residual: FloatArray) -> FloatArray:
    """Return the largest of the three channels' distances, (n,); numpy's own `max` is slow along so short an axis."""
    first, second, third = np.abs(residual).T
    return np.asarray(np.maximum(np.maximum(first, second), third), dtype=np.float32)


def _describe(
    samples: FloatArray, background: FloatArray, colour: FloatArray, surface: FloatArray | None
) -> BackgroundStatistics:
    residual = samples - background
    distance = _furthest(residual)
    inliers = distance <= _RING_TOLERANCE
    sigma = _noise(residual, inliers, np.isin(colour, (0, 255)) & (surface is None))
    tolerance = float(np.clip(3.0 * sigma + 3.0, 4.0, 48.0))
    return BackgroundStatistics(
        colour, surface, sigma, float(np.mean(inliers)), float(np.mean(distance > tolerance))
    )


def _noise(residual: FloatArray, inliers: NDArray[np.bool_], clipped: NDArray[np.bool_]) -> float:
    """Return the standard deviation of the noisiest channel, robust, of residuals (n, 3).

    clipped: channels (3,) that are at the end of their range. Half of their noise is cut off, so that most of them
    deviate by nothing at all; what is left of it stays below the standard deviation for 84 of 100.
    """
    deviation = np.abs(residual - np.median(residual, axis=0))
    sigma = 1.4826 * np.median(deviation, axis=0)
    if clipped.any() and inliers.any():
        sigma = np.where(clipped, np.quantile(deviation[inliers], _BELOW_SIGMA, axis=0), sigma)
    return float(sigma.max())
