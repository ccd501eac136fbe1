"""Issuing, spending and giving back gift-card money. The balance is taken by one conditional update: it cannot go
below zero, whoever races."""

from __future__ import annotations

import secrets
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from common.errors import Unprocessable
from pricing.models import GiftCard, GiftCardEntry

ZERO = Decimal("0.00")
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTWXYZ"
_GROUPS, _GROUP_LENGTH = 4, 5  # 97 random bits


def _unusable(message: str, code: str) -> Unprocessable:
    return Unprocessable(
        message, code=code, errors=[{"pointer": "/gift_card_code", "code": code, "detail": message}]
    )


@transaction.atomic
def gift_card_issue(amount: Decimal, *, expires_at: datetime | None = None) -> tuple[GiftCard, str]:
    """A new card and its code, which is shown this once. Raises ValueError for an amount that is not above zero."""
    if amount <= 0:
        raise ValueError("a gift card needs an amount above zero")
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    code = "-".join(groups)
    card = GiftCard.objects.create(
        code_hash=GiftCard.hash_code(code),
        last_four=code[-4:],
        currency=settings.CURRENCY,
        balance=amount,
        expires_at=expires_at,
    )
    GiftCardEntry.objects.create(card=card, kind=GiftCardEntry.Kind.ISSUE, amount=amount)
    return card, code


def gift_card_balance(code: str) -> Decimal:
    """What the card still holds. Raises Unprocessable for an unknown or expired card."""
    return _usable(code).balance


def _usable(code: str) -> GiftCard:
    card = GiftCard.objects.filter(code_hash=GiftCard.hash_code(code)).first()
    if card is None:
        raise _unusable("This gift card is not known.", "gift_card_unknown")
    if card.expires_at and card.expires_at <= timezone.now():
        raise _unusable("This gift card has expired.", "gift_card_expired")
    return card


@transaction.atomic
def gift_card_spend(code: str, amount: Decimal, *, reference: UUID) -> None:
    """Takes exactly `amount` off the card for the order `reference`. Raises Unprocessable where it does not hold it."""
    card = _usable(code)
    live = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
    taken = GiftCard.objects.filter(live, pk=card.pk, balance__gte=amount).update(
        balance=F("balance") - amount, updated_at=timezone.now()
    )
    if not taken:
        raise _unusable("This gift card does not hold that much any more.", "gift_card_insufficient")
    GiftCardEntry.objects.create(
        card=card, kind=GiftCardEntry.Kind.SPEND, amount=-amount, reference=reference
    )


@transaction.atomic
def gift_card_give_back(reference: UUID) -> None:
    """Returns what the order `reference` had taken. Repeating it changes nothing."""
    spent = GiftCardEntry.objects.filter(reference=reference, kind=GiftCardEntry.Kind.SPEND).first()
    if spent is None:
        return
    # Locking the card first makes a second caller wait, and then see the entry that the first one wrote.
    card = GiftCard.objects.select_for_update().get(pk=spent.card_id)
    given_back = GiftCardEntry.objects.filter(reference=reference, kind=GiftCardEntry.Kind.GIVE_BACK)
    if given_back.exists():
        return
    GiftCardEntry.objects.create(
        card=card, kind=GiftCardEntry.Kind.GIVE_BACK, amount=-spent.amount, reference=reference
    )
    GiftCard.objects.filter(pk=card.pk).update(balance=F("balance") - spent.amount, updated_at=timezone.now())
