"""A small shop with something in every corner that has files."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from accounts.models import User
from common.storage import private_storage, public_storage, random_name, write_file
from uploads.compression import worker
from uploads.models import Asset
from uploads.services import asset_create

PNG, JPEG = "PNG", "JPEG"


def picture(seed: int, kind: str = PNG, size_px: tuple[int, int] = (420, 300)) -> bytes:
    """A picture of our own making; a PNG has clear pixels."""
    width_px, height_px = size_px
    y, x = np.mgrid[0:height_px, 0:width_px]
    channels = [x * 255 // width_px, y * 255 // height_px, np.full_like(x, seed * 37 % 256)]
    rgb = np.stack(channels, axis=-1).astype(np.uint8)
    file = io.BytesIO()
    if kind == PNG:
        alpha = np.where(x < width_px // 3, 0, 255).astype(np.uint8)[..., None]
        Image.fromarray(np.concatenate([rgb, alpha], axis=-1)).save(file, PNG)
    else:
        Image.fromarray(rgb).save(file, JPEG, quality=95)
    return file.getvalue()


def upload(seed: int, *, owner: User | None = None, kind: str = PNG, **options: Any) -> Asset:
    """An upload with all its smaller pictures made."""
    asset = asset_create(
        picture(seed, kind, **options),
        original_name=f"art-{seed}.{kind.lower()}",
        owner=owner,
        owner_type=Asset.OwnerType.CUSTOMER,
        allowed_types=("image/png", "image/jpeg"),
        refusal="Invalid file type.",
    )
    worker.run(str(asset.derivative_work.pk))
    return asset


@dataclass(frozen=True)
class Names:
    """Files as rows have them."""

    private: list[str]
    public: list[str]

    @property
    def keys(self) -> set[str]:
        return {f"private/{name}" for name in self.private} | {f"public/{name}" for name in self.public}


def names_of(*assets: Asset) -> Names:
    public = [name for asset in assets for name in asset.derivatives.values_list("name", flat=True)]
    return Names([asset.original_file for asset in assets], public)


def stray_file(area: str) -> str:
    """A file without a row, as a broken-off write leaves it."""
    if area == "private":
        return write_file(private_storage(), f"originals/{random_name('png')}", b"stray")
    return write_file(public_storage(), random_name("png"), b"stray")
