"""`manage.py simulate`: what customers, banks and the dashboard do, at the built-in test gateway."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from common.errors import DomainError, ProviderError
from common.money import to_cents
from orders.models import Order, Payment, TestEvent
from orders.payments.backends import bank
from orders.payments.backends.delivery import deliver, post_event
from orders.payments.services import payment_ensure

_TEST_GATEWAY = "orders.payments.backends.testing.TestGateway"


class Command(BaseCommand):
    help = (
        "Plays what customers, banks and dashboards do, on an order of a running shop with the test gateway."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=sorted(self._acts()))
        parser.add_argument(
            "--order", default="", help="Its number. By default the newest that it can happen to."
        )
        parser.add_argument("--amount", type=Decimal, help="refunded: how much. By default all that is left.")
        parser.add_argument(
            "--outcome", choices=["open", "won", "lost"], default="open", help="disputed: how it ends."
        )
        parser.add_argument(
            "--times", type=int, default=10, help="replayed: how often each event comes again."
        )
        parser.add_argument("--seed", type=int, default=1, help="shuffled: which order the events come in.")

    def _acts(self) -> dict[str, Callable[[Payment, dict[str, Any]], None]]:
        return {
            "paid": lambda payment, options: self._card(payment, "pm_card_visa"),
            "declined": lambda payment, options: self._card(payment, "pm_card_chargeDeclined"),
            "three_d_secure": self._three_d_secure,
            "refunded": self._refunded,
            "disputed": self._disputed,
            "replayed": self._replayed,
            "shuffled": self._shuffled,
        }

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION or settings.PAYMENT_GATEWAY != _TEST_GATEWAY:
            raise CommandError("Only the built-in test gateway can simulate, and never in production.")
        what = options["what"]
        needs_payment = what in ("refunded", "disputed", "replayed")
        payment = self._payment(options["order"], needs_payment)
        try:
            self._acts()[what](payment, options)
        except (DomainError, ProviderError) as error:
            raise CommandError(f"The test gateway refuses: {error}") from error
        order = Order.objects.get(pk=payment.order_id)
        self.stdout.write(
            f"{order.number}: payment {order.payment_status}, production {order.production_status}"
            + (f", on hold: {order.hold_reason}" if order.hold_reason else "")
        )

    def _payment(self, number: str, is_paid: bool) -> Payment:
        orders = Order.objects.filter(number=number) if number else Order.objects.filter(total__gt=0)
        if not number:
            orders = orders.filter(paid_at__isnull=not is_paid)
            orders = orders if is_paid else orders.exclude(production_status="cancelled")
        order = orders.order_by("-created_at").first()
        if order is None:
            raise CommandError(
                "There is no such order." if number else "There is no order that this can happen to."
            )
        if not is_paid and order.paid_at is None:
            return payment_ensure(order)
        payment = order.payments.filter(captured__gt=0).order_by("attempt").first()
        if payment is None:
            raise CommandError(f"{order.number} has not been paid.")
        return payment

    def _card(self, payment: Payment, card: str) -> None:
        bank.confirm_intent(str(payment.intent_id), client_secret=payment.client_secret, payment_method=card)
        self._deliver_all()

    def _three_d_secure(self, payment: Payment, options: dict[str, Any]) -> None:
        self._card(payment, bank.THREE_D_SECURE)
        self.stdout.write("the bank asks the customer; the order waits")
        self._card(payment, bank.THREE_D_SECURE)

    def _refunded(self, payment: Payment, options: dict[str, Any]) -> None:
        amount = options["amount"] if options["amount"] is not None else payment.refundable
        bank.make_refund(str(payment.intent_id), to_cents(amount))
        self._deliver_all()

    def _disputed(self, payment: Payment, options: dict[str, Any]) -> None:
        dispute = bank.open_dispute(str(payment.intent_id))
        self._deliver_all()
        if options["outcome"] != "open":
            bank.answer_dispute(dispute["id"])
            bank.close_dispute(dispute["id"], won=options["outcome"] == "won")
            self._deliver_all()

    def _replayed(self, payment: Payment, options: dict[str, Any]) -> None:
        events = self._events_of(payment)
        for _ in range(options["times"]):
            for event in events:
                self._post(event)
        self.stdout.write(f"{len(events)} events, each {options['times']} times again")

    def _shuffled(self, payment: Payment, options: dict[str, Any]) -> None:
        """A decline, a payment and a partial refund happen; only then the events come, twice each and in any order."""
        intent_id, secret = str(payment.intent_id), payment.client_secret
        bank.confirm_intent(intent_id, client_secret=secret, payment_method="pm_card_chargeDeclined")
        bank.confirm_intent(intent_id, client_secret=secret, payment_method="pm_card_visa")
        bank.make_refund(intent_id, 100)
        events = self._events_of(payment) * 2
        random.Random(options["seed"]).shuffle(events)  # noqa: S311  a play, not a secret
        for event in events:
            self.stdout.write(event.payload["type"])
            self._post(event)
        self._deliver_all()

    def _events_of(self, payment: Payment) -> list[TestEvent]:
        return [
            event
            for event in TestEvent.objects.order_by("created_at")
            if payment.intent_id
            in (event.payload["data"]["object"]["id"], event.payload["data"]["object"].get("payment_intent"))
        ]

    def _post(self, event: TestEvent) -> None:
        try:
            post_event(event)
        except requests.RequestException as error:
            raise CommandError(f"The shop at {settings.PUBLIC_URL} does not take events: {error}") from error

    def _deliver_all(self) -> None:
        """Now, from here: the running shop's own worker would do the same within its sweep interval."""
        for event in TestEvent.due(timezone.now()).order_by("created_at"):
            deliver(str(event.pk))
            event.refresh_from_db()
            if event.error_code:
                raise CommandError(
                    f"The shop at {settings.PUBLIC_URL} does not take events: {event.error_message}"
                )
