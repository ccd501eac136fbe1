"""A worker or web process may die between any two steps of a payment: nothing is lost, nothing happens twice.

A death is played at every single SQL statement and every call of the provider in turn, by an exception that no code
catches and that rolls the open transaction back, as the database does for a client that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from demo.storefront import Json, Storefront
from orders.models import Order, Payment
from orders.payments import services
from orders.payments.backends import bank
from orders.payments.backends.testing import TestGateway as Gateway
from orders.payments.refunds import refund_request
from tests.contracts.baskets import CREATE, order_body, tee
from tests.orders.conftest import Waiting
from tests.orders.payments.work import make_due, state, work_off

pytestmark = pytest.mark.django_db
_PROVIDER = (
    "create_intent",
    "retrieve_intent",
    "create_refund",
    "list_refunds",
    "cancel_intent",
    "create_session",
)


class Killed(BaseException):
    """Not an Exception: nobody may catch it."""


class Undone(Exception):
    """Takes back one play of the scene."""


@contextmanager
def dying_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The process dies before step `step`: an SQL statement, or the return of a call of the provider."""
    seen = [0]

    def count() -> None:
        seen[0] += 1
        if seen[0] == step:
            raise Killed

    def execute(run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            count()
        return run(sql, *rest)

    with monkeypatch.context() as patch, connection.execute_wrapper(execute):
        for name in _PROVIDER:
            real = getattr(Gateway, name)

            def call(*args: Any, real: Any = real, **kwargs: Any) -> Any:
                answer = real(*args, **kwargs)
                count()  # the provider has done it, and we die before we know
                return answer

            patch.setattr(Gateway, name, call)
        yield seen


def die_everywhere(
    scene: Callable[[], Any], afterwards: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, list[Any]]:
    """How many deaths were died, and what came of each after the sweep and the retry."""
    outcomes: list[Any] = []
    for step in range(1, 500):
        survived = False
        try:
            with transaction.atomic():
                try:
                    with dying_at(step, monkeypatch):
                        scene()
                    survived = True
                except Killed:
                    # The statement was not run; whatever was committed before it stays.
                    connection.needs_rollback = False
                make_due()
                work_off()
                outcomes.append(afterwards())
                raise Undone
        except Undone:
            if survived:
                return step - 1, outcomes
    raise AssertionError("the scene has no end")


def test_taking_an_order_and_its_money(guest: Storefront, art: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the checkout's POST to the intent: the client's retry finds one order, and one intent that can be paid."""
    body = order_body(tee(art))

    def scene() -> None:
        guest.json("POST", CREATE, json=body)

    def afterwards() -> Any:
        secret = guest.json("POST", CREATE, json=body)["data"]["client_secret"]
        guest.confirm_card_payment(secret, "pm_card_visa")
        work_off()
        found = state(Order.objects.get())
        return Order.objects.count(), found["payment"], found["paid"], found["packs"], found["payments"]

    deaths, outcomes = die_everywhere(scene, afterwards, monkeypatch)
    assert deaths > 15
    assert {repr(outcome) for outcome in outcomes} == {
        repr((1, "paid", 1, 1, [("succeeded", "17.96", "0.00")]))
    }


def test_applying_a_payment(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the event's arrival to the paid order, its mail and its packs."""
    bank.confirm_intent(
        waiting.intent.pk, client_secret=waiting.payment.client_secret, payment_method="pm_card_visa"
    )
    deaths, outcomes = die_everywhere(work_off, lambda: state(waiting.order), monkeypatch)
    assert deaths > 20
    assert {repr(outcome) for outcome in outcomes} == {repr(outcomes[-1])}
    assert (outcomes[-1]["payment"], outcomes[-1]["placed_mails"], outcomes[-1]["packs"]) == ("paid", 1, 1)


def test_refunding(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the ask to the provider, to the ledger, and to the order."""
    bank.confirm_intent(
        waiting.intent.pk, client_secret=waiting.payment.client_secret, payment_method="pm_card_visa"
    )
    work_off()
    refund_request(waiting.order.pk, actor="staff:1", amount=Decimal("5.00"))
    deaths, outcomes = die_everywhere(work_off, lambda: state(waiting.order), monkeypatch)
    assert deaths > 20
    assert {repr(outcome) for outcome in outcomes} == {repr(outcomes[-1])}
    assert outcomes[-1]["refunds"] == [("5.00", "succeeded", "shop")]


def test_changing_from_the_card_form_to_the_hosted_page(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scene() -> Payment:
        return services.checkout_session_ensure(waiting.order.pk)

    def afterwards() -> Any:
        payment = scene()
        bank.pay_session(str(payment.session_id), "pm_card_visa")
        work_off()
        found = state(waiting.order)
        return found["payment"], found["paid"], [one for one in found["payments"] if one[0] != "canceled"]

    deaths, outcomes = die_everywhere(scene, afterwards, monkeypatch)
    assert deaths > 10
    assert {repr(outcome) for outcome in outcomes} == {repr(("paid", 1, [("succeeded", "17.96", "0.00")]))}
