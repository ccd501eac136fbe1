"""From what the storefront sent to lines with the server's own prices, and the difference between the two."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings

from accounts.models import User
from common.errors import Conflict, Unprocessable
from designs.serializers import VIEWS
from orders.totals import OrderTotals
from pricing.engine import GarmentLine, LinePrice, price_garment
from pricing.rules import StorefrontRules
from products.models import Placement, Variant
from products.selectors import methods_active, variants_by_reference
from uploads.models import Asset


@dataclass(frozen=True)
class BasketArtwork:
    asset_id: Any
    placement: str
    index: int
    position: dict[str, Any] | None


@dataclass(frozen=True)
class BasketLine:
    """One line: what was sent, what it resolves to, and what it costs."""

    variant: Variant
    method: str
    artworks: tuple[BasketArtwork, ...]
    sent: dict[str, Any]
    price: LinePrice
    claimed_unit_price: Decimal
    claimed_total: Decimal


def basket_lines(
    items: Sequence[Mapping[str, Any]], rules: StorefrontRules, user: User | None
) -> list[BasketLine]:
    """The priced lines of a basket. Raises Unprocessable for anything that could not be sold or printed."""
    variants = variants_by_reference([item["variant_id"] for item in items])
    methods = set(methods_active().values_list("name", flat=True))
    lines = []
    for index, item in enumerate(items):
        customization = item["customization"]
        if customization["method"] not in methods:
            raise _refused(
                index, "method", "method_not_found", f"We do not print by {customization['method']!r}."
            )
        lines.append(_line(variants[item["variant_id"]], item, rules))
    _check_artworks(lines, user)
    return lines


def _line(variant: Variant, item: Mapping[str, Any], rules: StorefrontRules) -> BasketLine:
    placed = item["customization"]["artworks"]
    artworks = tuple(
        BasketArtwork(artwork["assetId"], view, index, artwork["position"])
        for view in VIEWS
        for index, artwork in enumerate(placed[view])
    )
    price = price_garment(
        rules,
        GarmentLine(
            product_slug=variant.product.slug,
            base_price=variant.base_price,
            has_front=bool(placed[Placement.FRONT]),
            has_back=bool(placed[Placement.BACK]),
            has_neck=bool(placed[Placement.NECK]),
            quantity=item["quantity"],
        ),
    )
    return BasketLine(
        variant=variant,
        method=item["customization"]["method"],
        artworks=artworks,
        sent=item["customization"]["sent"],
        price=price,
        claimed_unit_price=item["unit_price"],
        claimed_total=item["total_price"],
    )


def _refused(index: int, field: str, code: str, message: str) -> Unprocessable:
    error = {"pointer": f"/items/{index}/customization/{field}", "code": code, "detail": message}
    return Unprocessable(message, code=code, errors=[error])


def _check_artworks(lines: Sequence[BasketLine], user: User | None) -> None:
    """Every artwork exists and is the buyer's to use, in one query."""
    wanted = {artwork.asset_id for line in lines for artwork in line.artworks}
    owners = dict(Asset.objects.filter(pk__in=wanted).values_list("pk", "owner_id"))
    for index, line in enumerate(lines):
        for artwork in line.artworks:
            is_usable = artwork.asset_id in owners and owners[artwork.asset_id] in (
                None,
                user.pk if user else None,
            )
            if not is_usable:
                message = "An artwork of this item is not available. Please upload it again."
                raise _refused(index, f"{artwork.placement}Artworks", "asset_not_found", message)


def shipping_cost(rules: StorefrontRules, country: str) -> Decimal:
    """What shipping to `country` costs. Raises Unprocessable where the shop does not ship."""
    if country not in rules.shipping:
        raise Unprocessable(f"We do not ship to {country}.", code="country_not_served")
    return rules.shipping[country]


def refuse_changed_prices(
    lines: Sequence[BasketLine], totals: OrderTotals, claims: Mapping[str, Decimal]
) -> None:
    """Raises Conflict `price_changed` with the difference, line by line, if anything shown was another amount."""
    differences = []
    for index, line in enumerate(lines):
        pairs = {
            "unit_price": (line.claimed_unit_price, line.price.unit_price),
            "total_price": (line.claimed_total, line.price.total),
        }
        differences += [
            _difference(f"/items/{index}/{name}", *pair) for name, pair in pairs.items() if pair[0] != pair[1]
        ]
    for name in ("subtotal", "shipping", "tax", "total"):
        if claims[name] != getattr(totals, name):
            differences.append(_difference(f"/{name}", claims[name], getattr(totals, name)))
    if differences:
        raise Conflict(
            "A price has changed since you saw it. Please review your cart.",
            code="price_changed",
            errors=differences,
            extra={"diff": differences},
        )


def _difference(pointer: str, shown: Decimal, actual: Decimal) -> dict[str, Any]:
    return {
        "pointer": pointer,
        "code": "price_changed",
        "detail": f"shown {shown}, is {actual}",
        "shown": float(shown),
        "actual": float(actual),
    }


def refuse_unsellable_total(total: Decimal) -> None:
    if total > settings.ORDER_MAX_TOTAL:
        raise Unprocessable(
            f"Orders above {settings.ORDER_MAX_TOTAL} are made by our staff. Please contact us.",
            code="total_too_large",
        )


def basket_key(lines: Sequence[BasketLine], totals: OrderTotals, body: Mapping[str, Any], client: str) -> str:
    """The natural idempotency key: same basket, same client. The storefront sends no key and retries POSTs."""
    facts = {
        "client": client,
        "customer": body["customer"],
        "shipping_address": body["shipping_address"],
        "billing_address": body.get("billing_address"),
        "total": str(totals.total),
        "lines": [
            [
                str(line.variant.pk),
                line.price.quantity,
                line.method,
                [[str(a.asset_id), a.placement, a.index, a.position] for a in line.artworks],
            ]
            for line in lines
        ],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
