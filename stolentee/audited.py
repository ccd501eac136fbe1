"""Of which rows the audit log keeps who changed what, from what, to what: those that people edit themselves.

What only services write (orders, payments, packs, stock, decisions on art) has append-only histories of its own.
Accounts are written to the log by their admin page alone: people who register or are erased leave no copy of their
names here.
"""

from __future__ import annotations

from typing import Any

_WHOLE = (
    "common.FeatureSwitch",
    "products.Product",
    "products.Variant",
    "products.Colour",
    "products.Size",
    "products.DecorationMethod",
    "products.PrintArea",
    "products.PlacementConflict",
    "products.SizeMeasurement",
    "products.StageView",
    "products.ProductCopy",
    "pricing.PriceBook",
    "pricing.DiscountCode",
    "pricing.GiftCard",
    "orders.ShippingZone",
    "orders.ShippingRate",
    "orders.ShippingCountry",
)

AUDITED_MODELS: tuple[str | dict[str, Any], ...] = (
    *_WHOLE,
    {"model": "orders.Printer", "m2m_fields": ["staff"]},
)
