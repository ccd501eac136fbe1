"""What each line of an order has cost the customer's card. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from common.money import round_to_cents
from orders.totals import ZERO, allocate


@dataclass(frozen=True)
class Paid:
    """The money of an order that was paid by card, split to the cent: one amount per line, and shipping."""

    lines: tuple[Decimal, ...]
    shipping: Decimal


def paid_shares(
    line_totals: Sequence[Decimal], *, shipping: Decimal, tax: Decimal, discount: Decimal, total: Decimal
) -> Paid:
    """`total` split over lines and shipping.

    Tax and discount are spread over the lines in proportion to their prices; what a discount exceeds the goods by came
    off shipping. What a gift card has paid is taken from every part alike.
    """
    off_goods = min(discount, sum(line_totals, ZERO))
    taxes, discounts = allocate(tax, line_totals), allocate(off_goods, line_totals)
    goods = [price + share - off for price, share, off in zip(line_totals, taxes, discounts, strict=True)]
    *lines, for_shipping = allocate(total, [*goods, shipping - (discount - off_goods)])
    return Paid(tuple(lines), for_shipping)


def pieces_share(paid: Decimal, quantity: int, before: int, pieces: int) -> Decimal:
    """What `pieces` of a line's `quantity` cost, after `before` of them went back: the parts add up to `paid`."""
    return _first(paid, quantity, before + pieces) - _first(paid, quantity, before)


def _first(paid: Decimal, quantity: int, pieces: int) -> Decimal:
    return round_to_cents(paid * pieces / quantity)
