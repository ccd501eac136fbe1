"""The way back to the original bytes: a link that ends after fifteen minutes and always downloads, never shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import FileResponse
from django.utils import timezone

from accounts.models import User
from common.errors import NotFound
from common.storage import private_storage
from uploads.models import Asset
from uploads.storage.located import s3_store

_SALT = "uploads.original"


@dataclass(frozen=True)
class OriginalLink:
    """Where the original can be downloaded, and until when."""

    url: str
    expires_at: datetime


def asset_of_owner(asset_id: UUID, *, user: User | None) -> Asset:
    """The asset for its owner, for whoever runs the shop, and, while it is a guest's, for whoever knows its id.

    Raises NotFound for every other asset and every other person, in the same words.
    """
    asset = Asset.objects.filter(pk=asset_id).first()
    if asset is None or not _may_have(asset, user):
        raise NotFound("File not found", code="file_not_found")
    return asset


def _may_have(asset: Asset, user: User | None) -> bool:
    if asset.owner_id is None:
        return True
    return user is not None and (asset.owner_id == user.pk or user.runs_the_shop)


def original_link(asset: Asset) -> OriginalLink:
    """A signed link: to the store itself where that is S3, else to this API."""
    expires_at = timezone.now() + settings.SIGNED_URL_MAX_AGE
    store = s3_store(private_storage(), asset.original_file)
    if store is None:
        token = signing.dumps([asset.original_file, asset.original_name], salt=_SALT, compress=True)
        return OriginalLink(f"{settings.PUBLIC_URL}/api/uploads/originals/{token}", expires_at)
    # The headers are part of the signature: who has the link cannot make the store show the file instead.
    parameters = {
        "ResponseContentType": "application/octet-stream",
        "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(asset.original_name)}",
    }
    seconds = int(settings.SIGNED_URL_MAX_AGE.total_seconds())
    return OriginalLink(store.url(asset.original_file, parameters=parameters, expire=seconds), expires_at)


def original_response(token: str) -> FileResponse:
    """The download that a link of this API leads to. Raises NotFound for a forged, an expired and a stale one."""
    try:
        name, as_name = signing.loads(token, salt=_SALT, max_age=settings.SIGNED_URL_MAX_AGE)
        file = private_storage().open(name, "rb")
    except (signing.BadSignature, FileNotFoundError) as error:
        raise NotFound("This link is no longer valid.", code="link_expired") from error
    response = FileResponse(file, as_attachment=True, filename=as_name)
    response["Content-Type"] = "application/octet-stream"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
