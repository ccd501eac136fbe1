"""Price rules as typed values, parsed once from the stored JSON. Pure: no database, no float."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any


class RulesInvalid(ValueError):
    """Stored rules that cannot be read; names the member."""


def _amount(rules: Mapping[str, Any], name: str) -> Decimal:
    value = rules.get(name, "0")
    if isinstance(value, float):
        raise RulesInvalid(f'{name}: amounts are strings such as "5.00", never floats')
    try:
        amount = Decimal(value)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise RulesInvalid(f"{name}: {value!r} is not an amount") from error
    if not amount.is_finite() or amount < 0:
        raise RulesInvalid(f"{name}: {value!r} is not an amount")
    return amount


@dataclass(frozen=True)
class QuantityBreak:
    """The factor on the decoration price from `minimum` to `maximum` pieces (None: no upper end)."""

    minimum: int
    maximum: int | None
    multiplier: Decimal

    def covers(self, quantity: int) -> bool:
        return self.minimum <= quantity and (self.maximum is None or quantity <= self.maximum)


@dataclass(frozen=True)
class MethodRules:
    """What decoration by one method costs, before the garment."""

    method: str
    base_price: Decimal
    per_color: Decimal
    per_location: Decimal
    per_square_inch: Decimal
    quantity_breaks: tuple[QuantityBreak, ...]

    @classmethod
    def parse(cls, method: str, rules: Mapping[str, Any]) -> MethodRules:
        """Raises RulesInvalid."""
        breaks = tuple(
            QuantityBreak(
                int(step["min"]),
                None if step.get("max") is None else int(step["max"]),
                _amount(step, "multiplier"),
            )
            for step in rules.get("quantity_breaks", [])
        )
        return cls(
            method=method,
            base_price=_amount(rules, "base_price"),
            per_color=_amount(rules, "per_color"),
            per_location=_amount(rules, "per_location"),
            per_square_inch=_amount(rules, "per_square_inch"),
            quantity_breaks=breaks,
        )

    def multiplier(self, quantity: int) -> Decimal:
        return next((step.multiplier for step in self.quantity_breaks if step.covers(quantity)), Decimal(1))


@dataclass(frozen=True)
class QuantityDiscount:
    """A percentage off the whole line for a range of quantities; of those that cover it, the highest priority wins."""

    name: str
    minimum: int
    maximum: int | None
    percent: Decimal
    priority: int

    def covers(self, quantity: int) -> bool:
        return self.minimum <= quantity and (self.maximum is None or quantity <= self.maximum)


def winning_discount(discounts: Sequence[QuantityDiscount], quantity: int) -> QuantityDiscount | None:
    covering = [discount for discount in discounts if discount.covers(quantity)]
    return max(covering, key=lambda discount: discount.priority, default=None)


@dataclass(frozen=True)
class StorefrontRules:
    """What the storefront adds to a garment's price, and what it charges for shipping."""

    book: str
    version: int
    second_side: Decimal
    neck_label: Mapping[str, Decimal]  # by product slug; a product that is not named charges nothing
    shipping: Mapping[str, Decimal]  # by country

    @classmethod
    def parse(cls, book: str, version: int, rules: Mapping[str, Any]) -> StorefrontRules:
        """Raises RulesInvalid."""
        neck = rules.get("neck_label", {})
        shipping = rules.get("shipping", {})
        return cls(
            book=book,
            version=version,
            second_side=_amount(rules, "second_side"),
            neck_label={slug: _amount(neck, slug) for slug in neck},
            shipping={country: _amount(shipping, country) for country in shipping},
        )
