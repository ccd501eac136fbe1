"""Which side of the migration to our own rembg a picture is on: sticky, and changeable at once."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from common.switches import falls_into, percent_of
from uploads.models import CutoutTrial

SWITCH = "self_hosted_rollout"


def rollout_percent() -> int:
    """The share of pictures that our own rembg sees first, as of now."""
    return percent_of(SWITCH, configured=settings.SELF_HOSTED_ROLLOUT_PERCENT)


def arm_of(asset_id: UUID) -> CutoutTrial.Arm:
    """The side of this picture. Without a key for remove.bg there is one side only."""
    if not settings.REMOVEBG_API_KEY or falls_into(SWITCH, str(asset_id), rollout_percent()):
        return CutoutTrial.Arm.SELF_HOSTED
    return CutoutTrial.Arm.REMOVEBG
