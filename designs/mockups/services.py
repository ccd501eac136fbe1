"""Asking for mock-ups: one row per look, cloth colour and side, drawn once by whoever comes first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django.db import transaction

from common.storage import public_storage
from designs.inspection import Placed
from designs.mockups.tasks import ring_mockup
from designs.models import Design, DesignVersion, Mockup
from designs.stage import stage_views
from products.models import Colour, Product

VIEWS = tuple(Mockup.View.values)


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
            {"asset": str(item.asset.pk), "index": item.index, "position": item.position}
            for item in placed
            if item.placement == view
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
