"""The price engine. Pure: (rules, line) -> itemised breakdown in Decimal.

Full precision inside; one rounding, half up to cents, when a line's total is taken; totals are sums of rounded lines.
Every charge cites the rule it comes from and the version of its book.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from common.money import round_to_cents
from pricing.rules import MethodRules, QuantityDiscount, StorefrontRules, winning_discount


@dataclass(frozen=True)
class Charge:
    """One reason why a piece costs what it costs. `amount` is per piece."""

    rule: str
    description: str
    amount: Decimal


@dataclass(frozen=True)
class LinePrice:
    """A priced line: `total` is `unit_price * quantity`, `unit_price` the sum of the charges, both whole cents."""

    charges: tuple[Charge, ...]
    unit_price: Decimal
    quantity: int
    total: Decimal


@dataclass(frozen=True)
class GarmentLine:
    """What the storefront's price depends on: the blank, and which places carry artwork."""

    product_slug: str
    base_price: Decimal
    has_front: bool
    has_back: bool
    has_neck: bool
    quantity: int


def price_garment(rules: StorefrontRules, line: GarmentLine) -> LinePrice:
    """The storefront's price of a line (CONTRACT 3.5): the garment, plus a second side, plus a neck label."""
    cite = f"{rules.book}@{rules.version}"
    charges = [Charge(f"{cite}/garment", "Garment with one printed side", line.base_price)]
    if line.has_front and line.has_back:
        charges.append(Charge(f"{cite}/second_side", "Second printed side", rules.second_side))
    neck = rules.neck_label.get(line.product_slug, Decimal(0))
    if line.has_neck and neck:
        charges.append(Charge(f"{cite}/neck_label", "Neck label", neck))
    unit_price = round_to_cents(sum((charge.amount for charge in charges), Decimal(0)))
    return LinePrice(tuple(charges), unit_price, line.quantity, unit_price * line.quantity)


@dataclass(frozen=True)
class PlacementSpec:
    """One decorated place of a quote by method: the number of ink colours and the size in inches."""

    ink_colours: int
    width_in: Decimal
    height_in: Decimal

    @property
    def area_sq_in(self) -> Decimal:
        return self.width_in * self.height_in


@dataclass(frozen=True)
class MethodPrice:
    """A quote by method. Amounts are per piece, at full precision, but for the three totals, which are whole cents."""

    variant_price: Decimal
    charges: tuple[Charge, ...]
    multiplier: Decimal
    decoration_price: Decimal
    unit_price: Decimal
    gross: Decimal
    discount: QuantityDiscount | None
    discount_amount: Decimal
    subtotal: Decimal


def price_method(
    rules: MethodRules,
    discounts: Sequence[QuantityDiscount],
    *,
    variant_price: Decimal,
    placements: Sequence[PlacementSpec],
    quantity: int,
) -> MethodPrice:
    """A quote by decoration method (CONTRACT 3.2): decoration times its quantity break, then the global discount."""
    colours = sum(placement.ink_colours for placement in placements)
    area_sq_in = sum((placement.area_sq_in for placement in placements), Decimal(0))
    candidates = (
        Charge(f"{rules.method}/base_price", "Base price", rules.base_price),
        Charge(
            f"{rules.method}/per_location",
            f"{len(placements)} location(s)",
            rules.per_location * len(placements),
        ),
        Charge(f"{rules.method}/per_color", f"{colours} ink colour(s)", rules.per_color * colours),
        Charge(f"{rules.method}/per_square_inch", f"{area_sq_in} sq in", rules.per_square_inch * area_sq_in),
    )
    charges = tuple(charge for charge in candidates if charge.amount)
    multiplier = rules.multiplier(quantity)
    decoration = sum((charge.amount for charge in charges), Decimal(0)) * multiplier
    unit_price = variant_price + decoration
    discount = winning_discount(discounts, quantity)
    exact_gross = unit_price * quantity
    exact_discount = exact_gross * discount.percent / 100 if discount else Decimal(0)
    subtotal = round_to_cents(exact_gross - exact_discount)
    gross = round_to_cents(exact_gross)
    return MethodPrice(
        variant_price=variant_price,
        charges=charges,
        multiplier=multiplier,
        decoration_price=decoration,
        unit_price=unit_price,
        gross=gross,
        discount=discount,
        discount_amount=gross - subtotal,
        subtotal=subtotal,
    )
