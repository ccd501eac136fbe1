"""Sharpen the blurred edge of a network's mask, and take the background out of the edge's colours.

The mask comes from a 320 px network. Its edge band is solved anew by closed-form matting (Levin, Lischinski and Weiss,
"A Closed-Form Solution to Natural Image Matting", 2008): alpha is locally a linear function of colour.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, sparse
from scipy.sparse.linalg import cg

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
ByteArray = NDArray[np.uint8]

# The linear system is solved at this size (px): it costs 1 s there and grows with the length of the edge.
_SOLVE_SIDE_PX = 768
# Regularisation of the local colour lines, on colours 0..1; smaller follows finer detail and more noise.
_EPSILON = 1e-5
# The mask is believed where it is this far from one half; the rest, and a margin, is solved.
_SURE = 0.05
_BAND_SHARE = 1 / 110


def refined_alpha(rgb: ByteArray, mask: FloatArray) -> FloatArray:
    """Return alpha, float32 (H, W) in 0..1, with edges that follow the picture.

    rgb: uint8 (H, W, 3). mask: float32 (H, W), the network's opinion.
    """
    height_px, width_px = rgb.shape[:2]
    scale = min(1.0, _SOLVE_SIDE_PX / max(height_px, width_px))
    size_px = (max(3, round(width_px * scale)), max(3, round(height_px * scale)))
    image = Image.fromarray(np.ascontiguousarray(rgb)).resize(size_px, Image.Resampling.BOX)
    small = np.asarray(image, dtype=np.float32) / np.float32(255)
    prior = np.clip(_resized(mask, size_px), 0, 1).astype(np.float32)
    inside, unknown = _trimap(prior)
    if not unknown.any() or not inside.any():
        return mask
    solved = _solve(small, np.where(unknown, prior, inside.astype(np.float32)), unknown)
    if scale == 1.0:
        return solved
    return _guided_enlargement(small, solved, rgb)


def foreground_colours(rgb: ByteArray, alpha: FloatArray) -> FloatArray:
    """Return the object's own colours, float32 (H, W, 3), 0..255, without what shone through at the edge.

    Two rounds of Forte's blur fusion ("Approximate Fast Foreground Colour Estimation", 2021), wide and then narrow.
    """
    picture = rgb.astype(np.float32)
    colours = picture
    behind = picture
    for radius_px in (max(8, max(alpha.shape) // 24), 5):
        colours, behind = _blur_fusion(picture, colours, behind, alpha[..., None], 2 * radius_px + 1)
    return np.asarray(np.clip(colours, 0, 255), dtype=np.float32)


def _trimap(prior: FloatArray) -> tuple[BoolArray, BoolArray]:
    margin_px = max(2, round(_BAND_SHARE * max(prior.shape)))
    inside = ndimage.binary_erosion(prior > 1 - _SURE, iterations=margin_px, border_value=1)
    outside = ndimage.binary_erosion(prior < _SURE, iterations=margin_px, border_value=1)
    return inside, ~(inside | outside)


def _solve(colours: FloatArray, prior: FloatArray, unknown: BoolArray) -> FloatArray:
    """Solve the matting Laplacian for the unknown pixels, the others held fixed."""
    laplacian = _laplacian(colours, unknown)
    free = unknown.ravel()
    values = prior.ravel().astype(np.float64)
    # A trace of the prior keeps areas without any colour edge where the network put them.
    trust = 1e-3
    system = laplacian[free][:, free] + sparse.identity(int(free.sum())) * trust
    wanted = trust * values[free] - laplacian[free][:, ~free] @ values[~free]
    jacobi = sparse.diags(1.0 / np.maximum(system.diagonal(), 1e-9))
    solution, _ = cg(system, wanted, x0=values[free], rtol=1e-4, maxiter=150, M=jacobi)
    values[free] = np.clip(solution, 0, 1)
    return values.reshape(prior.shape).astype(np.float32)


def _laplacian(colours: FloatArray, unknown: BoolArray) -> sparse.csr_matrix:
    """Return the matting Laplacian over all pixels from the 3 x 3 windows that hold an unknown pixel."""
    height_px, width_px = unknown.shape
    centres = ndimage.binary_dilation(unknown, np.ones((3, 3)))
    centres[[0, -1]] = False
    centres[:, [0, -1]] = False
    y, x = np.nonzero(centres)
    index = np.stack([(y + dy) * width_px + x + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)], axis=1)
    window = colours.reshape(-1, 3)[index].astype(np.float64)
    window -= window.mean(axis=1, keepdims=True)
    covariance = np.einsum("nki,nkj->nij", window, window) / 9 + np.eye(3) * (_EPSILON / 9)
    affinity = (
        1 + np.einsum("nki,nij,nlj->nkl", window, np.linalg.inv(covariance), window, optimize=True)
    ) / 9
    values = np.eye(9)[None] - affinity
    rows = np.repeat(index, 9, axis=1).ravel()
    columns = np.tile(index, (1, 9)).ravel()
    size = height_px * width_px
    return sparse.coo_matrix((values.ravel(), (rows, columns)), shape=(size, size)).tocsr()


def _guided_enlargement(small: FloatArray, alpha: FloatArray, rgb: ByteArray) -> FloatArray:
    """Carry alpha to the full size by its local linear relation to colour (He and Sun, "Fast Guided Filter", 2015)."""
    side = 5
    mean = ndimage.uniform_filter(small, (side, side, 0))
    mean_alpha = ndimage.uniform_filter(alpha, side)
    joint = ndimage.uniform_filter(small * alpha[..., None], (side, side, 0)) - mean * mean_alpha[..., None]
    products = small[..., :, None] * small[..., None, :]
    covariance = (
        ndimage.uniform_filter(products, (side, side, 0, 0)) - mean[..., :, None] * mean[..., None, :]
    )
    slope = np.linalg.solve(covariance + np.eye(3, dtype=np.float32) * 1e-4, joint[..., None])[..., 0]
    intercept = mean_alpha - np.einsum("hwc,hwc->hw", slope, mean)
    lines = ndimage.uniform_filter(np.dstack([slope, intercept]), (side, side, 0)).astype(np.float32)
    width_px, height_px = rgb.shape[1], rgb.shape[0]
    enlarged = np.dstack([_resized(lines[..., layer], (width_px, height_px)) for layer in range(4)])
    fitted = np.einsum("hwc,hwc->hw", enlarged[..., :3], rgb.astype(np.float32) / 255) + enlarged[..., 3]
    plain = _resized(alpha, (width_px, height_px))
    settled = (plain < 0.003) | (plain > 0.997)
    return np.asarray(np.where(settled, np.rint(plain), np.clip(fitted, 0, 1)), dtype=np.float32)


def _resized(layer: FloatArray, size_px: tuple[int, int]) -> FloatArray:
    image = Image.fromarray(np.ascontiguousarray(layer, dtype=np.float32))
    return np.asarray(image.resize(size_px, Image.Resampling.BILINEAR), dtype=np.float32)


def _blur_fusion(
    picture: FloatArray, colours: FloatArray, behind: FloatArray, alpha: FloatArray, side_px: int
) -> tuple[FloatArray, FloatArray]:
    size = (side_px, side_px, 0)
    weight = ndimage.uniform_filter(alpha, size)
    mean_colours = ndimage.uniform_filter(colours * alpha, size) / (weight + 1e-5)
    mean_behind = ndimage.uniform_filter(behind * (1 - alpha), size) / (1 - weight + 1e-5)
    unexplained = picture - alpha * mean_colours - (1 - alpha) * mean_behind
    return mean_colours + alpha * unexplained, mean_behind
