"""Quotes by decoration method."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from common.errors import NotFound
from pricing import selectors
from pricing.engine import MethodPrice, PlacementSpec, price_method
from pricing.rules import MethodRules
from products.selectors import methods_active, variant_by_id


def quote_by_method(
    *, variant_id: UUID, method: str, placements: Sequence[PlacementSpec], quantity: int
) -> MethodPrice:
    """What `quantity` pieces decorated by `method` cost. Raises NotFound for an unknown variant or method."""
    variant = variant_by_id(variant_id)
    found = methods_active().filter(name=method).first()
    if found is None:
        raise NotFound("Decoration method not found", code="method_not_found")
    return price_method(
        MethodRules.parse(found.name, found.pricing_rules),
        selectors.quantity_discounts(),
        variant_price=variant.base_price,
        placements=placements,
        quantity=quantity,
    )
