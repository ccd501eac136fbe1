"""Pictures whose files are really there, and jobs on them."""

import hashlib
import io
from typing import Any

import factory
from PIL import Image

from common.storage import private_storage, public_storage, random_name, write_file
from uploads.models import Asset, Job


def picture_png(width_px: int = 40, height_px: int = 30) -> bytes:
    """A red rectangle with a clear border of five pixels."""
    picture = Image.new("RGBA", (width_px, height_px), (0, 0, 0, 0))
    picture.paste((200, 40, 60, 255), (5, 5, width_px - 5, height_px - 5))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


class AssetFactory(factory.django.DjangoModelFactory):
    """A guest's PNG. `data` is what the files hold; width and height have to agree with it."""

    class Meta:
        model = Asset
        exclude = ("data",)

    data = factory.LazyAttribute(lambda asset: picture_png(asset.width_px, asset.height_px))
    owner_type = Asset.OwnerType.CUSTOMER
    original_file = factory.LazyAttribute(
        lambda asset: write_file(private_storage(), f"originals/{random_name('png')}", asset.data)
    )
    public_name = factory.LazyAttribute(
        lambda asset: write_file(public_storage(), random_name("png"), asset.data)
    )
    file_type = public_file_type = "image/png"
    file_size = factory.LazyAttribute(lambda asset: len(asset.data))
    original_name = factory.Sequence(lambda number: f"art-{number}.png")
    sha256 = factory.LazyAttribute(lambda asset: hashlib.sha256(asset.data).hexdigest())
    width_px = 40
    height_px = 30


class JobFactory(factory.django.DjangoModelFactory):
    """A queued cut-out of a shirt photo; nobody has rung for it."""

    class Meta:
        model = Job

    source: Any = factory.SubFactory(AssetFactory, owner_type=Asset.OwnerType.SHIRT_UPLOAD)
