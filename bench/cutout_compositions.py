"""Photos with an exact truth for the cut-out bench: labelled objects over photographs with subjects of their own."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.cutout_pictures import Labelled
from bench.photos import photos_in

_SIDE_PX = 1024
_PER_OBJECT = 3
# Lettering, dots and neon are not what one photographs in front of something.
_LEAST_SOLID_SHARE = 0.35
# How far from the subject a hasty hand draws its box (share of the subject's long side).
_MARK_MARGIN = 0.07


def composed_photos(objects: Iterable[Labelled], folder: Path, seed: int = 5) -> Iterator[Labelled]:
    """Return every compact object over three of the folder's photos, the same for the same seed."""
    random = np.random.default_rng(seed)
    grounds = photos_in(folder)
    solid = [picture for picture in objects if _solid_share(picture.truth) > _LEAST_SOLID_SHARE]
    for place, picture in enumerate(solid):
        for number in range(_PER_OBJECT):
            path = grounds[(place * _PER_OBJECT + number) % len(grounds)]
            rgb, truth = _laid_over(picture.truth, _ground(path, random), random)
            yield Labelled(f"{picture.name}_on_{path.stem}", "photo", rgb, truth)


def marked(picture: Labelled) -> Labelled:
    """Return the part of the picture that staff would mark: its subject and some of what is around it."""
    left, top, width, height = cv2.boundingRect((picture.truth[..., 3] > 8).astype(np.uint8))
    margin_px = round(_MARK_MARGIN * max(width, height))
    rows = slice(max(0, top - margin_px), top + height + margin_px)
    columns = slice(max(0, left - margin_px), left + width + margin_px)
    rgb, truth = (np.ascontiguousarray(layer[rows, columns]) for layer in (picture.rgb, picture.truth))
    return Labelled(f"{picture.name}, marked", picture.kind, rgb, truth)


def _solid_share(truth: NDArray[np.uint8]) -> float:
    left, top, width, height = cv2.boundingRect((truth[..., 3] > 8).astype(np.uint8))
    return float(np.mean(truth[top : top + height, left : left + width, 3] > 250)) if width else 0.0


def _ground(path: Path, random: np.random.Generator) -> NDArray[np.float32]:
    """Return a square part of a photo, in focus or not."""
    photo = np.asarray(Image.open(path).convert("RGB"))
    side_px = int(min(photo.shape[:2]) * random.uniform(0.55, 1))
    top, left = (int(random.integers(0, extent - side_px + 1)) for extent in photo.shape[:2])
    part = photo[top : top + side_px, left : left + side_px]
    ground = cv2.resize(part, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    if random.random() < 0.5:
        ground = cv2.GaussianBlur(ground, (0, 0), random.uniform(1, 4))
    return np.asarray(ground, dtype=np.float32)


def _laid_over(
    truth: NDArray[np.uint8], ground: NDArray[np.float32], random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    left, top, width, height = cv2.boundingRect((truth[..., 3] > 8).astype(np.uint8))
    part = truth[top : top + height, left : left + width].astype(np.float32)
    scale = random.uniform(0.4, 0.75) * _SIDE_PX / max(width, height)
    size_px = (max(1, int(width * scale)), max(1, int(height * scale)))
    alpha = cv2.resize(part[..., 3] / 255, size_px, interpolation=cv2.INTER_AREA)
    ink = cv2.resize(part[..., :3] * part[..., 3:] / 255, size_px, interpolation=cv2.INTER_AREA)
    row, column = (int((_SIDE_PX - extent) * random.uniform(0.3, 0.7)) for extent in alpha.shape)
    where = (slice(row, row + alpha.shape[0]), slice(column, column + alpha.shape[1]))
    mixed = ground.copy()
    mixed[where] = ink + ground[where] * (1 - alpha[..., None])
    mixed += random.normal(0, 2, mixed.shape)
    layer = np.zeros((_SIDE_PX, _SIDE_PX, 4), np.float32)
    layer[where] = np.dstack([ink / np.maximum(alpha, 1e-4)[..., None], alpha * 255])
    buffer = io.BytesIO()
    Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    return np.array(Image.open(buffer)), np.clip(np.rint(layer), 0, 255).astype(np.uint8)
