"""How many inks a look takes on a garment: what prices ask, who may not import designs and name this in settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from accounts.models import User
from common.errors import NotFound
from designs.inks import knocked_out, merged_inks, rgb_of
from designs.inspection import Placed, ink_json, placed_of
from designs.measuring import facts_of
from designs.selectors import design_of
from products.models import Variant
from uploads.storage.originals import asset_of_owner


def inks_counted(
    *,
    user: User | None,
    variant_id: UUID,
    design_id: UUID | None,
    artworks: Mapping[str, Sequence[UUID]],
) -> dict[str, dict[str, Any]]:
    """What was counted on each placement, as `ink_json` says it; the cloth's own colour is left bare.

    The artworks are those of the user's design, or those that are named by placement. Raises NotFound for what is not
    there or somebody else's, and ArtworkUnreadable.
    """
    placed = [
        Placed(asset_of_owner(asset_id, user=user), placement, index, None)
        for placement, ids in artworks.items()
        for index, asset_id in enumerate(ids)
    ]
    if design_id is not None:
        placed += [item for item in _of_design(user, design_id) if item.placement not in artworks]
    facts = facts_of({item.asset.pk: item.asset for item in placed}.values())
    shirt = rgb_of(Variant.objects.select_related("colour").get(pk=variant_id).colour.hex)
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(item.placement for item in placed):
        reports = [facts[item.asset.pk].ink_report for item in placed if item.placement == name]
        found[name] = ink_json(knocked_out(merged_inks(reports), shirt))
    return found


def _of_design(user: User | None, design_id: UUID) -> list[Placed]:
    if user is None:
        raise NotFound("Design not found", code="design_not_found")
    return placed_of(design_of(user, str(design_id)))
