"""Discount codes and gift cards: nobody spends the same money twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from common.errors import Unprocessable
from pricing.models import DiscountCode, GiftCard, GiftCardEntry
from pricing.services.discounts import Discount, discount_preview, discount_redeem, discount_release
from pricing.services.gift_cards import (
    gift_card_balance,
    gift_card_give_back,
    gift_card_issue,
    gift_card_spend,
)

pytestmark = pytest.mark.django_db
D = Decimal


def code(**fields: Any) -> DiscountCode:
    return DiscountCode.objects.create(**({"code": "save", "kind": "percent", "value": D(10)} | fields))


def preview(subtotal: str = "100.00", customer: str = "a@example.com") -> Discount:
    return discount_preview(" Save ", customer=customer, subtotal=D(subtotal), shipping=D("4.98"))


def redeem(customer: str = "a@example.com", reference: UUID | None = None) -> Discount:
    return discount_redeem(
        "SAVE", reference=reference or uuid4(), customer=customer, subtotal=D("100.00"), shipping=D("4.98")
    )


@pytest.mark.parametrize(
    ("fields", "subtotal", "goods", "shipping"),
    [
        ({}, "12.98", "1.30", "0.00"),
        ({"value": D(100)}, "12.98", "12.98", "0.00"),
        ({"kind": "fixed", "value": D(5)}, "12.98", "5.00", "0.00"),
        ({"kind": "fixed", "value": D(50)}, "12.98", "12.98", "0.00"),
        ({"kind": "free_shipping"}, "12.98", "0.00", "4.98"),
        ({"minimum_spend": D("12.98")}, "12.98", "1.30", "0.00"),
    ],
)
def test_what_a_code_takes_off(fields: dict[str, Any], subtotal: str, goods: str, shipping: str) -> None:
    code(**fields)
    assert preview(subtotal) == Discount("SAVE", D(goods), D(shipping))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"code": "other"}, "discount_unknown"),
        ({"active": False}, "discount_unknown"),
        ({"starts_at": timezone.now() + timedelta(days=1)}, "discount_unknown"),
        ({"ends_at": timezone.now() - timedelta(seconds=1)}, "discount_expired"),
        ({"minimum_spend": D("100.01")}, "discount_minimum_spend"),
        ({"budget": D("9.99")}, "discount_budget_spent"),
        ({"per_customer_cap": 0}, "discount_used_up"),
    ],
)
def test_why_a_code_takes_nothing_off(fields: dict[str, Any], reason: str) -> None:
    code(**fields)
    with pytest.raises(Unprocessable) as refusal:
        preview()
    assert (refusal.value.code, refusal.value.errors[0]["pointer"]) == (reason, "/discount_code")


def test_a_customers_cap_counts_live_redemptions_only() -> None:
    code(per_customer_cap=1)
    reference = uuid4()
    redeem(reference=reference)
    with pytest.raises(Unprocessable):
        redeem()
    redeem(customer="b@example.com")
    discount_release(reference)
    discount_release(reference)
    assert DiscountCode.objects.get().given_away == D("10.00")
    redeem()


def test_the_database_itself_keeps_the_budget() -> None:
    code(budget=D("15.00"))
    with pytest.raises(IntegrityError), transaction.atomic():
        DiscountCode.objects.update(given_away=D("15.01"))


def _race(step: Callable[[], Any], times: int) -> list[str]:
    barrier, outcomes = threading.Barrier(times), []

    def run() -> None:
        barrier.wait()
        try:
            step()
            outcomes.append("taken")
        except Unprocessable as error:
            outcomes.append(error.code)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_ten_carts_racing_for_a_budget_of_three_get_three() -> None:
    code(budget=D("30.00"))
    assert _race(redeem, 10) == ["discount_budget_spent"] * 7 + ["taken"] * 3
    assert DiscountCode.objects.get().given_away == D("30.00")


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_ten_carts_racing_for_a_gift_card_of_three_get_three() -> None:
    card, secret = gift_card_issue(D("30.00"))
    outcomes = _race(lambda: gift_card_spend(secret, D("10.00"), reference=uuid4()), 10)
    assert outcomes == ["gift_card_insufficient"] * 7 + ["taken"] * 3
    card.refresh_from_db()
    assert card.balance == 0 == sum(entry.amount for entry in card.entries.all())


def test_a_gift_cards_balance_is_the_sum_of_its_ledger() -> None:
    card, secret = gift_card_issue(D("50.00"))
    order = uuid4()
    gift_card_spend(secret.lower().replace("-", " "), D("17.96"), reference=order)
    assert gift_card_balance(secret) == D("32.04")
    gift_card_give_back(order)
    gift_card_give_back(order)
    assert gift_card_balance(secret) == D("50.00")
    kinds = list(GiftCardEntry.objects.values_list("kind", "amount"))
    assert kinds == [("issue", D("50.00")), ("spend", D("-17.96")), ("give_back", D("17.96"))]
    assert secret not in str(GiftCard.objects.values()) and card.last_four == secret[-4:]


def test_what_is_no_live_card_is_refused() -> None:
    _, secret = gift_card_issue(D("5.00"), expires_at=timezone.now() - timedelta(seconds=1))
    for text, reason in ((secret, "gift_card_expired"), ("NOPE", "gift_card_unknown")):
        with pytest.raises(Unprocessable) as refusal:
            gift_card_spend(text, D("1.00"), reference=uuid4())
        assert refusal.value.code == reason
    with pytest.raises(ValueError, match="above zero"):
        gift_card_issue(D("0.00"))
