"""Money is Decimal; integer cents exist only at the payment provider's edge."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def round_to_cents(amount: Decimal) -> Decimal:
    """`amount` rounded half up to two places: the only rounding rule of the shop."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def to_cents(amount: Decimal) -> int:
    """Whole cents of an amount that has at most two places. Raises ValueError on a fraction of a cent."""
    cents = amount * 100
    if cents != cents.to_integral_value():
        raise ValueError(f"{amount} is not a whole number of cents")
    return int(cents)


def from_cents(cents: int) -> Decimal:
    """The amount of `cents` with exactly two places."""
    return (Decimal(cents) / 100).quantize(CENT)


def money_text(amount: Decimal) -> str:
    """`$1,234.50`, for e-mails and sheets."""
    return f"${round_to_cents(amount):,.2f}"
