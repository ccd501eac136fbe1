"""How small, how good, how fast: `python -m bench.compression [FOLDER]`.

Every photo of the folder (without one: photos made by script) is fitted inside 2000 x 2000 px by three sides in one
run: plain Pillow at quality 85, sharp at quality 85 with mozjpeg, and the shop's `display_picture`. SSIM is the
mean over red, green and blue, against a Lanczos reduction of the photo: of the luminance alone it would not see the
colours that an encoder gives up. Sizes are compared at the same SSIM: the shop's quality is lowered
or raised until its SSIM is just not below the other's. Times are the best of several rounds in which the sides take
turns, without reading files and start-up; CPU time counts all threads. The exit code is 1 where the shop is larger
than sharp or slower by more than noise.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage.metrics import structural_similarity

from bench.photos import made_photos, photos_in
from bench.sharp_process import Sharp, SharpUnavailable, sharp_process
from uploads.compression.encode import DISPLAY_SIDE_PX, JPEG_QUALITY, display_picture, jpeg

OUT = Path(__file__).resolve().parent.parent / "out" / "bench"
PILLOW, SHARP, SHOP = "pillow", "sharp", "shop"
# Two runs of one and the same program differ by as much on a machine that has other work to do.
TIME_NOISE = 1.05
_LOWEST_QUALITY, _HIGHEST_QUALITY = 60, 98


@dataclass(frozen=True)
class Result:
    """One side's file of one photo: bytes, likeness, and milliseconds per megapixel of the photo."""

    size_bytes: int
    ssim: float
    wall_ms_per_mp: float
    cpu_ms_per_mp: float


@dataclass(frozen=True)
class Row:
    """One photo. `at_same_ssim` is the shop's size divided by another side's, at a likeness not below it."""

    name: str
    original_bytes: int
    results: dict[str, Result]
    at_same_ssim: dict[str, float]

    def saved_percent(self, side: str) -> float:
        return 100 * (1 - self.results[side].size_bytes / self.original_bytes)


@dataclass
class Clock:
    """The best of the rounds so far, in milliseconds."""

    wall_ms: float = float("inf")
    cpu_ms: float = float("inf")

    def note(self, wall_ms: float, cpu_ms: float) -> None:
        self.wall_ms, self.cpu_ms = min(self.wall_ms, wall_ms), min(self.cpu_ms, cpu_ms)

    def time(self, work: Callable[[], bytes]) -> bytes:
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        result = work()
        self.note((time.perf_counter() - wall_s) * 1000, (time.process_time() - cpu_s) * 1000)
        return result


class Likeness:
    """SSIM to one photo. Sides may round a side's length differently, so the reference follows their size."""

    def __init__(self, data: bytes) -> None:
        self._photo = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        self._references: dict[tuple[int, int], NDArray[np.uint8]] = {}
        self.megapixels = self._photo.width * self._photo.height / 1e6

    def ssim(self, data: bytes) -> float:
        shown = Image.open(io.BytesIO(data)).convert("RGB")
        if shown.size not in self._references:
            reduced = self._photo.resize(shown.size, Image.Resampling.LANCZOS)
            self._references[shown.size] = np.asarray(reduced)
        reference = self._references[shown.size]
        return float(structural_similarity(reference, np.asarray(shown), data_range=255, channel_axis=2))


def pillow_jpeg(data: bytes) -> bytes:
    """What a plain Pillow program does: turn, reduce, save at quality 85."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    image.thumbnail((DISPLAY_SIDE_PX, DISPLAY_SIDE_PX), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


def smallest_as_good(data: bytes, likeness: Likeness, wanted_ssim: float) -> int:
    """Bytes of the shop's JPEG of the lowest quality whose SSIM is not below `wanted_ssim`, sought from its own on."""

    @cache
    def tried(quality: int) -> tuple[int, bool]:
        encoded = jpeg(data, quality=quality).data
        return len(encoded), likeness.ssim(encoded) >= wanted_ssim

    quality = JPEG_QUALITY
    while quality < _HIGHEST_QUALITY and not tried(quality)[1]:
        quality += 1
    while quality > _LOWEST_QUALITY and tried(quality - 1)[1]:
        quality -= 1
    return tried(quality)[0]


def measured(path: Path, sharp: Sharp | None, *, rounds: int, scratch: Path) -> Row:
    """One photo through all sides."""
    data = path.read_bytes()
    likeness = Likeness(data)
    clocks = {side: Clock() for side in (PILLOW, SHARP, SHOP)}
    files: dict[str, bytes] = {}
    for _ in range(rounds):
        files[PILLOW] = clocks[PILLOW].time(lambda: pillow_jpeg(data))
        if sharp is not None:
            run = sharp.compress(path, scratch, rounds=1)
            clocks[SHARP].note(run.wall_ms[0], run.cpu_ms[0])
            files[SHARP] = scratch.read_bytes()
        files[SHOP] = clocks[SHOP].time(lambda: display_picture(data).data)
    results = {
        side: Result(
            len(file),
            likeness.ssim(file),
            clocks[side].wall_ms / likeness.megapixels,
            clocks[side].cpu_ms / likeness.megapixels,
        )
        for side, file in files.items()
    }
    others = [side for side in results if side != SHOP]
    sizes = {side: smallest_as_good(data, likeness, results[side].ssim) for side in others}
    return Row(
        path.name, len(data), results, {side: sizes[side] / results[side].size_bytes for side in others}
    )


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def print_table(rows: Sequence[Row]) -> None:
    """A line per photo and side, then all photos together."""
    print(
        f"{'photo':<26}{'side':<8}{'bytes':>11}{'saved':>8}{'SSIM':>9}{'ms/MP':>8}{'CPU/MP':>8}"
        "   shop/side at same SSIM"
    )
    for row in rows:
        for number, (side, result) in enumerate(row.results.items()):
            ratio = f"{row.at_same_ssim[side]:.3f}" if side in row.at_same_ssim else ""
            print(
                f"{'' if number else row.name[:25]:<26}{side:<8}{result.size_bytes:>11,}"
                f"{row.saved_percent(side):>7.1f}%{result.ssim:>9.4f}{result.wall_ms_per_mp:>8.1f}"
                f"{result.cpu_ms_per_mp:>8.1f}   {ratio}".rstrip()
            )
    original_bytes = sum(row.original_bytes for row in rows)
    print()
    for number, side in enumerate(rows[0].results):
        results = [row.results[side] for row in rows]
        size_bytes = sum(result.size_bytes for result in results)
        print(
            f"{'' if number else 'all':<26}{side:<8}{size_bytes:>11,}{100 * (1 - size_bytes / original_bytes):>7.1f}%"
            f"{mean([r.ssim for r in results]):>9.4f}{mean([r.wall_ms_per_mp for r in results]):>8.1f}"
            f"{mean([r.cpu_ms_per_mp for r in results]):>8.1f}"
        )


@dataclass(frozen=True)
class Verdict:
    """The shop against one side: ratios below 1 are in the shop's favour."""

    size: float
    wall: float
    cpu: float

    @property
    def is_passed(self) -> bool:
        """At least as small at the same SSIM and, but for noise, at least as fast by either clock."""
        return self.size <= 1.0 and min(self.wall, self.cpu) <= TIME_NOISE


def verdict(rows: Sequence[Row], side: str) -> Verdict:
    def total(who: str, figure: str) -> float:
        return sum(float(getattr(row.results[who], figure)) for row in rows)

    return Verdict(
        size=mean([row.at_same_ssim[side] for row in rows]),
        wall=total(SHOP, "wall_ms_per_mp") / total(side, "wall_ms_per_mp"),
        cpu=total(SHOP, "cpu_ms_per_mp") / total(side, "cpu_ms_per_mp"),
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.compression", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="photos; without it, photos made by script")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without-sharp", action="store_true")
    options = parser.parse_args(arguments)
    OUT.mkdir(parents=True, exist_ok=True)
    paths = photos_in(options.folder) if options.folder else made_photos(OUT / "photos")
    if not paths:
        print(f"no pictures in {options.folder}", file=sys.stderr)
        return 2
    try:
        with ExitStack() as stack:
            sharp = None if options.without_sharp else stack.enter_context(sharp_process(OUT / "sharp"))
            rows = [
                measured(path, sharp, rounds=options.rounds, scratch=OUT / "scratch.jpg") for path in paths
            ]
    except SharpUnavailable as problem:
        print(problem, file=sys.stderr)
        return 2
    print_table(rows)
    print()
    verdicts = {side: verdict(rows, side) for side in rows[0].at_same_ssim}
    for side, found in verdicts.items():
        print(
            f"shop / {side:<8}{found.size:.3f} of the bytes at the same SSIM, "
            f"{found.wall:.2f} of the time, {found.cpu:.2f} of the CPU time"
        )
    return int(SHARP in verdicts and not verdicts[SHARP].is_passed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
