"""Sums of an order. Pure: totals are sums of lines that are already whole cents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class OrderTotals:
    subtotal: Decimal
    shipping: Decimal
    tax: Decimal
    discount: Decimal

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.shipping + self.tax - self.discount


def order_totals(
    line_totals: Iterable[Decimal], *, shipping: Decimal, tax: Decimal, discount: Decimal = Decimal("0.00")
) -> OrderTotals:
    return OrderTotals(sum(line_totals, Decimal("0.00")), shipping, tax, discount)
