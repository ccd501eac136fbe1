"""Asking for mock-ups: one row per look, cloth colour and side, drawn once by whoever comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from django.db import transaction

from common.storage import public_storage
from designs.geometry import StageView
from designs.inspection import Placed
from designs.mockups.tasks import ring_mockup
from designs.models import Design, DesignVersion, Mockup
from designs.rendering import same_picture
from designs.stage import stage_views
from products.models import Colour, Product

VIEWS = tuple(Mockup.View.values)
# Seen from that side as well, where the storefront's stage shows the same picture of the garment.
_SEEN_FROM = {"neck": "back"}


@transaction.atomic
def mockups_ensure(
    placed: Sequence[Placed],
    product: Product,
    colour: Colour,
    design_hash: str,
    colour_hex: str | None = None,
) -> dict[str, Mockup]:
    """The mock-ups of both sides, by view; those that are not drawn yet are asked for.

    `colour_hex` is the cloth where it differs from the colour's own by now, as on an old order.
    """
    cloth = colour_hex or colour.hex
    offered = stage_views(product, colour.pk)
    found: dict[str, Mockup] = {}
    for view in VIEWS:
        if view not in offered:
            continue
        layers = [
            {
                "asset": str(item.asset.pk),
                "index": item.index,
                "position": item.position,
                "placement": item.placement,
            }
            for item in placed
            if _is_seen(item.placement, view, offered)
        ]
        found[view], created = Mockup.objects.get_or_create(
            design_hash=design_hash,
            colour_hex=cloth,
            view=view,
            defaults={"product": product, "colour": colour, "layers": layers},
        )
        if created:
            ring_mockup(str(found[view].pk))
    return found


def _is_seen(placement: str, view: str, offered: Mapping[str, StageView]) -> bool:
    if placement == view:
        return True
    stage = offered.get(placement)
    return _SEEN_FROM.get(placement) == view and stage is not None and same_picture(stage, offered[view])


def mockup_main(mockups: dict[str, Mockup]) -> Mockup | None:
    """The side to show alone: the first that has artwork on it, else the front."""
    with_art = [mockup for mockup in mockups.values() if mockup.layers]
    return next(iter(with_art or mockups.values()), None)


def mockups_drop(design_hash: str) -> None:
    """Removes the pictures of a look that no saved design and no order has any more."""
    if Design.objects.filter(design_hash=design_hash).exists():
        return
    if DesignVersion.objects.filter(design_hash=design_hash).exists():
        return
    for mockup in Mockup.objects.filter(design_hash=design_hash, is_ordered=False):
        for name in filter(None, (mockup.file_name, mockup.thumbnail_name)):
            transaction.on_commit(partial(public_storage().delete, name))
        mockup.delete()
