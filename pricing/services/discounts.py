"""Redeeming and releasing discount codes. Two carts cannot spend the same budget: the code's row is locked."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from common.errors import Unprocessable
from common.money import round_to_cents
from pricing.models import DiscountCode, DiscountRedemption

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Discount:
    """What a code takes off: `goods` from the subtotal and `shipping` from shipping."""

    code: str
    goods: Decimal
    shipping: Decimal

    @property
    def amount(self) -> Decimal:
        return self.goods + self.shipping


def _refused(message: str, code: str) -> Unprocessable:
    return Unprocessable(
        message, code=code, errors=[{"pointer": "/discount_code", "code": code, "detail": message}]
    )


def discount_preview(code: str, *, customer: str, subtotal: Decimal, shipping: Decimal) -> Discount:
    """What the code would take off now. Raises Unprocessable with the reason why it takes nothing."""
    row = _known(DiscountCode.objects.filter(code=code.strip().upper()).first())
    return _worth(row, customer=customer, subtotal=subtotal, shipping=shipping)


def _known(row: DiscountCode | None) -> DiscountCode:
    if row is None:
        raise _refused("This code is not valid.", "discount_unknown")
    return row


def _worth(row: DiscountCode, *, customer: str, subtotal: Decimal, shipping: Decimal) -> Discount:
    now = timezone.now()
    if not row.active or (row.starts_at and now < row.starts_at):
        raise _refused("This code is not valid.", "discount_unknown")
    if row.ends_at and now >= row.ends_at:
        raise _refused("This code has expired.", "discount_expired")
    if subtotal < row.minimum_spend:
        raise _refused(
            f"This code needs a subtotal of at least ${row.minimum_spend}.", "discount_minimum_spend"
        )
    if row.per_customer_cap is not None:
        used = row.redemptions.filter(customer=customer, status=DiscountRedemption.Status.HELD).count()
        if used >= row.per_customer_cap:
            raise _refused("You have used this code as often as it allows.", "discount_used_up")
    goods, off_shipping = _amounts(row, subtotal, shipping)
    if row.budget is not None and row.given_away + goods + off_shipping > row.budget:
        raise _refused("This code has been used up.", "discount_budget_spent")
    return Discount(row.code, goods, off_shipping)


def _amounts(row: DiscountCode, subtotal: Decimal, shipping: Decimal) -> tuple[Decimal, Decimal]:
    if row.kind == DiscountCode.Kind.FREE_SHIPPING:
        return ZERO, shipping
    if row.kind == DiscountCode.Kind.PERCENT:
        return round_to_cents(subtotal * row.value / 100), ZERO
    return min(row.value, subtotal), ZERO


@transaction.atomic
def discount_redeem(
    code: str, *, reference: UUID, customer: str, subtotal: Decimal, shipping: Decimal
) -> Discount:
    """Takes the discount for the order `reference`, in the transaction that makes the order. Raises Unprocessable."""
    row = _known(DiscountCode.objects.select_for_update().filter(code=code.strip().upper()).first())
    discount = _worth(row, customer=customer, subtotal=subtotal, shipping=shipping)
    DiscountRedemption.objects.create(
        code=row, reference=reference, customer=customer, amount=discount.amount
    )
    DiscountCode.objects.filter(code=discount.code).update(given_away=F("given_away") + discount.amount)
    return discount


@transaction.atomic
def discount_release(reference: UUID) -> None:
    """Gives the budget back for an order that came to nothing. Repeating it changes nothing."""
    redemption = DiscountRedemption.objects.filter(reference=reference).first()
    if redemption is None:
        return
    released = DiscountRedemption.objects.filter(
        pk=redemption.pk, status=DiscountRedemption.Status.HELD
    ).update(status=DiscountRedemption.Status.RELEASED, updated_at=timezone.now())
    if released:
        changes: dict[str, Any] = {"given_away": F("given_away") - redemption.amount}
        DiscountCode.objects.filter(pk=redemption.code_id).update(**changes)
