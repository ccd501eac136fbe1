"""Sums of an order. Pure: totals are sums of lines that are already whole cents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from common.money import CENT

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class OrderTotals:
    """What an order comes to. `gift_card` is the part that is paid before any card is charged."""

    subtotal: Decimal
    shipping: Decimal
    tax: Decimal
    discount: Decimal = ZERO
    gift_card: Decimal = ZERO

    @property
    def before_gift_card(self) -> Decimal:
        return self.subtotal + self.shipping + self.tax - self.discount

    @property
    def total(self) -> Decimal:
        """What remains to be paid by card."""
        return self.before_gift_card - self.gift_card

    def paid_by_gift_card(self, balance: Decimal) -> OrderTotals:
        """The same totals with as much of them on the gift card as it holds."""
        return replace(self, gift_card=min(balance, self.before_gift_card))


def order_totals(
    line_totals: Iterable[Decimal], *, shipping: Decimal, tax: Decimal, discount: Decimal = ZERO
) -> OrderTotals:
    return OrderTotals(sum(line_totals, ZERO), shipping, tax, discount)


def allocate(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`amount` split in proportion to `weights`, in whole cents that add up to it exactly.

    Largest remainder: every share is rounded down, and the cents left over go to the largest fractions, the earlier
    first. All weights zero: the first takes all.
    """
    total = sum(weights, Decimal(0))
    if not weights:
        return []
    if total == 0:
        return [amount, *[ZERO] * (len(weights) - 1)]
    exact = [amount * weight / total for weight in weights]
    shares = [share.quantize(CENT, rounding="ROUND_FLOOR") for share in exact]
    left_over = int((amount - sum(shares, ZERO)) / CENT)
    by_fraction = sorted(range(len(exact)), key=lambda index: shares[index] - exact[index])
    for index in by_fraction[:left_over]:
        shares[index] += CENT
    return shares
