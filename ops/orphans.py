"""Files that nobody needs any more. What an order or a design uses is never touched: the foreign keys see to that.

Expired are uploads of guests that no design, order or account has taken up for GUEST_UPLOAD_DAYS, together with the
job and the cut-out that were made of them. What an account owns stays: it may lie in a basket of its browser. Cleaned
away are files without a row, which a broken-off write left behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, ProtectedError, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone

from common.storage import PRIVATE, PUBLIC, area_storage
from designs.models import Design, DesignArtwork
from ops.files import names_in_use, unreferenced_names
from orders.models import LineArtwork
from uploads.models import Asset, Job

log = structlog.get_logger(__name__)

# A file is written before its row; a day is far longer than any request or task lasts.
_UNREFERENCED_AFTER = timedelta(days=1)


def expired_uploads(now: datetime) -> QuerySet[Asset]:
    """Guests' uploads that are old enough to go and in no use, nor is anything that was cut out of them."""
    results = Asset.objects.filter(job__source=OuterRef("pk"))
    busy = Job.objects.filter(source=OuterRef("pk"), status__in=[Job.Status.QUEUED, Job.Status.RUNNING])
    return (
        Asset.objects.filter(
            owner__isnull=True, job__isnull=True, created_at__lt=now - settings.GUEST_UPLOAD_LIFETIME
        )
        .exclude(_in_use())
        .exclude(Exists(results.filter(Q(owner__isnull=False) | _in_use())))
        .exclude(Exists(busy))
        .order_by("created_at")
    )


def _in_use() -> Q:
    """On an order, on a design, or the picture that a design is listed with."""
    thumbnail = Concat(Value("/uploads/"), OuterRef("public_name"))
    return Q(
        Exists(LineArtwork.objects.filter(asset=OuterRef("pk")))
        | Exists(DesignArtwork.objects.filter(asset=OuterRef("pk")))
        | Exists(Design.objects.filter(thumbnail_url=thumbnail))
    )


def uploads_expire(*, now: datetime | None = None, limit: int = 500) -> int:
    """Deletes expired uploads with all that was made of them. Returns how many uploads."""
    now = now or timezone.now()
    keys = list(expired_uploads(now).values_list("pk", flat=True)[:limit])
    expired = sum(_expire(key, now) for key in keys)
    if expired:
        log.info("uploads.expired", uploads=expired)
    return expired


def _expire(key: UUID, now: datetime) -> bool:
    """One upload, its jobs and their results, if still nobody uses them. The rows go first, the files after the commit.

    Whoever puts one of them on an order or a design at this moment holds a foreign key to it: then the database
    refuses the deletion, and everything stays.
    """
    try:
        with transaction.atomic():
            upload = expired_uploads(now).filter(pk=key).select_for_update(of=("self",)).first()
            family = _family(upload) if upload is not None else []
            if not family or _is_used(family):
                return False
            files = [file for asset in family for file in _files_of(asset)]
            for asset in reversed(family):  # a result before its job, a job before its source
                Job.objects.filter(source=asset).delete()
                asset.delete()
    except (ProtectedError, IntegrityError):
        log.info("uploads.expiry_refused", asset_id=str(key))
        return False
    for area, name in files:
        if not names_in_use(area, [name]):
            area_storage(area).delete(name)
    return True


def _family(upload: Asset) -> list[Asset]:
    """The upload, what was cut out of it, and so on; locked. Sources stand before their results."""
    family, youngest = [upload], [upload]
    while youngest:
        results = Asset.objects.select_for_update(of=("self",)).filter(job__source__in=youngest)
        youngest = list(results.order_by("pk"))
        family += youngest
    return family


def _is_used(assets: Sequence[Asset]) -> bool:
    rows = Asset.objects.filter(pk__in=[asset.pk for asset in assets])
    return rows.filter(Q(owner__isnull=False) | _in_use()).exists()


def _files_of(asset: Asset) -> list[tuple[str, str]]:
    derivatives = [(PUBLIC, name) for name in asset.derivatives.values_list("name", flat=True)]
    return list({(PRIVATE, asset.original_file), (PUBLIC, asset.public_name), *derivatives})


def unreferenced_files(*, now: datetime | None = None) -> list[tuple[str, str]]:
    """Area and name of every file without a row that is older than a day."""
    oldest = (now or timezone.now()) - _UNREFERENCED_AFTER
    found = []
    for area in (PRIVATE, PUBLIC):
        storage = area_storage(area)
        for name in unreferenced_names(area, storage):
            try:
                if storage.get_modified_time(name) < oldest:
                    found.append((area, name))
            except FileNotFoundError:  # gone since it was listed
                continue
    return found


def stores_clean(*, now: datetime | None = None) -> int:
    """Deletes files that no row refers to. Returns how many."""
    cleaned = 0
    for area, name in unreferenced_files(now=now):
        if not names_in_use(area, [name]):  # a row may have come since the listing
            area_storage(area).delete(name)
            cleaned += 1
    if cleaned:
        log.info("stores.cleaned", files=cleaned)
    return cleaned
