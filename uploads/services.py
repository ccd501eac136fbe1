"""Taking files in and handing them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import PurePath
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction

from accounts.models import User
from common.errors import Conflict, DomainError, Unprocessable
from common.storage import (
    content_name,
    kept_together,
    private_storage,
    public_storage,
    random_name,
    write_file,
    write_once,
)
from uploads.compression.encode import Encoded
from uploads.compression.services import derivatives_request
from uploads.imaging import formats, sandbox
from uploads.imaging.errors import ImageRejected
from uploads.intake import Incoming, UploadRejected, incoming
from uploads.models import Asset, Derivative, Job
from uploads.selectors import job_get

__all__ = [
    "FILE_TYPES",
    "PHOTO_TYPES",
    "UploadRejected",
    "asset_create",
    "asset_use",
    "job_cancel",
    "job_create",
]

log = structlog.get_logger(__name__)

FILE_TYPES = formats.ALL
FILE_REFUSAL = "Invalid file type. Please upload a PNG, JPG, WebP, HEIC, AVIF, TIFF, SVG or PDF file"
# What the cameras of phones write; the storefront's own page lets its users choose JPG and PNG.
PHOTO_TYPES = (formats.JPEG, formats.PNG, formats.HEIC)
PHOTO_REFUSAL = "Invalid file type. Please upload JPG or PNG"
_POSTSCRIPT_REFUSAL = (
    "Invalid file type. Please save the Illustrator file with PDF compatibility, or as PDF or SVG"
)


class IntakeBusy(DomainError):
    """More files arrive at this moment than can be opened; nothing was stored."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "busy"


def asset_create(
    data: bytes | Incoming,
    *,
    original_name: str,
    owner: User | None,
    owner_type: str,
    allowed_types: tuple[str, ...],
    refusal: str,
    recorded: Callable[[Asset], None] | None = None,
) -> Asset:
    """Stores the bytes untouched and private, and a derivative without metadata for browsers.

    The same bytes of the same account are the same asset; guests are nobody in particular and share nothing.
    `recorded` is called with the asset in the transaction that records it; what it raises undoes everything.

    Raises UploadRejected with `refusal` for a type that is not allowed, and with the reader's reason for a file that
    cannot be read, and IntakeBusy in a rush. Nothing is stored then.
    """
    with ExitStack() as stack:
        if isinstance(data, bytes):
            data = stack.enter_context(incoming([data], limit_bytes=len(data)))
        _allowed_type(data, allowed_types, refusal)
        known = _same_bytes(data, owner, owner_type)
        if known is not None:
            return _recorded_again(known, recorded)
        asset, display = _read(data, original_name, owner, owner_type)
        with kept_together(str(asset.pk)):
            _store_files(asset, data, display)
        try:
            stored = _record(asset, data, display, recorded)
        except BaseException:
            _delete_files(asset)
            raise
        if stored.pk != asset.pk:
            _delete_files(asset)
        return stored


def _allowed_type(data: Incoming, allowed_types: tuple[str, ...], refusal: str) -> None:
    with data.path.open("rb") as file:
        head = file.read(formats.HEAD_BYTES)
    if not head:
        raise UploadRejected("The file is empty.", code="empty")
    content_type = formats.content_type_of(head)
    if content_type == formats.POSTSCRIPT and formats.PDF in allowed_types:
        raise UploadRejected(_POSTSCRIPT_REFUSAL, code="unsupported_type")
    if content_type not in allowed_types:
        raise UploadRejected(refusal, code="unsupported_type")


def _same_bytes(data: Incoming, owner: User | None, owner_type: str) -> Asset | None:
    if owner is None:
        return None
    same = Asset.objects.filter(
        owner=owner,
        owner_type=owner_type,
        kind=Asset.Kind.UPLOAD,
        sha256=data.sha256,
        file_size=data.size_bytes,
    )
    return same.order_by("created_at").first()


def _recorded_again(asset: Asset, recorded: Callable[[Asset], None] | None) -> Asset:
    if recorded is not None:
        with transaction.atomic():
            recorded(asset)
    return asset


def _read(data: Incoming, original_name: str, owner: User | None, owner_type: str) -> tuple[Asset, Encoded]:
    """An asset that is not stored yet, with the facts of the file, and the picture that browsers get."""
    try:
        found = sandbox.intake(data.path, max_pixels=settings.UPLOAD_MAX_PIXELS)
    except ImageRejected as error:
        log.info("upload.refused", code=error.code, detail=error.detail, sha256=data.sha256)
        raise UploadRejected(error.message, code=error.code) from error
    except sandbox.SandboxBusy as error:
        raise IntakeBusy(
            "Many pictures are arriving at this moment. Please try again in a minute."
        ) from error
    asset = Asset(
        kind=Asset.Kind.UPLOAD,
        owner_type=owner_type,
        owner=owner,
        file_type=found.content_type,
        public_file_type=found.display.content_type,
        file_size=data.size_bytes,
        original_name=_plain_name(original_name),
        sha256=data.sha256,
        width_px=found.width_px,
        height_px=found.height_px,
        dpi=found.dpi,
        has_alpha=found.has_alpha,
        display_width_px=found.display.width_px,
        display_height_px=found.display.height_px,
        metadata={"has_alpha": found.has_alpha, **found.notes},
    )
    return asset, found.display


def _plain_name(name: str) -> str:
    """The last part of a name, without what a database or a header cannot carry."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(letter for letter in last if letter.isprintable())[:255] or "upload"


def _store_files(asset: Asset, data: Incoming, display: Encoded) -> None:
    extension = formats.EXTENSIONS[asset.file_type]
    with data.path.open("rb") as file:
        asset.original_file = write_file(private_storage(), f"originals/{random_name(extension)}", file)
    public_name = content_name(asset.secret, display.data, extension=formats.EXTENSIONS[display.content_type])
    try:
        asset.public_name = write_once(public_storage(), public_name, display.data)
    except BaseException:
        private_storage().delete(asset.original_file)
        raise


def _delete_files(asset: Asset) -> None:
    private_storage().delete(asset.original_file)
    public_storage().delete(asset.public_name)


@transaction.atomic
def _record(
    asset: Asset, data: Incoming, display: Encoded, recorded: Callable[[Asset], None] | None
) -> Asset:
    """Writes the rows; or finds that the account sent the same bytes a second time while we read the first."""
    if asset.owner_id is not None:
        owner = User.objects.select_for_update().get(pk=asset.owner_id)
        known = _same_bytes(data, owner, asset.owner_type)
        if known is not None:
            return _recorded_again(known, recorded)
    asset.save(force_insert=True)
    Derivative.objects.create(
        asset=asset,
        role=Derivative.Role.DISPLAY,
        name=asset.public_name,
        width_px=display.width_px,
        height_px=display.height_px,
        size_bytes=len(display.data),
        content_type=display.content_type,
    )
    if recorded is not None:
        recorded(asset)
    derivatives_request(asset)
    return asset


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


def assets_claim(asset_ids: Sequence[UUID], user: User) -> int:
    """Gives the user those of the assets that belong to nobody. Returns how many."""
    return Asset.objects.filter(pk__in=asset_ids, owner=None).update(owner=user)


def job_create(source: Asset, *, user: User | None, photo_consent: bool = False) -> Job:
    """A cut-out of `source`: done already where an equal one has been made, else queued, with a bell after the commit.

    photo_consent: whether the customer has agreed that the photo may be shown to the image model.
    """
    from uploads.cutout.reuse import content_key, finished_twin
    from uploads.cutout.tasks import ring_cutout

    job = Job(source=source, user=user, photo_consent=photo_consent)
    job.content_key = content_key(job)
    with transaction.atomic():
        job.save()
        ring_cutout(str(job.pk))
    if finished_twin(job) is not None and not connection.in_atomic_block:
        _answer_now(job)
    return job


def _answer_now(job: Job) -> None:
    """Copies an equal job's result within the request. Where that fails, the worker's turn comes as for any job."""
    from uploads.cutout.pipeline import run_if_known

    run_if_known(job)
    job.refresh_from_db()


def job_cancel(job_id: str) -> Job:
    """Ends a job that has not ended. Raises NotFound, and Conflict where it has ended otherwise."""
    job = job_get(job_id)
    if not Job.cancel(job.pk, message="The extraction was cancelled."):
        job.refresh_from_db()
        if job.error_code != "cancelled":
            raise Conflict("The job has ended already.", code="job_ended", extra={"jobStatus": job.status})
    return job_get(job_id)
