"""Asking for the smaller files of an asset."""

from __future__ import annotations

from uploads.compression.models import DerivativeWork
from uploads.compression.tasks import ring_derivatives
from uploads.models import Asset


def derivatives_request(asset: Asset) -> None:
    """Queues the asset's thumbnail, responsive sizes and better compressed files. Asking again changes nothing."""
    work, is_new = DerivativeWork.objects.get_or_create(asset=asset)
    if is_new:
        ring_derivatives(str(work.pk))


def derivatives_request_missing(*, limit: int = 100) -> int:
    """Queues the work of assets that nobody has asked for: results of cut-outs, and what is older than this step."""
    assets = list(Asset.objects.filter(derivative_work__isnull=True).order_by("created_at")[:limit])
    for asset in assets:
        derivatives_request(asset)
    return len(assets)
