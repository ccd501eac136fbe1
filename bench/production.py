"""`python -m bench.production`: seconds and peak memory of one pack with 1, 2 and 4 placements of 12 by 16 inches.

Every case is a process of its own, from the original PNG bytes to the checked zip, on a dark garment (so with
underbase). The picture is the hard case: a photograph with noise, which no compression helps. `--runs N` repeats each
case; the table then shows the median and the 95th percentile.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PRINT_IN = (12.0, 16.0)
PLACEMENTS = ("front", "back", "sleeve_left", "sleeve_right")
CASES = (1, 2, 4)
_MB = 1024


def make_picture(path: Path) -> None:
    """A photograph-like PNG of 3600 by 4800 px with a soft outline; equal on every machine."""
    import numpy as np
    from PIL import Image

    width, height = (round(side * 300) for side in PRINT_IN)
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    noise = np.random.default_rng(8).integers(-6, 7, (height, width, 1), dtype=np.int16)
    waves = np.stack(
        [np.sin(3 * rows + 5 * columns), np.cos(4 * rows * columns), np.sin(2 * columns - rows)], axis=2
    )
    rgba = np.empty((height, width, 4), np.uint8)
    rgba[:, :, :3] = np.clip(128 + 100 * waves + noise, 0, 255)
    rgba[:, :, 3] = np.clip((1.0 - np.maximum(abs(rows), abs(columns)) ** 8) * 4000, 0, 255)
    Image.fromarray(rgba).save(path, compress_level=1)


def run_case(count: int, picture: Path) -> dict[str, Any]:
    """One pack in this process."""
    from dataclasses import replace

    from designs.geometry import Position
    from orders.production.assembly import Line, SourceArtwork, SourcePlacement, assemble
    from orders.production.pack_check import check_pack, may_be_released
    from orders.production.spec import PackSpec, ShipTo

    views = {name: replace(_view(), placement=name) for name in PLACEMENTS}  # type: ignore[arg-type]
    # 500 px is the larger side of an artwork as it appears on the stage: here 16 in of 25 px.
    artwork = SourceArtwork("photo.png", Position(0.0, 0.0, 0.8, 0.8), 0, picture.read_bytes)
    facts = PackSpec(
        order_number="BENCH-1", line_number=1, created="2026-01-05", sku="TEE-BLK-M", product="Classic Tee",
        colour_name="Black", colour_hex="#1b1b1d", size="M", quantity=1, method="dtg", method_name="Direct to Garment",
        placements=(), due="2026-01-12", ship_to=ShipTo("customer", "US", "CA"),
    )  # fmt: skip
    placements = [SourcePlacement(views[name], [artwork]) for name in PLACEMENTS[:count]]
    before = _peak_mb()
    started, busy = time.perf_counter(), time.process_time()
    packed = assemble(Line(facts, "tee", views, placements, 60_000_000))
    with packed.phase("check"):
        findings = check_pack(packed.data)
    seconds = time.perf_counter() - started
    sizes = [(p.width_px, p.height_px) for p in packed.spec.placements] if packed.spec else []
    return {
        "seconds": seconds,
        "cpu_s": time.process_time() - busy,
        "phases": packed.seconds,
        "imports_mb": before,
        "peak_mb": _peak_mb(),
        "zip_mb": len(packed.data) / 1e6,
        "pixels": sizes[0],
        "released": may_be_released(findings),
    }


def _view() -> Any:
    from designs.geometry import StageView

    return StageView(
        garment="tee", placement="front", stage_width_px=600, stage_height_px=600, image_left_px=0, image_top_px=0,
        image_width_px=600, image_height_px=600, area_left_px=0, area_top_px=0, pixels_per_inch=25.0,
        area_width_in=PRINT_IN[0], area_height_in=PRINT_IN[1], collar_offset_in=2.0, base_box_px=500, auto_crop=False,
        default_left_px=0, default_top_px=0,
    )  # fmt: skip


def _peak_mb() -> float:
    """The most memory that this program has held. `getrusage` would count what its parent held before the exec."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / _MB


def measure(count: int, picture: Path, runs: int) -> list[dict[str, Any]]:
    """The case in `runs` processes, one after the other."""
    command = [sys.executable, "-m", "bench.production", "--case", str(count), "--picture", str(picture)]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    results = []
    for _ in range(runs):
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        results.append(json.loads(done.stdout.splitlines()[-1]))
    return results


def main() -> None:
    from bench.shop import percentile

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--picture", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.picture and not given.case:
        make_picture(given.picture)
        return
    if given.case:
        print(json.dumps(run_case(given.case, given.picture)))
        return
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "photo.png"
        make_picture(picture)
        print(
            f"{os.cpu_count()} cores, {given.runs} runs; art of 12 x 16 in "
            f"from a PNG of {picture.stat().st_size // 10**6} MB"
        )
        print("placements  median s   p95 s   CPU s  peak RSS MB  above imports MB  zip MB")
        shares = io.StringIO()
        for count in CASES:
            results = measure(count, picture, given.runs)
            taken = sorted(result["seconds"] for result in results)
            last = results[-1]
            peak = max(result["peak_mb"] for result in results)
            print(
                f"{count:10d}  {taken[len(taken) // 2]:8.2f}  {percentile(taken, 95):6.2f}  "
                f"{min(result['cpu_s'] for result in results):6.2f}  {peak:11.0f}  "
                f"{peak - last['imports_mb']:16.0f}  {last['zip_mb']:6.1f}"
            )
            if not last["released"]:
                raise SystemExit("the pack would not have been released")
            parts = ", ".join(
                f"{name} {100 * seconds / last['seconds']:.0f} %"
                for name, seconds in sorted(last["phases"].items(), key=lambda item: -item[1])
            )
            shares.write(f"{count} placement{'s' if count > 1 else ''}: {parts}\n")
        print(shares.getvalue(), end="")


if __name__ == "__main__":
    main()
