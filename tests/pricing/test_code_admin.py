"""Staff issue gift cards and discount codes; a card's code is shown once."""

from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import User
from pricing.models import DiscountCode, GiftCard
from pricing.services.gift_cards import gift_card_balance

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_client() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("o@example.com", None, name="O", role=User.Role.OWNER))
    return client


INLINE = {"entries-TOTAL_FORMS": "0", "entries-INITIAL_FORMS": "0"}


def test_a_card_is_issued_and_its_code_shown_once(admin_client: Client) -> None:
    form = {"amount": "25.00", "expires_at_0": "", "expires_at_1": "", **INLINE}
    answer = admin_client.post("/admin/pricing/giftcard/add/", form, follow=True)
    text = answer.content.decode()
    assert "It is shown only now" in text
    code = text.split("The code of this card is ")[1].split(".")[0]
    assert gift_card_balance(code) == Decimal("25.00")
    assert GiftCard.objects.count() == 1
    for path in ("/admin/pricing/giftcard/", f"/admin/pricing/giftcard/{GiftCard.objects.get().pk}/change/"):
        answer = admin_client.get(path)
        assert answer.status_code == 200 and code not in answer.content.decode()


@pytest.mark.parametrize("amount", ["0", "-5", "lots", ""])
def test_a_card_needs_an_amount(admin_client: Client, amount: str) -> None:
    assert admin_client.post("/admin/pricing/giftcard/add/", {"amount": amount, **INLINE}).status_code == 200
    assert GiftCard.objects.count() == 0


def test_a_code_is_kept_in_capitals(admin_client: Client) -> None:
    form = {
        "code": " summer ", "kind": "percent", "value": "10", "minimum_spend": "0", "active": "on",
        "starts_at_0": "", "starts_at_1": "", "ends_at_0": "", "ends_at_1": "",
    }  # fmt: skip
    assert admin_client.post("/admin/pricing/discountcode/add/", form).status_code == 302
    assert DiscountCode.objects.get().code == "SUMMER"
    for page in ("discountcode", "quote", "pricebook"):
        assert admin_client.get(f"/admin/pricing/{page}/").status_code == 200
