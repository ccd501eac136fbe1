"""From what the storefront sent to lines with the server's own prices, and the difference between the two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings

from accounts.models import User
from common.canonical import canonical_hash
from common.errors import Conflict, Unprocessable
from designs.serializers import VIEWS
from orders.checkout.print_quality import placement_inputs
from orders.totals import OrderTotals
from pricing.engine import Breakdown, LineInput
from pricing.models import Quote
from pricing.rules import Book
from pricing.services.books import line_price
from pricing.services.quotes import quote_honour
from products import catalogue
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
    line: LineInput
    price: Breakdown
    quote: Quote | None = None
    print_quality: dict[str, Any] = field(default_factory=dict)
    design_hash: str = ""

    @property
    def unit_price(self) -> Decimal:
        return self.quote.unit_price if self.quote else self.price.unit_price

    @property
    def total(self) -> Decimal:
        return self.quote.total if self.quote else self.price.total

    @property
    def charges(self) -> list[dict[str, Any]]:
        """Why a piece costs what it costs, as it is kept on the order line."""
        breakdown: dict[str, Any] = self.quote.breakdown if self.quote else self.price.to_json()
        charges: list[dict[str, Any]] = breakdown["charges"]
        return charges


def design_key(artworks: Sequence[BasketArtwork], method: str) -> dict[str, Any]:
    """The design without its garment: lines that share it count together for quantity breaks."""
    return {
        "method": method,
        "artworks": [[str(a.asset_id), a.placement, a.index, a.position] for a in artworks],
    }


def basket_lines(items: Sequence[Mapping[str, Any]], book: Book, user: User | None) -> list[BasketLine]:
    """The priced lines of a basket. Raises Unprocessable for anything that could not be sold or printed, and Conflict
    for a quote that does not hold (any more)."""
    variants = variants_by_reference([item["variant_id"] for item in items])
    methods = set(methods_active().values_list("name", flat=True))
    designs = [_artworks(item) for item in items]
    pieces: Counter[str] = Counter()
    for item, artworks in zip(items, designs, strict=True):
        pieces[canonical_hash(design_key(artworks, item["customization"]["method"]))] += item["quantity"]
    _check_artworks(designs, user)
    entries = catalogue.current().by_slug
    lines = []
    for index, (item, artworks) in enumerate(zip(items, designs, strict=True)):
        method = item["customization"]["method"]
        if method not in methods:
            raise _refused(index, "method", "method_not_found", f"We do not print by {method!r}.")
        slug = variants[item["variant_id"]].product.slug
        pair = (
            entries[slug].conflicting({artwork.placement for artwork in artworks})
            if slug in entries
            else None
        )
        if pair:
            message = f"{pair[0]} and {pair[1]} cannot both be printed."
            raise _refused(index, f"{pair[0]}Artworks", "placement_conflict", message)
        design_hash = canonical_hash(design_key(artworks, method))
        lines.append(
            _line(variants[item["variant_id"]], item, artworks, book, design_hash, pieces[design_hash], index)
        )
    return lines


def _artworks(item: Mapping[str, Any]) -> tuple[BasketArtwork, ...]:
    placed = item["customization"]["artworks"]
    return tuple(
        BasketArtwork(artwork["assetId"], view, index, artwork["position"])
        for view in VIEWS
        for index, artwork in enumerate(placed[view])
    )


def _line(
    variant: Variant,
    item: Mapping[str, Any],
    artworks: tuple[BasketArtwork, ...],
    book: Book,
    design_hash: str,
    design_quantity: int,
    index: int,
) -> BasketLine:
    method = item["customization"]["method"]
    pointer = f"/items/{index}/customization/confirmedInks"
    sides = placement_inputs(
        book, variant, method, artworks, item["customization"].get("confirmed_inks", {}), pointer
    )
    line = LineInput(
        product_slug=variant.product.slug,
        base_price=variant.base_price,
        size=variant.size.name,
        is_dark=variant.colour.is_dark,
        quantity=item["quantity"],
        design_quantity=design_quantity,
        placements=sides,
        has_neck_label=any(artwork.placement == Placement.NECK for artwork in artworks),
    )
    current = line_price(book, line)
    reference = item.get("quote")
    quote = (
        quote_honour(
            reference["id"],
            reference["signature"],
            variant_id=variant.pk,
            quantity=item["quantity"],
            design_hash=design_hash,
            current=current,
        )
        if reference
        else None
    )
    return BasketLine(variant, method, artworks, item["customization"]["sent"], line, current, quote)


def _refused(index: int, field: str, code: str, message: str) -> Unprocessable:
    error = {"pointer": f"/items/{index}/customization/{field}", "code": code, "detail": message}
    return Unprocessable(message, code=code, errors=[error])


def _check_artworks(designs: Sequence[Sequence[BasketArtwork]], user: User | None) -> None:
    """Every artwork exists and is the buyer's to use, in one query."""
    wanted = {artwork.asset_id for artworks in designs for artwork in artworks}
    owners = dict(Asset.objects.filter(pk__in=wanted).values_list("pk", "owner_id"))
    for index, artworks in enumerate(designs):
        for artwork in artworks:
            is_usable = artwork.asset_id in owners and owners[artwork.asset_id] in (
                None,
                user.pk if user else None,
            )
            if not is_usable:
                message = "An artwork of this item is not available. Please upload it again."
                raise _refused(index, f"{artwork.placement}Artworks", "asset_not_found", message)


def refuse_changed_prices(
    lines: Sequence[BasketLine], totals: OrderTotals, claims: Mapping[str, Any]
) -> None:
    """Raises Conflict `price_changed` with the difference, line by line, if anything shown was another amount."""
    differences = []
    for index, (line, item) in enumerate(zip(lines, claims["items"], strict=True)):
        pairs = {
            "unit_price": (item["unit_price"], line.unit_price),
            "total_price": (item["total_price"], line.total),
        }
        differences += [
            price_difference(f"/items/{index}/{name}", *pair)
            for name, pair in pairs.items()
            if pair[0] != pair[1]
        ]
    for name in ("subtotal", "shipping", "tax", "discount", "gift_card", "total"):
        if claims[name] != getattr(totals, name):
            differences.append(price_difference(f"/{name}", claims[name], getattr(totals, name)))
    if differences:
        raise Conflict(
            "A price has changed since you saw it. Please review your cart.",
            code="price_changed",
            errors=differences,
            extra={"diff": differences},
        )


def price_difference(pointer: str, shown: Decimal, actual: Decimal) -> dict[str, Any]:
    """One amount that the customer saw and the one that holds."""
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


def basket_key(body: Mapping[str, Any], client: str) -> str:
    """The natural idempotency key: same body, same client. The storefront sends no key and retries POSTs."""
    return canonical_hash({"client": client, "body": body})
