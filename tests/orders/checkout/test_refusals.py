"""Orders that are refused before anything is written or the payment provider is asked; whose an order then is.

The refusals that the storefront's contract names stand in `tests/contracts/test_order_refusals.py`.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import User
from demo.storefront import Json, Storefront
from orders.models import Order
from orders.payments.backends.testing import TestGateway as Gateway
from tests.contracts.baskets import CREATE, CUSTOMER, create, hoodie, order_body, tee
from tests.contracts.expectations import nothing_changes
from tests.contracts.in_process import storefront
from uploads.models import Asset

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def gateway_calls(monkeypatch: pytest.MonkeyPatch) -> list[Json]:
    """Every intent that the provider was asked for."""
    calls: list[Json] = []
    real = Gateway.create_intent

    def spy(self: Gateway, **kwargs: Any) -> Any:
        calls.append(kwargs)
        return real(self, **kwargs)

    monkeypatch.setattr(Gateway, "create_intent", spy)
    return calls


def refused(shop: Storefront, body: Json, gateway_calls: list[Json]) -> tuple[int, str]:
    """Status and code of the refusal, which has left no row anywhere and has not reached the provider."""
    with nothing_changes():
        answer = shop.call("POST", CREATE, json=body)
    assert gateway_calls == []
    assert answer.status_code >= 400
    return answer.status_code, answer.json()["code"]


def test_an_order_that_is_taken_asks_for_its_total_in_cents(
    guest: Storefront, art: Json, gateway_calls: list[Json]
) -> None:
    order = create(guest, tee(art, quantity=9))["order"]
    (call,) = gateway_calls
    assert (call["amount_cents"], call["currency"], call["order_id"]) == (12180, "usd", order["id"])


def test_an_empty_cart_is_refused(guest: Storefront, art: Json, gateway_calls: list[Json]) -> None:
    assert refused(guest, order_body(tee(art)) | {"items": []}, gateway_calls) == (400, "invalid")
    assert refused(guest, order_body(tee(art)) | {"items": {}}, gateway_calls) == (400, "invalid")


def test_a_cart_has_at_most_fifty_lines(guest: Storefront, gateway_calls: list[Json]) -> None:
    items = [tee(None)] * 51
    assert refused(guest, order_body(*items), gateway_calls) == (400, "invalid")


def test_a_line_has_at_most_a_thousand_pieces(guest: Storefront, gateway_calls: list[Json]) -> None:
    assert refused(guest, order_body(tee(None, quantity=1001)), gateway_calls) == (400, "invalid")


def test_a_total_beyond_the_shops_limit_is_for_the_staff(
    guest: Storefront, gateway_calls: list[Json]
) -> None:
    body = order_body(*[tee(None, quantity=1000)] * 4)  # 51920.00
    assert refused(guest, body, gateway_calls) == (422, "total_too_large")


@pytest.mark.parametrize(("view", "count"), [("frontArtworks", 5), ("backArtworks", 5)])
def test_a_side_has_at_most_four_artworks(
    guest: Storefront, art: Json, gateway_calls: list[Json], view: str, count: int
) -> None:
    item = tee(art)
    item["customization"][view] = item["customization"]["frontArtworks"] * count
    assert refused(guest, order_body(item), gateway_calls) == (400, "invalid")


def test_a_subtotal_belongs_to_its_items(guest: Storefront, art: Json, gateway_calls: list[Json]) -> None:
    body = order_body(tee(art), hoodie(art), subtotal=1, total=5.98)
    assert refused(guest, body, gateway_calls) == (409, "price_changed")


def test_the_price_of_one_line_does_not_hide_in_another(
    guest: Storefront, art: Json, gateway_calls: list[Json]
) -> None:
    """The sum is right, the lines are not."""
    cheap, dear = tee(art, unit_price=2.98), tee(None, unit_price=22.98)
    assert refused(guest, order_body(cheap, dear), gateway_calls) == (409, "price_changed")


def test_a_print_method_that_the_shop_does_not_have(
    guest: Storefront, art: Json, gateway_calls: list[Json]
) -> None:
    item = tee(art)
    item["customization"]["method"] = "leather_patch"
    assert refused(guest, order_body(item), gateway_calls) == (422, "method_not_found")


@pytest.mark.parametrize(
    "email",
    [
        "ada@example.com\nBcc: all@example.com",
        "ada@example.com\r\nBcc: all@example.com",
        "ada@example.com, all@example.com",
        "Ada <ada@example.com>",
        "ada",
        "",
        "ada@" + "x" * 250 + ".com",
    ],
    ids=lambda email: repr(email[:20]),
)
def test_an_address_is_one_address(guest: Storefront, gateway_calls: list[Json], email: str) -> None:
    body = order_body(tee(None), customer=CUSTOMER | {"email": email})
    assert refused(guest, body, gateway_calls) == (400, "invalid")


def in_cents(amount: Any) -> Decimal | None:
    """Whole cents, half up; None for what is no amount that anybody could pay."""
    is_number = isinstance(amount, (int, float)) and not isinstance(amount, bool)
    if not is_number or abs(amount) > 10**9:
        return None
    return Decimal(str(amount)).quantize(Decimal("0.01"), ROUND_HALF_UP)


amounts = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(min_value=-(10**12), max_value=10**12),
    st.decimals(min_value=0, max_value=60, places=2).map(float),
    st.sampled_from(["12.98", "", None, True, [], {}]),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    name=st.sampled_from(["unit_price", "total_price", "subtotal", "shipping", "tax", "total"]),
    amount=amounts,
)
@example(name="unit_price", amount=0.01)
@example(name="shipping", amount=-4.98)
@example(name="total", amount=1e308)
@example(name="total", amount=17.964999)
@example(name="total", amount=17.965)
@example(name="unit_price", amount=12.980000000000002)
def test_no_amount_but_the_right_one_is_taken(
    catalogue: None, gateway_calls: list[Json], name: str, amount: Any
) -> None:
    """Whatever stands there: it rounds to the cent that the shop itself works out, or the order is refused."""
    right = {
        "unit_price": 12.98,
        "total_price": 12.98,
        "subtotal": 12.98,
        "shipping": 4.98,
        "tax": 0,
        "total": 17.96,
    }
    body = order_body(tee(None))
    (body["items"][0] if name in ("unit_price", "total_price") else body)[name] = amount
    before = Order.objects.count()
    answer = storefront().call("POST", CREATE, json=body)
    if in_cents(amount) == in_cents(right[name]):
        assert answer.status_code == 201
        assert answer.json()["data"]["order"]["total"] == 17.96
    else:
        assert answer.status_code in (400, 409)
        assert (Order.objects.count(), len(gateway_calls)) == (before, before)


def test_each_order_keeps_its_own_copy_of_who_ordered(guest: Storefront, art: Json) -> None:
    """A stranger who types a customer's address neither sees nor changes what that customer has entered."""
    create(guest, tee(art), customer=CUSTOMER | {"phone": "555-0100"})
    create(guest, tee(None), customer={"email": "ADA@Example.com", "name": "Mallory", "phone": ""})
    assert set(Order.objects.values_list("customer_email", "customer_name", "customer_phone", "user")) == {
        ("ada@example.com", "Ada Lovelace", "555-0100", None),
        ("ada@example.com", "Mallory", "", None),
    }


def test_an_order_belongs_to_the_account_that_placed_it(
    customer: Storefront, customer_user: User, guest: Storefront, art: Json
) -> None:
    create(customer, tee(art), customer=CUSTOMER | {"email": "office@example.com"})
    create(guest, tee(None), customer=CUSTOMER | {"email": customer_user.email})
    owners = dict(Order.objects.values_list("customer_email", "user"))
    assert owners == {"office@example.com": customer_user.pk, customer_user.email: None}
    assert Asset.objects.get(pk=art["id"]).owner == customer_user, (
        "a guest's artwork goes to its first account"
    )
