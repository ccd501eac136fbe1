"""`python -m bench.cutouts FOLDER`: how good the cut-outs are, beside plain rembg with the same weights.

FOLDER holds labelled pictures (manifest.json: name, image, gt, kind). The bench adds pictures that it makes itself, so
that nothing is tuned to single files; `--made 0` leaves them out. Wanted is each picture's subject without its
background; of the made garments that are called prints, the print alone.

TEE: mean difference (0..255) of the cut-out on a black, a white and a red tee from the true one there, worst of three.
MAE: of alpha, x 1000. IoU at one half. BF: F-measure of the outline at 2 px. halo: colour error in the edge band
(levels). holes: share of the true holes that are open. A contact sheet goes to out/cutouts.png.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("NUMBA_DISABLE_JIT", "1")  # rembg's first import compiles for half a minute otherwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import stats

from bench.cutout_compositions import composed_photos, marked
from bench.cutout_pictures import Labelled, made_pictures
from bench.cutout_ranking import ranking
from uploads.cutout.artwork import CutoutFailed, extract_artwork
from uploads.cutout.backends.networks import OnnxNetwork
from uploads.cutout.backends.rembg import RembgBackend
from uploads.cutout.remover import whole_picture
from uploads.cutout.weights import DEFAULT_MODEL

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]

TEES = ((0, 0, 0), (255, 255, 255), (200, 30, 40))
BAD_TEE = 4.0
_TILE_PX = 220


@dataclass(frozen=True)
class Measures:
    tee: float
    mae: float
    iou: float
    boundary_f: float
    halo: float
    holes: float


@dataclass(frozen=True)
class Row:
    picture: Labelled
    method: str
    score: float
    seconds: float
    ours: Measures
    plain: Measures
    components: dict[str, float]


def labelled(folder: Path) -> Iterable[Labelled]:
    """Return the labelled pictures of a folder."""
    for entry in json.loads((folder / "manifest.json").read_text()):
        rgb = np.asarray(Image.open(folder / entry["image"]).convert("RGB"), dtype=np.uint8)
        truth = np.asarray(Image.open(folder / entry["gt"]).convert("RGBA"), dtype=np.uint8)
        yield Labelled(entry["name"], entry["kind"], rgb, truth)


def on_tee(rgba: ByteArray, tee: tuple[int, int, int]) -> FloatArray:
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return np.asarray(rgba[..., :3] * alpha + np.asarray(tee, np.float32) * (1 - alpha), dtype=np.float32)


def measure(found: ByteArray, truth: ByteArray) -> Measures:
    """Return every measure of a cut-out; both are uint8 (H, W, 4), straight alpha."""
    tee = max(float(np.abs(on_tee(found, colour) - on_tee(truth, colour)).mean()) for colour in TEES)
    alpha, true_alpha = found[..., 3] / np.float32(255), truth[..., 3] / np.float32(255)
    inside, true_inside = alpha > 0.5, true_alpha > 0.5
    union = np.count_nonzero(inside | true_inside)
    iou = np.count_nonzero(inside & true_inside) / union if union else 1.0
    band = (
        cv2.dilate(((true_alpha > 0.02) & (true_alpha < 0.98)).astype(np.uint8), np.ones((3, 3), np.uint8))
        > 0
    )
    band &= (alpha > 0.1) & (true_alpha > 0.1)
    difference = np.abs(found[..., :3].astype(np.float32) - truth[..., :3]).mean(axis=2)
    halo = float(difference[band].mean()) if band.any() else 0.0
    return Measures(
        tee,
        float(np.abs(alpha - true_alpha).mean()) * 1000,
        iou,
        boundary_f(inside, true_inside),
        halo,
        holes_open(alpha, true_alpha),
    )


def boundary_f(inside: NDArray[np.bool_], true_inside: NDArray[np.bool_], reach_px: int = 2) -> float:
    """Return the F-measure of two outlines that may lie `reach_px` apart."""
    kernel = np.ones((3, 3), np.uint8)
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach_px + 1, 2 * reach_px + 1))
    edges = [
        mask.astype(np.uint8) - cv2.erode(mask.astype(np.uint8), kernel) for mask in (inside, true_inside)
    ]
    if not edges[0].any() or not edges[1].any():
        return 0.0
    precision = float(cv2.dilate(edges[1], window)[edges[0] > 0].mean())
    recall = float(cv2.dilate(edges[0], window)[edges[1] > 0].mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def holes_open(alpha: FloatArray, true_alpha: FloatArray) -> float:
    """Return the share of the true artwork's holes that are clear in the cut-out; nan when it has none."""
    clear = cv2.copyMakeBorder((true_alpha < 0.1).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    count, labels, areas, _ = cv2.connectedComponentsWithStats(clear, connectivity=4)
    labels = labels[1:-1, 1:-1]
    sums = np.bincount(labels.ravel(), alpha.ravel(), minlength=count)
    pixels = np.bincount(labels.ravel(), minlength=count)
    outside = int(labels[0, 0]) if true_alpha[0, 0] < 0.1 else -1
    kept = [
        sums[label] / pixels[label] < 0.3
        for label in range(1, count)
        if label != outside and pixels[label] >= 12
    ]
    return float(np.mean(kept)) if kept else float("nan")


def run(
    pictures: Iterable[Labelled], backend: RembgBackend, rembg_session: Any, sheet: list[ByteArray]
) -> list[Row]:
    import rembg

    rows = []
    for picture in pictures:
        started = time.perf_counter()
        try:
            cutout = extract_artwork(picture.rgb, backend.mask, lambda step: None, subject=picture.subject)
            found, method, score = (
                whole_picture(cutout, *picture.rgb.shape[:2]),
                cutout.route,
                cutout.confidence,
            )
            components = cutout.components
        except CutoutFailed as failure:
            found = np.zeros((*picture.rgb.shape[:2], 4), dtype=np.uint8)
            method, score, components = failure.code, 0.0, {}
        seconds = time.perf_counter() - started
        plain = np.asarray(rembg.remove(Image.fromarray(picture.rgb), session=rembg_session), dtype=np.uint8)
        row = Row(
            picture,
            method,
            score,
            seconds,
            measure(found, picture.truth),
            measure(plain, picture.truth),
            components,
        )
        rows.append(row)
        print(_line(row), flush=True)
        sheet.append(_strip(row, found))
    return rows


def _line(row: Row) -> str:
    ours = row.ours
    return (
        f"{row.picture.name:<38}{row.picture.kind:<20}{row.method:<22}{ours.tee:7.2f}{row.plain.tee:8.2f}"
        f"{ours.mae:8.1f}{ours.iou:7.3f}{ours.boundary_f:6.2f}{ours.halo:7.1f}{ours.holes:7.2f}{row.score:7.2f}"
        f"{row.seconds * 1000:7.0f}"
    )


def _strip(row: Row, found: ByteArray) -> ByteArray:
    """Return the source and the result on white, black and red, side by side, named."""
    tiles = [row.picture.rgb.astype(np.float32)]
    tiles += [on_tee(found, colour) for colour in (TEES[1], TEES[0], TEES[2])]
    height_px, width_px = found.shape[:2]
    scale = _TILE_PX / max(height_px, width_px)
    size = (round(width_px * scale), round(height_px * scale))
    strip = np.full((_TILE_PX + 16, 4 * _TILE_PX, 3), 128, dtype=np.uint8)
    for place, tile in enumerate(tiles):
        small = cv2.resize(tile, size, interpolation=cv2.INTER_AREA)
        strip[16 : 16 + size[1], place * _TILE_PX : place * _TILE_PX + size[0]] = np.rint(small)
    text = f"{row.picture.name}  TEE {row.ours.tee:.2f} (rembg {row.plain.tee:.2f})  score {row.score:.2f}"
    cv2.putText(strip, text, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return strip


def auc(scores: FloatArray, bad: NDArray[np.bool_]) -> float:
    """Return how often a bad cut-out scores below a good one (ties count half); nan without both kinds."""
    if not bad.any() or bad.all():
        return float("nan")
    difference = scores[~bad][:, None] - scores[bad][None]
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


def summary(rows: list[Row], title: str) -> dict[str, Any]:
    tee = np.array([row.ours.tee for row in rows])
    plain = np.array([row.plain.tee for row in rows])
    score = np.array([row.score for row in rows])
    holes = np.array([row.ours.holes for row in rows])
    rank = (
        float(stats.spearmanr(score, -tee).statistic) if len(rows) > 2 and np.ptp(score) > 0 else float("nan")
    )
    figures: dict[str, Any] = {
        "pictures": len(rows),
        "tee_mean": float(tee.mean()),
        "tee_median": float(np.median(tee)),
        "tee_p90": float(np.percentile(tee, 90)),
        "plain_tee_mean": float(plain.mean()),
        "ratio_to_plain": float(tee.mean() / plain.mean()),
        "mae_mean": float(np.mean([row.ours.mae for row in rows])),
        "iou_mean": float(np.mean([row.ours.iou for row in rows])),
        "boundary_f_mean": float(np.mean([row.ours.boundary_f for row in rows])),
        "halo_mean": float(np.mean([row.ours.halo for row in rows])),
        "holes_open": float(np.nanmean(holes)) if np.isfinite(holes).any() else float("nan"),
        "spearman": rank,
        "auc_tee_4": auc(score.astype(np.float32), tee > BAD_TEE),
        "bad": int((tee > BAD_TEE).sum()),
    }
    print(
        f"{title:<34}{len(rows):>4}{figures['tee_mean']:8.2f}{figures['tee_median']:8.2f}{figures['tee_p90']:8.2f}"
        f"{figures['plain_tee_mean']:9.2f}{figures['ratio_to_plain']:8.3f}{figures['mae_mean']:8.1f}"
        f"{figures['iou_mean']:7.3f}{figures['boundary_f_mean']:6.2f}{figures['halo_mean']:7.1f}"
        f"{figures['holes_open']:7.2f}{rank:7.2f}{figures['auc_tee_4']:7.2f}{figures['bad']:5d}"
    )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--made", type=int, default=10, help="pictures to make per kind (three times as many flat)"
    )
    parser.add_argument(
        "--photos", type=Path, help="photos to lay the folder's objects over: composed photos"
    )
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--home", type=Path, default=Path("var/models"), help="where the weights are put")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    backend = RembgBackend(home=options.home)
    backend.load()
    plain = OnnxNetwork(DEFAULT_MODEL, options.home, 1).session
    print(
        f"{'picture':<38}{'kind':<20}{'route':<22}{'TEE':>7}{'rembg':>8}{'MAE':>8}{'IoU':>7}{'BF':>6}{'halo':>7}"
        f"{'holes':>7}{'score':>7}{'ms':>7}"
    )
    sheet: list[ByteArray] = []
    given = run(labelled(options.folder), backend, plain, sheet)
    _save(sheet, options.out / "cutouts.png")
    made_sheet: list[ByteArray] = []
    made = run(made_pictures(options.made), backend, plain, made_sheet) if options.made else []
    composed: list[Row] = []
    if options.photos:
        composed = run(composed_photos(labelled(options.folder), options.photos), backend, plain, made_sheet)
        _print_marked(
            composed, run(map(marked, (row.picture for row in composed)), backend, plain, made_sheet)
        )
    if made_sheet:
        _save(made_sheet, options.out / "cutouts-made.png")
    print(
        f"\n{'class':<34}{'n':>4}{'TEE':>8}{'median':>8}{'p90':>8}{'rembg':>9}{'ratio':>8}{'MAE':>8}{'IoU':>7}{'BF':>6}"
        f"{'halo':>7}{'holes':>7}{'rank':>7}{'AUC':>7}{'bad':>5}"
    )
    figures = {}
    for source, rows in (("labelled", given), ("made", made), ("composed", composed)):
        for kind in dict.fromkeys(row.picture.kind for row in rows):
            name = f"{source} {kind}"
            figures[name] = summary([row for row in rows if row.picture.kind == kind], name)
        if rows:
            figures[source] = summary(rows, f"{source}, all")
    figures["together"] = summary(given + made, "together")
    photos = [row.picture for row in given + made + composed if row.picture.kind == "photo"]
    ranks = ranking(photos, lambda found, truth: measure(found, truth).tee) if photos else {}
    for name, (rank, first) in ranks.items():
        print(
            f"simulated paid cut-outs, {name}: rank correlation {rank:.2f}, the exact one first {first:.2f}"
        )
    details = [
        {"name": row.picture.name, "kind": row.picture.kind, "route": row.method, "score": row.score}
        | {
            "seconds": row.seconds,
            "ours": vars(row.ours),
            "plain": vars(row.plain),
            "components": row.components,
        }
        for row in given + made + composed
    ]
    report = options.out / "cutouts.json"
    report.write_text(json.dumps({"figures": figures, "pictures": details}, indent=1))
    print(f"contact sheet: {options.out / 'cutouts.png'}; figures: {report}")


def _print_marked(whole: list[Row], parts: list[Row]) -> None:
    """Print what marking the subject gains. What lies outside of the mark is clear, so that it adds no error."""
    sizes = [
        part.picture.rgb[..., 0].size / row.picture.rgb[..., 0].size
        for row, part in zip(whole, parts, strict=True)
    ]
    before = np.array([row.ours.tee for row in whole])
    after = np.array([part.ours.tee * size for part, size in zip(parts, sizes, strict=True)])
    print(
        f"\nmarked by staff: TEE {after.mean():.2f}, median {np.median(after):.2f}; "
        f"not marked: {before.mean():.2f}, median {np.median(before):.2f}"
    )


def _save(strips: list[ByteArray], path: Path) -> None:
    columns = 2 if len(strips) > 1 else 1
    if len(strips) % columns:
        strips = [*strips, np.full_like(strips[0], 128)]
    rows = [np.hstack(strips[place : place + columns]) for place in range(0, len(strips), columns)]
    Image.fromarray(np.vstack(rows)).save(path)


if __name__ == "__main__":
    sys.exit(main())
