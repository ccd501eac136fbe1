"""Relief and light for drawn cloth: outlines, creases, clouds of noise, and the shading they receive.  [pure]

Everything here is geometry and seeded noise. Points are (x, y) in pixels, y down; images are float32 (H, W).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import cKDTree

FloatImage = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
Shape = tuple[int, int]


@dataclass(frozen=True)
class Crease:
    """One fold of cloth: a ridge along a curve, steep on one side and gentle on the other.

    `left_px` and `right_px` are the widths of the two slopes, seen along the direction of travel. `peak` is
    where along the curve (0 to 1) the ridge is highest; it fades to nothing at both ends.
    """

    points: tuple[tuple[float, float], ...]
    height_px: float
    left_px: float
    right_px: float
    peak: float = 0.5

    def scaled(self, scale: float) -> "Crease":
        """The same fold on a canvas that is `scale` times as large."""
        points = tuple((x * scale, y * scale) for x, y in self.points)
        return Crease(points, self.height_px * scale, self.left_px * scale, self.right_px * scale, self.peak)

    def mirrored(self, width_px: float) -> "Crease":
        """The same fold on the other side of a canvas `width_px` wide; its slopes change sides with it."""
        points = tuple((width_px - x, y) for x, y in self.points)
        return Crease(points, self.height_px, self.right_px, self.left_px, self.peak)


def spline(points: Sequence[tuple[float, float]], *, closed: bool = False, steps: int = 24) -> Points:
    """A smooth curve through the points (centripetal-like Catmull-Rom), `steps` samples for each span.

    Repeat a point to make a corner there.
    """
    knots = np.asarray(points, dtype=np.float64)
    before, after = (knots[-1:], knots[:2]) if closed else (knots[:1], knots[-1:])
    padded = np.vstack([before, knots, after])
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[:, None]
    spans = []
    for previous, start, end, following in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        if np.array_equal(start, end):
            continue
        leave = np.zeros(2) if np.array_equal(previous, start) else (end - previous) / 2
        arrive = np.zeros(2) if np.array_equal(following, end) else (following - start) / 2
        spans.append(
            (2 * t**3 - 3 * t**2 + 1) * start
            + (t**3 - 2 * t**2 + t) * leave
            + (3 * t**2 - 2 * t**3) * end
            + (t**3 - t**2) * arrive
        )
    curve = np.vstack(spans)
    return curve if closed else np.vstack([curve, knots[-1]])


def filled(outline: Points, shape: Shape, *, supersample: int = 3) -> FloatImage:
    """Coverage 0 to 1 of the closed outline on a canvas of (height, width), with smooth edges."""
    height_px, width_px = shape
    canvas = Image.new("L", (width_px * supersample, height_px * supersample), 0)
    corners = (outline + 0.5) * supersample
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in corners], fill=255)
    small = canvas.resize((width_px, height_px), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def stroked(curve: Points, width_px: float, shape: Shape, *, supersample: int = 2) -> FloatImage:
    """Coverage 0 to 1 of a line of the given width along the curve."""
    height_px, width_of_canvas_px = shape
    canvas = Image.new("L", (width_of_canvas_px * supersample, height_px * supersample), 0)
    path = [(float(x), float(y)) for x, y in (curve + 0.5) * supersample]
    ImageDraw.Draw(canvas).line(path, fill=255, width=max(1, round(width_px * supersample)), joint="curve")
    small = canvas.resize((width_of_canvas_px, height_px), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def blurred(image: FloatImage, sigma_px: float | tuple[float, float]) -> FloatImage:
    """Gaussian blur; a pair is (down, across)."""
    result: FloatImage = ndimage.gaussian_filter(image, sigma_px, mode="nearest")
    return result


def resampled(image: FloatImage, shape: Shape) -> FloatImage:
    """The image at another size, bicubic."""
    height_px, width_px = shape
    picture = Image.fromarray(image.astype(np.float32))
    return np.asarray(picture.resize((width_px, height_px), Image.Resampling.BICUBIC), dtype=np.float32)


def cloud(shape: Shape, cell_px: tuple[float, float], generator: np.random.Generator) -> FloatImage:
    """Smooth noise with mean near 0 and deviation near 1, in cells of (height, width) pixels."""
    rows = max(4, round(shape[0] / cell_px[0]) + 3)
    columns = max(4, round(shape[1] / cell_px[1]) + 3)
    coarse = generator.standard_normal((rows, columns)).astype(np.float32)
    field = resampled(coarse, shape)
    noise: FloatImage = ((field - field.mean()) / (field.std() + 1e-6)).astype(np.float32)
    return noise


def inflated(mask: FloatImage, radius_px: float) -> FloatImage:
    """Height of a cushion over the mask: a quarter circle of `radius_px` at the rim, flat further in."""
    distance_px = ndimage.distance_transform_edt(mask > 0.5)
    inside = np.clip(distance_px / radius_px, 0, 1)
    dome = radius_px * np.sqrt(1 - (1 - inside) ** 2)
    return blurred(dome.astype(np.float32), max(radius_px / 7, 2.0))


def crease_relief(creases: Sequence[Crease], shape: Shape) -> FloatImage:
    """The heights of all creases together, in pixels."""
    relief = np.zeros(shape, dtype=np.float32)
    for crease in creases:
        curve = spline(crease.points, steps=40)
        reach_px = 2.6 * max(crease.left_px, crease.right_px)
        left, top = np.maximum(np.floor(curve.min(axis=0) - reach_px).astype(int), 0)
        right, bottom = np.ceil(curve.max(axis=0) + reach_px).astype(int)
        rows, columns = np.mgrid[top : min(bottom, shape[0]), left : min(right, shape[1])]
        if rows.size == 0:
            continue
        pixels = np.column_stack([columns.ravel(), rows.ravel()]).astype(np.float64)
        to_sample_px, nearest = cKDTree(curve).query(pixels)
        tangents = np.gradient(curve, axis=0)
        step_px = np.linalg.norm(tangents, axis=1)
        tangent = (tangents / step_px[:, None])[nearest]
        offset = pixels - curve[nearest]
        side = tangent[:, 0] * offset[:, 1] - tangent[:, 1] * offset[:, 0]
        ahead_px = (tangent * offset).sum(axis=1)
        # Between two samples the distance is to the tangent: to the samples alone it would show as a ladder.
        beyond = np.abs(ahead_px) > step_px[nearest]
        distance_px = np.where(beyond, to_sample_px, np.abs(side))
        leftness = 1 / (1 + np.exp(side / (0.15 * reach_px)))
        slope_px = crease.right_px + (crease.left_px - crease.right_px) * leftness
        travelled_px = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
        along = (travelled_px[nearest] + np.where(beyond, 0, ahead_px)) / travelled_px[-1]
        rise = np.where(along < crease.peak, along / crease.peak, (1 - along) / (1 - crease.peak))
        taper = np.sin(np.pi / 2 * np.clip(rise, 0, 1)) ** 1.5
        heights = crease.height_px * taper * np.exp(-((distance_px / slope_px) ** 2))
        covered = (slice(top, rows[-1, 0] + 1), slice(left, columns[0, -1] + 1))
        relief[covered] += heights.reshape(rows.shape).astype(np.float32)
    return relief


def wrinkles(
    generator: np.random.Generator,
    count: int,
    box: tuple[float, float, float, float],
    height_px: float,
    *,
    lean_rad: float,
) -> list[Crease]:
    """Shallow creases strewn over the box (left, top, right, bottom), without which cloth looks like plastic.

    In the left half they fall to the right at `lean_rad` below the horizontal, in the right half to the left.
    """
    left, top, right, bottom = box
    found = []
    for _ in range(count):
        x, y = generator.uniform(left, right), generator.uniform(top, bottom)
        lean = lean_rad if x < (left + right) / 2 else np.pi - lean_rad
        angle = generator.normal(lean, 0.4)
        half_length = generator.uniform(0.08, 0.2) * (bottom - top)
        bend = generator.normal(0, 0.25) * half_length
        across, down = np.cos(angle), np.sin(angle)
        path = (
            (x - across * half_length, y - down * half_length),
            (x - down * bend, y + across * bend),
            (x + across * half_length, y + down * half_length),
        )
        widths = generator.uniform(9, 22, 2)
        found.append(Crease(path, height_px * generator.uniform(0.4, 1.0), widths[0], widths[1]))
    return found


def lit(height: FloatImage, light: tuple[float, float, float], *, wrap: float = 0.25) -> FloatImage:
    """Lambert shading 0 to 1 of a height field in pixels.

    `light` points from the surface to the lamp (x right, y down, z to the viewer). `wrap` lets the light
    reach a little around the edge, as a large soft window does.
    """
    down, across = np.gradient(height)
    towards = np.asarray(light, dtype=np.float64) / np.linalg.norm(light)
    facing = (-across * towards[0] - down * towards[1] + towards[2]) / np.sqrt(across**2 + down**2 + 1)
    shading: FloatImage = np.clip((facing + wrap) / (1 + wrap), 0, 1).astype(np.float32)
    return shading
