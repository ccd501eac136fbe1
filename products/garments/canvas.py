"""A sheet on which a garment is laid panel by panel, with shadows, ribs and stitches.  [pure]

Outlines and lengths are given in the storefront's stage pixels; the sheet is 2400 px wide. Edges are drawn at
full size, heights are worked out at half size.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from products.garments.relief import (
    Crease,
    FloatImage,
    Points,
    Shape,
    blurred,
    cloud,
    crease_relief,
    filled,
    inflated,
    lit,
    resampled,
    spline,
)

SHEET_WIDTH_PX = 2400
LIGHT_FROM_UPPER_LEFT = (-0.46, -0.6, 0.78)
SHADE_LEVELS = 48

Outline = Sequence[tuple[float, float]]


def mirrored(outline: Outline, stage_width_px: float) -> list[tuple[float, float]]:
    """The outline on the other side of the stage, walked the other way round."""
    return [(stage_width_px - x, y) for x, y in reversed(outline)]


class Sheet:
    """The garment so far: `light` (1 is cloth that faces the viewer) and `shape` (coverage 0 to 1)."""

    def __init__(self, stage_width_px: float, stage_height_px: float, seed: int) -> None:
        self.scale = SHEET_WIDTH_PX / stage_width_px
        self.shape_px: Shape = (round(stage_height_px * self.scale), SHEET_WIDTH_PX)
        self.half_px: Shape = (self.shape_px[0] // 2, SHEET_WIDTH_PX // 2)
        self.light: FloatImage = np.zeros(self.shape_px, np.float32)
        self.shape: FloatImage = np.zeros(self.shape_px, np.float32)
        self.generator = np.random.default_rng(seed)

    def curve(self, outline: Outline, *, closed: bool = False) -> Points:
        """A smooth curve through stage points, in sheet pixels."""
        return spline([(x * self.scale, y * self.scale) for x, y in outline], closed=closed)

    def mask(self, outline: Outline) -> FloatImage:
        """Coverage of the closed smooth outline."""
        return filled(self.curve(outline, closed=True), self.shape_px)

    def folds(self, creases: Sequence[Crease], *, slack: float) -> FloatImage:
        """Heights of the creases and of slack cloth between them, at half size; `slack` in stage pixels."""
        half_scale = self.scale / 2
        relief = crease_relief([crease.scaled(half_scale) for crease in creases], self.half_px)
        cell_px = 46 * half_scale
        loose = cloud(self.half_px, (cell_px * 1.7, cell_px), self.generator)
        loose = loose + 0.3 * cloud(self.half_px, (cell_px * 0.6, cell_px * 0.4), self.generator)
        return blurred(relief, 0.7 * half_scale) + np.float32(slack * half_scale) * loose

    def shaded(self, mask: FloatImage, roundness_px: float, folds: FloatImage) -> FloatImage:
        """Light on a panel with folds that is rounded at the rim of `mask` over `roundness_px` stage pixels.

        Where the panel ends flat, as at a hem, pass a mask that goes on beyond it.
        """
        half_scale = self.scale / 2
        cushion = inflated(resampled(mask, self.half_px), roundness_px * half_scale) * np.float32(0.5)
        height = cushion + folds
        facing = LIGHT_FROM_UPPER_LEFT[2] / float(np.linalg.norm(LIGHT_FROM_UPPER_LEFT))
        level = (facing + 0.35) / 1.35
        light = lit(height, LIGHT_FROM_UPPER_LEFT, wrap=0.35) / np.float32(level)
        hollow = blurred(height, 3 * half_scale) - height
        light = light * (1 - np.clip(hollow / (1.6 * half_scale), -0.06, 0.22))
        return resampled(light.astype(np.float32), self.shape_px)

    def lay(self, mask: FloatImage, light: FloatImage, *, shadow: float = 0.0, reach_px: float = 5.0) -> None:
        """Put a panel on top; what lies below is darkened beside it by at most `shadow`."""
        if shadow:
            self.shade_beside(mask, shadow, reach_px)
        self.light = self.light * (1 - mask) + light * mask
        self.shape = np.maximum(self.shape, mask)

    def shade_beside(self, mask: FloatImage, shadow: float, reach_px: float) -> None:
        """Darken everything drawn so far near the mask, more so to its lower right."""
        sigma_px = reach_px * self.scale
        small = blurred(resampled(mask, self.half_px), sigma_px / 2)
        moved = ndimage.shift(small, (sigma_px / 5, sigma_px / 7), order=1, mode="nearest")
        self.light = self.light * (1 - np.float32(shadow) * resampled(moved, self.shape_px))

    def seam(
        self, outline: Outline, *, width_px: float = 1.1, depth: float = 0.3, within: FloatImage | None = None
    ) -> None:
        """A sewn seam: a soft groove with a lit lip below it."""
        curve = self.curve(outline)
        groove = blurred(self._line(curve, width_px * self.scale), 0.45 * self.scale)
        lip = blurred(self._line(curve + 1.5 * self.scale, width_px * self.scale), 0.7 * self.scale)
        change = np.float32(depth) * groove - np.float32(depth * 0.35) * lip
        self.light = self.light * (1 - (change if within is None else change * within))

    def stitches(self, outline: Outline, *, depth: float = 0.2, within: FloatImage | None = None) -> None:
        """A row of machine stitches, about 11 to the inch."""
        curve = self.curve(outline)
        steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
        places = np.arange(0, steps[-1], 2.4 * self.scale)
        canvas = Image.new("L", (self.shape_px[1], self.shape_px[0]), 0)
        draw = ImageDraw.Draw(canvas)
        for start in places:
            ends = [start, start + 1.55 * self.scale]
            x, y = np.interp(ends, steps, curve[:, 0]), np.interp(ends, steps, curve[:, 1])
            draw.line([(x[0], y[0]), (x[1], y[1])], fill=255, width=round(0.55 * self.scale))
        thread = blurred(np.asarray(canvas, np.float32) / np.float32(255), 0.14 * self.scale)
        track = blurred(self._line(curve, 1.1 * self.scale), 0.5 * self.scale)
        change = np.float32(depth) * (0.75 * thread + 0.55 * track)
        self.light = self.light * (1 - (change if within is None else change * within))

    def rib(
        self,
        upper: Outline,
        lower: Outline,
        *,
        spacing_px: float,
        folds: FloatImage,
        shadow: float = 0.25,
        brightness: float = 1.0,
    ) -> None:
        """A knitted band between two curves that run the same way, with ribs across it."""
        first, second = self.curve(upper), self.curve(lower)
        mask = filled(np.vstack([first, second[::-1]]), self.shape_px)
        length_px = float(np.linalg.norm(np.diff(second, axis=0), axis=1).sum())
        count = max(8, round(length_px / (spacing_px * self.scale)))
        canvas = Image.new("L", (self.shape_px[1], self.shape_px[0]), 0)
        draw = ImageDraw.Draw(canvas)
        for start, end in zip(_evenly(first, count), _evenly(second, count), strict=True):
            draw.line(
                [*map(float, start), *map(float, end)],
                fill=255,
                width=max(1, round(0.36 * spacing_px * self.scale)),
            )
        grooves = blurred(np.asarray(canvas, np.float32) / np.float32(255), 0.2 * spacing_px * self.scale)
        thickness_px = (
            float(np.median(np.linalg.norm(_evenly(first, 40) - _evenly(second, 40), axis=1))) / self.scale
        )
        level = np.float32(brightness) * (np.float32(1.03) - np.float32(0.16) * grooves)
        light = self.shaded(mask, thickness_px * 0.45, folds * np.float32(0.4)) * level
        self.lay(mask, light, shadow=shadow, reach_px=2.6)

    def cord(self, path: Outline, *, width_px: float, shadow: float, twist: bool = True) -> None:
        """A round cord along the path, braided where `twist` is set."""
        curve = self.curve(path)
        body = blurred(self._line(curve, width_px * self.scale), 0.2 * self.scale)
        core = blurred(
            self._line(curve - 0.16 * width_px * self.scale, 0.4 * width_px * self.scale), 0.7 * self.scale
        )
        light = (0.74 + 0.5 * core).astype(np.float32)
        if twist:
            rows, columns = np.mgrid[0 : self.shape_px[0], 0 : self.shape_px[1]].astype(np.float32)
            light = light * (1 + 0.07 * np.sin((rows * 2 + columns) / self.scale * 1.9))
        self.lay(body, light.astype(np.float32), shadow=shadow, reach_px=2.2)

    def _line(self, curve: Points, width_px: float) -> FloatImage:
        canvas = Image.new("L", (self.shape_px[1], self.shape_px[0]), 0)
        path = [(float(x), float(y)) for x, y in curve]
        ImageDraw.Draw(canvas).line(path, fill=255, width=max(1, round(width_px)), joint="curve")
        return np.asarray(canvas, dtype=np.float32) / np.float32(255)

    def picture(self, *, grain: float) -> Image.Image:
        """The finished base: mode "LA", light as L (level 200 is 1.0) and shape as A.

        The light is rounded to about 48 levels, with the grain of the knit as dither: the file stays below
        1 MB and no step can be seen.
        """
        noise = self.generator.standard_normal(self.shape_px).astype(np.float32)
        knit = blurred(noise, (1.7, 1.0))
        # Cloth turns away at its outline: without this rim a white garment has no edge on a white page.
        rim = np.clip(2 - 2 * blurred(self.shape, 1.6 * self.scale), 0, 1)
        light = self.light * (1 - np.float32(0.27) * rim) * (1 + np.float32(grain) * knit / knit.std())
        step = 256 / SHADE_LEVELS
        levels = np.clip(np.rint(light * 200 / step) * step, 0, 255)
        levels[self.shape <= 0] = 0
        shade = Image.fromarray(levels.astype(np.uint8), "L")
        shape = Image.fromarray(np.rint(np.clip(self.shape, 0, 1) * 255).astype(np.uint8), "L")
        return Image.merge("LA", (shade, shape))


def _evenly(curve: Points, count: int) -> Points:
    steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    places = np.linspace(0, steps[-1], count)
    return np.column_stack([np.interp(places, steps, curve[:, 0]), np.interp(places, steps, curve[:, 1])])
