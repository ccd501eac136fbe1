"""Taking files in and handing them on."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from common.errors import DomainError, Unprocessable
from common.storage import private_storage, public_storage, random_name, write_file
from uploads.imaging.decode import ImageRejected, Picture, decode
from uploads.imaging.encode import encode_jpeg, encode_png
from uploads.models import Asset, Job


class UploadRejected(DomainError):
    """The file cannot become an asset; the message is the storefront's own where it has one."""

    status = HTTPStatus.BAD_REQUEST
    code = "upload_rejected"


_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


def asset_create(
    data: bytes,
    *,
    original_name: str,
    owner: User | None,
    owner_type: str,
    allowed_types: tuple[str, ...],
    refusal: str,
) -> Asset:
    """Stores the bytes untouched and private, and a derivative without metadata for browsers.

    Raises UploadRejected with `refusal` for a type that is not allowed, and with the decoder's reason for a file that
    cannot be decoded. Nothing is stored then.
    """
    try:
        picture = decode(data, max_pixels=settings.UPLOAD_MAX_PIXELS)
    except ImageRejected as error:
        message = refusal if error.code == "unsupported_type" else error.message
        raise UploadRejected(message, code=error.code) from error
    if picture.content_type not in allowed_types:
        raise UploadRejected(refusal, code="unsupported_type")
    return _store(
        data,
        picture,
        original_name=original_name,
        owner=owner,
        owner_type=owner_type,
    )


def _store(
    data: bytes, picture: Picture, *, original_name: str, owner: User | None, owner_type: str
) -> Asset:
    public, public_type = _derivative(picture)
    extension = _EXTENSIONS[picture.content_type]
    return Asset.objects.create(
        kind=Asset.Kind.UPLOAD,
        owner_type=owner_type,
        owner=owner,
        original_file=write_file(private_storage(), f"originals/{random_name(extension)}", data),
        public_name=write_file(public_storage(), random_name(_EXTENSIONS[public_type]), public),
        file_type=picture.content_type,
        public_file_type=public_type,
        file_size=len(data),
        original_name=original_name[:255],
        sha256=hashlib.sha256(data).hexdigest(),
        width_px=picture.width_px,
        height_px=picture.height_px,
        dpi=picture.dpi,
    )


def _derivative(picture: Picture) -> tuple[bytes, str]:
    """Upright, sRGB, no metadata. Lossless wherever there is alpha or the original was lossless."""
    if picture.content_type == "image/jpeg":
        return encode_jpeg(picture.rgba[..., :3], quality=90), "image/jpeg"
    return encode_png(picture.rgba, dpi=picture.dpi), "image/png"


@transaction.atomic
def asset_use(asset_id: UUID, *, user: User | None) -> Asset:
    """The asset, for whoever may use it; an account claims a guest's asset at its first use.

    Raises Unprocessable for unknown assets and for another account's, in the same words.
    """
    asset = Asset.objects.select_for_update().filter(pk=asset_id).first()
    if asset is None or (asset.owner_id is not None and (user is None or asset.owner_id != user.pk)):
        raise Unprocessable("This artwork is not available. Please upload it again.", code="asset_not_found")
    if asset.owner_id is None and user is not None:
        asset.owner = user
        asset.save(update_fields=["owner", "updated_at"])
    return asset


@transaction.atomic
def job_create(source: Asset, *, user: User | None) -> Job:
    """A queued cut-out of `source`; the bell rings after the commit."""
    from uploads.cutout.tasks import ring_cutout

    job = Job.objects.create(source=source, user=user)
    ring_cutout(str(job.pk))
    return job
