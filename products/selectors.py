"""Reading the catalogue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from django.db.models import F, QuerySet

from common.errors import Unprocessable
from products.models import DecorationMethod, PrintArea, Product, StageView, Variant

# What the storefront sends for everything that is drawn on its stage.
STAGE_METHOD = "dtg"
_MOCK_ID = re.compile(r"\d{1,3}")


def _variants() -> QuerySet[Variant]:
    """Cheapest first (the storefront shows the first price as "from"), then by colour and size."""
    return Variant.objects.select_related("colour", "size").order_by(
        "base_price", "colour__name", "size__position"
    )


def methods_active() -> QuerySet[DecorationMethod]:
    return DecorationMethod.objects.filter(status=DecorationMethod.Status.ACTIVE)


def hard_edges_needed() -> bool:
    """Whether some active method prints each pixel or does not: its art must have no half-clear ones."""
    return methods_active().filter(file_requirements__semi_transparency=False).exists()


def variants_by_reference(references: Sequence[str]) -> dict[str, Variant]:
    """Resolves what the storefront may send as `variant_id`: a UUID or a fixed alias such as `hoodie-M`.

    Raises Unprocessable naming each reference that cannot be bought, and why.
    """
    ids = {reference: UUID(reference) for reference in references if _is_uuid(reference)}
    found = _variants().select_related("product").filter(product__status=Product.Status.ACTIVE)
    by_id = {variant.pk: variant for variant in found.filter(pk__in=ids.values())}
    by_alias = {
        variant.storefront_alias: variant
        for variant in found.filter(storefront_alias__in=[r for r in references if r not in ids])
    }
    resolved = {r: by_id.get(ids[r]) if r in ids else by_alias.get(r) for r in references}
    errors = [
        {
            "pointer": f"/items/{index}/variant_id",
            "code": "variant_not_found",
            "detail": _why_unknown(reference),
        }
        for index, reference in enumerate(references)
        if resolved[reference] is None
    ]
    if errors:
        raise Unprocessable(errors[0]["detail"], code="variant_not_found", errors=errors)
    return {reference: variant for reference, variant in resolved.items() if variant is not None}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _why_unknown(reference: str) -> str:
    if reference.startswith("temp-"):
        colour_and_size = reference.removeprefix("temp-").replace("-", " ")
        return f"{colour_and_size} is not available. Please choose another colour or size."
    if _MOCK_ID.fullmatch(reference):
        return "This item was added while the shop was unreachable. Please remove it and add it again."
    return "This item is no longer available."


def stage_geometry(
    product: Product, colour_id: UUID | None, method: str = STAGE_METHOD
) -> dict[str, tuple[StageView, PrintArea]]:
    """The stage and the print area of each placement where `method` prints on garments of this colour."""
    views = StageView.objects.filter(product=product).order_by(F("colour").asc(nulls_first=True))
    by_placement = {view.placement: view for view in views if view.colour_id in (None, colour_id)}
    areas = PrintArea.objects.filter(product=product, method__name=method, min_size=None, max_size=None)
    return {
        area.placement: (by_placement[area.placement], area)
        for area in areas
        if area.placement in by_placement
    }
