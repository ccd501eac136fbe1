"""What staff decide about cut-outs: approve, have it cut out again, put another picture in its place, reject."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import User
from common.errors import Conflict, Unprocessable
from uploads.cutout.tasks import ring_cutout
from uploads.models import ArtReview, Asset, CutoutTrial, Job
from uploads.services import FILE_REFUSAL, FILE_TYPES, asset_create

_MOST_STEPS = 20  # of a chain of replacements; longer ones would be a ring
_LEAST_PART_PX = 32

Shares = tuple[float, float, float, float]
"""Left, top, right and bottom of a part, as shares of the picture's width and height."""


def _locked(review: ArtReview) -> ArtReview:
    """The row as it is now. Raises Conflict where somebody has decided already."""
    row = ArtReview.objects.select_for_update().get(pk=review.pk)
    if row.status != ArtReview.Status.PENDING:
        raise Conflict(f"This picture is {row.get_status_display().lower()} already.", code="art_decided")
    return row


def _decide(row: ArtReview, status: ArtReview.Status, user: User, reason: str = "") -> ArtReview:
    row.status, row.reason = status, reason
    row.decided_by, row.decided_at = user, timezone.now()
    row.save()
    return row


@transaction.atomic
def review_approve(review: ArtReview, *, user: User) -> ArtReview:
    """The picture may be printed. What it replaces is replaced from now on. Raises Conflict."""
    row = _decide(_locked(review), ArtReview.Status.APPROVED, user)
    if row.replaces_id:
        _supersede(row.replaces_id, user)
    return row


def _supersede(asset_id: UUID, user: User) -> None:
    """Closes what is still open about a picture that another one has replaced."""
    for old in ArtReview.objects.filter(asset_id=asset_id).exclude(status=ArtReview.Status.REPLACED):
        _decide(old, ArtReview.Status.REPLACED, user, old.reason)


@transaction.atomic
def review_reject(review: ArtReview, *, user: User, reason: str) -> ArtReview:
    """The picture must not be printed. Raises Unprocessable without a reason, and Conflict."""
    if not reason.strip():
        raise Unprocessable("Say what is wrong with it.", code="reason_required")
    return _decide(_locked(review), ArtReview.Status.REJECTED, user, reason.strip())


@transaction.atomic
def review_rerun(review: ArtReview, *, arm: str, within: Shares | None = None) -> Job:
    """A new job on the same photo that asks this remover first; its result comes into the queue by itself.

    within: the part of the photo to look at, where a network takes what is behind the artwork for a piece of it.
    Raises Unprocessable for an unknown remover, a part that is none, or a picture that was not cut out here; Conflict.
    """
    if arm not in CutoutTrial.Arm.values:
        raise Unprocessable(f"{arm!r} is no background remover.", code="arm_unknown")
    row = _locked(review)
    made_by = row.asset.job
    if made_by is None:
        raise Unprocessable("This picture was not cut out here.", code="no_source")
    box = None if within is None else _box_px(within, made_by.source)
    row.status = ArtReview.Status.RERUNNING
    row.save(update_fields=["status", "updated_at"])
    job = Job.objects.create(
        source=made_by.source,
        user=made_by.user,
        photo_consent=made_by.photo_consent,
        review=row,
        wanted_arm=arm,
        within=box,
    )
    ring_cutout(str(job.pk))
    return job


def reviews_rerun_ended() -> int:
    """Puts pictures back into the queue whose cutting out again has come to nothing, and returns how many.

    The job has failed or was cancelled, or staff have rejected what it made: somebody has to decide about the old one.
    """
    under_way = Job.objects.filter(review=OuterRef("pk"), status__in=[Job.Status.QUEUED, Job.Status.RUNNING])
    made = ArtReview.objects.filter(asset__job__review=OuterRef("pk")).exclude(
        status=ArtReview.Status.REJECTED
    )
    ended = ArtReview.objects.filter(~Exists(under_way), ~Exists(made), status=ArtReview.Status.RERUNNING)
    return ended.update(status=ArtReview.Status.PENDING, updated_at=timezone.now())


def _box_px(shares: Shares, photo: Asset) -> list[int]:
    extents_px = (photo.width_px, photo.height_px) * 2
    if all(0 <= share <= 1 for share in shares):
        box = [round(share * extent_px) for share, extent_px in zip(shares, extents_px, strict=True)]
        if min(box[2] - box[0], box[3] - box[1]) >= _LEAST_PART_PX:
            return box
    raise Unprocessable(
        f"Mark a part of the photo, {_LEAST_PART_PX} pixels wide and high at least.", code="part_unusable"
    )


def review_replace(review: ArtReview, data: bytes, *, name: str, user: User) -> ArtReview:
    """The decision for the picture that staff have uploaded in its place. Raises UploadRejected and Conflict."""
    old = review.asset

    def recorded(asset: Asset) -> None:
        row = _locked(review)
        target = row.replaces_id or row.asset_id
        _decide(row, ArtReview.Status.REPLACED, user, "replaced by an upload")
        _supersede(target, user)
        made.append(
            ArtReview.objects.create(
                asset=asset,
                replaces_id=target,
                status=ArtReview.Status.APPROVED,
                decided_by=user,
                decided_at=timezone.now(),
            )
        )

    made: list[ArtReview] = []
    asset = asset_create(
        data,
        original_name=name,
        owner=None,  # never the same row as another upload: it belongs to this decision
        owner_type=Asset.OwnerType.CUSTOMER,
        allowed_types=FILE_TYPES,
        refusal=FILE_REFUSAL,
        recorded=recorded,
    )
    if old.owner_id:
        Asset.objects.filter(pk=asset.pk).update(owner_id=old.owner_id)
    return made[0]


def replacements_of(asset_ids: Sequence[str]) -> dict[str, str]:
    """Which approved pictures stand in the place of these, by id. Pictures that nobody has replaced are left out."""
    found: dict[str, str] = {}
    step = {asset_id: asset_id for asset_id in asset_ids if _is_id(asset_id)}
    for _ in range(_MOST_STEPS):
        rows = ArtReview.objects.filter(
            replaces_id__in=list(map(UUID, step.values())), status=ArtReview.Status.APPROVED
        )
        newest = {
            str(old): str(new)
            for old, new in rows.order_by("decided_at").values_list("replaces_id", "asset_id")
        }
        step = {first: newest[last] for first, last in step.items() if last in newest}
        if not step:
            break
        found |= step
    return found


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
