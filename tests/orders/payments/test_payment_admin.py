"""Staff refund pieces, amounts or everything on a page of the order, and end holds; strangers do neither."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import User
from orders import lifecycle
from orders.models import Refund, RefundLine, StaffAlert
from orders.payments.backends import bank
from tests.factories.accounts import verified_browser
from tests.orders.conftest import Waiting
from tests.orders.payments.work import state, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(waiting: Waiting) -> Waiting:
    bank.confirm_intent(
        waiting.intent.pk, client_secret=waiting.payment.client_secret, payment_method="pm_card_visa"
    )
    work_off()
    return waiting


@pytest.fixture
def owner() -> Client:
    return verified_browser(
        User.objects.create_user("boss@example.com", None, name="Boss", role=User.Role.OWNER)
    )


def address(waiting: Waiting, page: str = "refund") -> str:
    return f"/admin/orders/order/{waiting.order.pk}/{page}/"


def test_the_page_shows_what_is_left_and_refunds_pieces(paid: Waiting, owner: Client) -> None:
    page = owner.get(address(paid)).content.decode()
    assert "$17.96" in page and "Classic" in page and "1 of 1" in page
    answer = owner.post(
        address(paid), {"what": "lines", "line_1": "1", "reason": "requested_by_customer", "remark": "torn"}
    )
    assert answer.status_code == 302
    refund = Refund.objects.get()
    assert (refund.amount, refund.remark, refund.actor.split(":")[0]) == (Decimal("12.98"), "torn", "staff")
    assert RefundLine.objects.get().quantity == 1
    work_off()
    assert state(paid.order)["payment"] == "partially_refunded"
    page = owner.get(address(paid)).content.decode()
    assert "$4.98" in page and "0 of 1" in page and "succeeded" in page.lower()


@pytest.mark.parametrize(
    ("form", "amount"),
    [
        ({"what": "all"}, "17.96"),
        ({"what": "amount", "amount": "3.50"}, "3.50"),
        ({"what": "lines", "shipping": "on"}, "4.98"),
    ],
    ids=["all", "amount", "shipping"],
)
def test_everything_an_amount_or_shipping(
    paid: Waiting, owner: Client, form: dict[str, str], amount: str
) -> None:
    assert owner.post(address(paid), form | {"reason": "other"}).status_code == 302
    assert Refund.objects.get().amount == Decimal(amount)


@pytest.mark.parametrize(
    "form",
    [
        {"what": "lines"}, {"what": "amount"}, {"what": "amount", "amount": "17.97"},
        {"what": "amount", "amount": "-1"}, {"what": "lines", "line_1": "2"}, {"what": "nothing"},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_refunded_is_said_on_the_page(
    paid: Waiting, owner: Client, form: dict[str, str]
) -> None:
    answer = owner.post(address(paid), form | {"reason": "other"})
    assert (answer.status_code, "errorlist" in answer.content.decode()) == (200, True)
    assert Refund.objects.count() == 0


def test_the_action_leads_to_the_page_of_one_order(paid: Waiting, owner: Client) -> None:
    form = {"action": "refund", "_selected_action": [str(paid.order.pk)]}
    answer = owner.post("/admin/orders/order/", form)
    assert (answer.status_code, answer["Location"]) == (302, address(paid))


def test_a_hold_is_ended_by_staff(paid: Waiting, owner: Client) -> None:
    lifecycle.order_hold(paid.order, reason="refund_failed", actor="system")
    assert "Release the hold" in owner.get(address(paid, "change")).content.decode()
    release = address(paid, "act/release")
    assert owner.get(release).status_code == 405
    assert owner.post(release, {"release-note": "The bank has paid."}).status_code == 302
    assert state(paid.order)["hold"] == ""
    answer = owner.post(release, {"release-note": "Once more."}, follow=True)
    assert "not on hold" in answer.content.decode()


def test_without_the_second_factor_nobody_refunds(paid: Waiting) -> None:
    client = Client()
    client.force_login(User.objects.create_user("boss@example.com", None, name="Boss", role=User.Role.OWNER))
    answer = client.post(address(paid), {"what": "all", "reason": "other"})
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/admin/two-factor")
    assert Refund.objects.count() == 0


@pytest.mark.parametrize("role", ["art", "support", "printer"])
def test_other_roles_refund_nothing(paid: Waiting, role: str) -> None:
    client = verified_browser(User.objects.create_user("s@example.com", None, name="S", role=role))
    assert client.get(address(paid)).status_code == 403
    assert client.post(address(paid), {"what": "all", "reason": "other"}).status_code == 403
    assert Refund.objects.count() == 0


def test_strangers_and_customers_refund_nothing(paid: Waiting) -> None:
    customer = Client()
    customer.force_login(User.objects.create_user("eve@example.com", None, name="Eve"))
    for client in (Client(), customer):
        for page in ("refund", "act/release"):
            assert client.post(address(paid, page), {"what": "all", "reason": "other"}).status_code == 302
    assert Refund.objects.count() == 0


@pytest.mark.parametrize("model", ["payment", "refund", "dispute", "staffalert", "paymentstop"])
def test_the_books_can_be_looked_at_and_not_changed(paid: Waiting, owner: Client, model: str) -> None:
    bank.make_refund(paid.intent.pk, 100)
    bank.open_dispute(paid.intent.pk)
    work_off()
    assert StaffAlert.objects.exists()
    assert owner.get(f"/admin/orders/{model}/").status_code == 200
    assert owner.get(f"/admin/orders/{model}/add/").status_code == 403
