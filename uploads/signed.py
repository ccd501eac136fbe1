"""Uploads past this API: a signed address for one file of one size and type, then one asset of what has arrived.

In S3 the address is the store's own, and type and length are part of its signature. On local files it is this API's,
with the same checks. Until the file has become an asset nothing is recorded: the token carries what was agreed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.files.storage import Storage
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import User
from common.errors import Conflict, NotFound
from common.storage import private_storage, random_name, read_chunks, write_file
from uploads import services
from uploads.intake import UploadRejected, incoming, too_large
from uploads.models import Asset, DirectUpload, Job
from uploads.storage.located import s3_store

_SALT = "uploads.direct"
# An upload that began within its time may end a little later.
_COMPLETION_GRACE = timedelta(hours=1)


@dataclass(frozen=True)
class Agreement:
    """What was agreed with the client: carried by the token, which only this shop can sign."""

    key: str
    filename: str
    content_type: str
    size_bytes: int
    purpose: str
    owner_id: str | None
    expires_at_s: int

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.expires_at_s, tz=timezone.get_current_timezone())


@dataclass(frozen=True)
class Target:
    """Where and how the client sends its bytes: exactly these headers are signed."""

    url: str
    headers: dict[str, str]
    token: str
    expires_at: datetime


@dataclass(frozen=True)
class Completed:
    """The asset, and the cut-out that a shirt photo starts."""

    asset: Asset
    job: Job | None


def upload_agree(
    *, filename: str, content_type: str, size_bytes: int, purpose: str, owner: User | None
) -> Target:
    """A place for one file of this type and size, for 15 minutes. Raises UploadRejected for what would be refused."""
    if content_type not in allowed_types(purpose):
        raise UploadRejected(_refusal(purpose), code="unsupported_type")
    if size_bytes > limit_bytes(purpose):
        raise too_large(limit_bytes(purpose))
    expires_at = timezone.now() + settings.SIGNED_URL_MAX_AGE
    agreement = Agreement(
        key=f"incoming/{random_name('bin')}",
        filename=filename,
        content_type=content_type,
        size_bytes=size_bytes,
        purpose=purpose,
        owner_id=str(owner.pk) if owner else None,
        expires_at_s=int(expires_at.timestamp()),
    )
    token = signing.dumps(asdict(agreement), salt=_SALT, compress=True)
    url = _store_url(agreement) or f"{settings.PUBLIC_URL}/api/uploads/direct/{token}"
    headers = {"Content-Type": content_type, "Content-Length": str(size_bytes)}
    return Target(url, headers, token, agreement.expires_at)


def _store_url(agreement: Agreement) -> str | None:
    """The store's own address; None where files lie on this disk.

    A PUT and not a form: R2 knows no presigned forms. The store refuses another type or length than the signed ones.
    """
    store = s3_store(private_storage(), agreement.key)
    if store is None:
        return None
    key = f"{store.location}/{agreement.key}".lstrip("/")
    parameters = {
        "Bucket": store.bucket_name,
        "Key": key,
        "ContentType": agreement.content_type,
        "ContentLength": agreement.size_bytes,
    }
    seconds = int(settings.SIGNED_URL_MAX_AGE.total_seconds())
    client = store.connection.meta.client
    url: str = client.generate_presigned_url("put_object", Params=parameters, ExpiresIn=seconds)
    return url


def limit_bytes(purpose: str) -> int:
    """The size limit of the endpoint that this upload stands for."""
    photo = purpose == Asset.OwnerType.SHIRT_UPLOAD
    return settings.UPLOAD_PHOTO_MAX_BYTES if photo else settings.UPLOAD_FILE_MAX_BYTES


def allowed_types(purpose: str) -> tuple[str, ...]:
    """The types of the endpoint that this upload stands for."""
    return services.PHOTO_TYPES if purpose == Asset.OwnerType.SHIRT_UPLOAD else services.FILE_TYPES


def _refusal(purpose: str) -> str:
    return services.PHOTO_REFUSAL if purpose == Asset.OwnerType.SHIRT_UPLOAD else services.FILE_REFUSAL


def agreement_of(token: str, *, grace: timedelta = timedelta(0)) -> Agreement:
    """What the token says. Raises NotFound for a forged or an expired one."""
    try:
        agreement = Agreement(**signing.loads(token, salt=_SALT))
    except (signing.BadSignature, TypeError) as error:
        raise NotFound("This upload link is not valid.", code="upload_link_invalid") from error
    if timezone.now() > agreement.expires_at + grace:
        raise NotFound("This upload link has expired. Please start again.", code="upload_link_expired")
    return agreement


def upload_receive(
    token: str, chunks: Iterable[bytes], *, content_type: str, length_bytes: int | None
) -> None:
    """Stores what the client sends to the local address. Sending the same file again changes nothing.

    Raises NotFound for a bad token and UploadRejected where type or size are not the agreed ones.
    """
    agreement = agreement_of(token)
    if s3_store(private_storage(), agreement.key) is not None:
        raise NotFound("This upload link is not valid.", code="upload_link_invalid")
    if content_type != agreement.content_type:
        raise UploadRejected("The content type is not the one that was announced.", code="type_mismatch")
    if length_bytes != agreement.size_bytes:
        raise UploadRejected("The size is not the one that was announced.", code="size_mismatch")
    with incoming(chunks, limit_bytes=agreement.size_bytes) as received:
        if received.size_bytes != agreement.size_bytes:
            raise UploadRejected("The file did not arrive whole.", code="size_mismatch")
        store = private_storage()
        if store.exists(agreement.key) or _already(agreement):
            return
        with received.path.open("rb") as file:
            chosen = write_file(store, agreement.key, file)
        if chosen != agreement.key:  # the same file arrived twice at once
            store.delete(chosen)


def upload_complete(token: str, *, purpose: str, user: User | None) -> Completed:
    """Makes the asset of what has arrived, exactly once: asking again, or twice at once, gives the same asset.

    Raises NotFound for a bad token or another purpose, Conflict while the file is not there, UploadRejected as
    `asset_create` does.
    """
    agreement = agreement_of(token, grace=_COMPLETION_GRACE)
    if agreement.purpose != purpose:
        raise NotFound("This upload link is not valid.", code="upload_link_invalid")
    done = _already(agreement)
    if done is not None:
        return done
    owner = User.objects.filter(pk=agreement.owner_id).first() if agreement.owner_id else user
    try:
        _make_asset(agreement, owner)
    except (IntegrityError, FileNotFoundError) as error:
        done = _already(agreement)  # another request was a moment faster, and may have tidied up
        if done is not None:
            return done
        if isinstance(error, FileNotFoundError):
            raise Conflict("The file has not arrived yet.", code="upload_incomplete") from error
        raise
    private_storage().delete(agreement.key)
    done = _already(agreement)
    if done is None:  # its asset was deleted within this moment
        raise NotFound("This upload link is not valid.", code="upload_link_invalid")
    return done


def _already(agreement: Agreement) -> Completed | None:
    row = DirectUpload.objects.select_related("asset", "job").filter(key=agreement.key).first()
    return Completed(row.asset, row.job) if row is not None else None


def _make_asset(agreement: Agreement, owner: User | None) -> None:
    store = private_storage()
    _require_size(store, agreement)
    with incoming(read_chunks(store, agreement.key), limit_bytes=agreement.size_bytes) as received:
        try:
            services.asset_create(
                received,
                original_name=agreement.filename,
                owner=owner,
                owner_type=agreement.purpose,
                allowed_types=allowed_types(agreement.purpose),
                refusal=_refusal(agreement.purpose),
                recorded=lambda asset: _note(agreement, asset),
            )
        except UploadRejected:
            store.delete(agreement.key)
            raise


def _note(agreement: Agreement, asset: Asset) -> None:
    """In the transaction that records the asset: a second request for the same file breaks the unique key."""
    upload = DirectUpload.objects.create(key=agreement.key, asset=asset)
    if agreement.purpose == Asset.OwnerType.SHIRT_UPLOAD:
        upload.job = services.job_create(asset, user=asset.owner)
        upload.save(update_fields=["job", "updated_at"])


def _require_size(store: Storage, agreement: Agreement) -> None:
    size_bytes = store.size(agreement.key)
    if size_bytes != agreement.size_bytes:
        store.delete(agreement.key)
        raise UploadRejected("The size is not the one that was announced.", code="size_mismatch")
