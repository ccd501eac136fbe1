"""What the decisions of the art queue mean for orders: art is exchanged, packs are built anew, orders are held."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from orders import lifecycle
from orders.models import LineArtwork, Order, OrderEvent
from orders.production.services import packs_renew
from uploads.models import ArtReview, Asset
from uploads.review import review_approve, review_reject, review_replace

ART_REJECTED: Final = "art_rejected"
"""Staff have looked at the artwork: it cannot be printed as it is."""
_AT_ONCE = 100
_OPEN = (Order.ProductionStatus.PENDING, Order.ProductionStatus.IN_PRODUCTION)


def artworks_open(asset_id: UUID) -> QuerySet[LineArtwork]:
    """Where the picture is on order and not printed yet, the earliest due first."""
    return (
        _not_printed(LineArtwork.objects.filter(asset_id=asset_id))
        .select_related("line__order", "line__pack")
        .order_by("line__pack__due_on", "line__order__created_at")
    )


def _not_printed(artworks: QuerySet[LineArtwork]) -> QuerySet[LineArtwork]:
    return artworks.filter(line__order__production_status__in=_OPEN).exclude(
        line__pack__stage__in=["in_production", "shipped"]
    )


def reviews_open_missing() -> int:
    """Puts doubtful cut-outs of paid orders into the queue that are not in it, and returns how many.

    A job opens the review of its result itself; those of orders that were paid before the queue existed have none.
    The oldest of them do not even say that a person must look, only how far the cut-out is trusted.
    """
    facts = "asset__metadata"
    doubtful = Q(**{f"{facts}__needs_review": True}) | Q(
        **{f"{facts}__needs_review__isnull": True, f"{facts}__confidence__lt": settings.CUTOUT_MIN_SCORE}
    )
    waiting = _not_printed(
        LineArtwork.objects.filter(
            doubtful,
            asset__kind=Asset.Kind.TRANSPARENT,
            asset__review__isnull=True,
            line__order__paid_at__isnull=False,
        )
    )
    found = list(waiting.order_by("asset_id").values_list("asset_id", flat=True).distinct()[:_AT_ONCE])
    return sum(ArtReview.objects.get_or_create(asset_id=asset_id)[1] for asset_id in found)


@transaction.atomic
def art_approve(review: ArtReview, *, user: User) -> int:
    """Returns how many lines of orders have got the picture in the place of the one that it replaces."""
    row = review_approve(review, user=user)
    return _exchange(row, user)


@transaction.atomic
def art_reject(review: ArtReview, *, user: User, reason: str) -> int:
    """Holds every order that would print the picture, which tells its customer. Returns how many."""
    row = review_reject(review, user=user, reason=reason)
    orders = {artwork.line.order_id: artwork.line.order for artwork in artworks_open(row.asset_id)}
    for order in orders.values():
        lifecycle.order_hold(order, reason=ART_REJECTED, actor=f"staff:{user.pk}", note=row.reason)
    return len(orders)


def art_replace(review: ArtReview, data: bytes, *, name: str, user: User) -> int:
    """As `art_approve`, with a picture that staff have made themselves."""
    row = review_replace(review, data, name=name, user=user)
    return _exchange(row, user)


@transaction.atomic
def _exchange(row: ArtReview, user: User) -> int:
    if row.replaces_id is None:
        return 0
    actor = f"staff:{user.pk}"
    artworks = list(artworks_open(row.replaces_id))
    orders = {artwork.line.order_id: artwork.line.order for artwork in artworks}
    for order_id in orders:
        lifecycle.order_lock(order_id)
    for artwork in artworks:
        LineArtwork.objects.filter(pk=artwork.pk).update(asset=row.asset)
        OrderEvent.objects.create(
            order=artwork.line.order,
            line=artwork.line,
            kind="line.art_exchanged",
            actor=actor,
            before={"asset": str(row.replaces_id)},
            after={"asset": str(row.asset_id)},
        )
    for order in orders.values():
        order.refresh_from_db()
        packs_renew(order)
        if order.hold_reason == ART_REJECTED:
            lifecycle.order_release(order, reason=ART_REJECTED, actor=actor, note="The art was exchanged.")
    return len(artworks)
