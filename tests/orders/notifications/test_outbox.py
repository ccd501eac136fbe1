"""Which mails an order sends, once each; staff's preview and resend; the one reminder; providers by their API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from demo.storefront import Json, Storefront
from ops.sweepers import expire_unpaid_orders, remind_unpaid_orders
from orders import lifecycle
from orders.models import Order, OrderEvent, OutboxMail, Payment, Refund, StockLevel
from orders.notifications.messages import compose, send
from orders.stock.services import stock_count
from products.models import Variant
from tests.contracts.baskets import create, pay, tee
from tests.orders.conftest import Waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(waiting: Waiting) -> Order:
    Payment.objects.update(captured=waiting.payment.amount)
    lifecycle.order_mark_paid(waiting.order, waiting.payment, actor="stripe")
    waiting.refresh()
    return waiting.order


def kinds() -> list[str]:
    return sorted(OutboxMail.objects.values_list("kind", flat=True))


def text_of(kind: str) -> str:
    message = compose(OutboxMail.objects.get(kind=kind))
    html = str(message.alternatives[0][0])
    assert "{{" not in message.body + html
    return str(message.body)


# --- Which, and once -----------------------------------------------------------------------------------------------


def test_a_life_in_mails(paid: Order) -> None:
    for word in ("processing", "shipped", "shipped", "delivered"):
        lifecycle.order_change_production(
            paid.pk, word, actor="staff:1", tracking_number="1Z 999", carrier="UPS"
        )
    assert kinds() == ["order_delivered", "order_placed", "order_processing", "order_shipped"]
    assert "Tracking number: 1Z 999 (UPS)" in text_of("order_shipped")


def refund(order: Order, amount: str) -> None:
    payment = order.payments.get()
    Refund.objects.create(
        payment=payment, amount=Decimal(amount), state="succeeded", provider_id=f"re_{amount}", actor="x"
    )
    Payment.objects.update(refunded=payment.refunded + Decimal(amount))
    lifecycle.order_refunds_changed(order, actor="stripe")


def refund_texts() -> list[str]:
    letters = OutboxMail.objects.filter(kind="order_refunded").order_by("created_at")
    return [str(compose(letter).body) for letter in letters]


def test_each_refund_is_told_once_with_what_went_back(paid: Order) -> None:
    refund(paid, "5.00")
    (first,) = refund_texts()
    assert f"refunded $5.00 of the $17.96 that you paid for order {paid.number}; the rest of" in first
    refund(paid, "2.00")
    second = refund_texts()[1]
    assert f"refunded $2.00 of the $17.96 that you paid for order {paid.number}; that makes $7.00" in second
    refund(paid, "10.96")
    third = refund_texts()[2]
    assert f"refunded $10.96 for order {paid.number}; that makes $17.96 in all." in third
    for _ in range(3):
        lifecycle.order_refunds_changed(paid, actor="stripe", note="delivered once more")
    assert kinds().count("order_refunded") == 3


@pytest.mark.parametrize(
    ("state", "source", "told"),
    [
        ("requested", "shop", 0),
        ("pending", "shop", 1),
        ("succeeded", "provider", 1),
        ("failed", "provider", 0),
        ("succeeded", "dispute", 0),
    ],
)
def test_only_money_that_we_send_back_is_told(paid: Order, state: str, source: str, told: int) -> None:
    payment = paid.payments.get()
    Refund.objects.create(
        payment=payment, amount=Decimal(5), state=state, source=source, provider_id="re_1", actor="x"
    )
    lifecycle.order_refunds_changed(paid, actor="stripe")
    assert kinds().count("order_refunded") == told


def test_a_payment_that_was_not_due_is_told_when_it_goes_back(paid: Order) -> None:
    """Paid on two pages at once: the order goes on, and the customer hears of the second payment's refund."""
    surplus = Payment.objects.create(
        order=paid, attempt=2, idempotency_key="2", intent_id="pi_2", amount=paid.total, captured=paid.total,
        refunded=paid.total, currency="usd", status="surplus", gateway="test-gateway",
    )  # fmt: skip
    Refund.objects.create(
        payment=surplus, amount=paid.total, state="succeeded", provider_id="re_2", actor="system"
    )
    lifecycle.order_refunds_changed(paid, actor="stripe")
    (text,) = refund_texts()
    assert f"refunded $17.96 of the $35.92 that you paid for order {paid.number}; the rest of" in text


def test_the_database_takes_one_mail_per_refund_and_one_per_kind(paid: Order) -> None:
    refund(paid, "5.00")
    row = Refund.objects.get()
    for again in ({"kind": "order_refunded", "refund": row}, {"kind": "order_placed"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            OutboxMail.objects.create(order=paid, **again)


@pytest.mark.parametrize(
    ("reason", "is_told"),
    [("payment_mismatch", True), ("pack_failed", True), ("disputed", False), ("dispute_lost", False)],
)
def test_holds_are_told_where_they_are_the_customers_business(
    paid: Order, reason: str, is_told: bool
) -> None:
    for _ in range(2):
        lifecycle.order_hold(paid, reason=reason, actor="system", note="line 1: 86 DPI")
    assert kinds().count("order_hold") == int(is_told)
    if is_told:
        assert "86 DPI" not in text_of("order_hold"), "notes are for staff"


# --- The one reminder ----------------------------------------------------------------------------------------------


def old(hours: int) -> None:
    Order.objects.update(created_at=timezone.now() - timedelta(hours=hours))


@pytest.mark.parametrize(("agreed", "hours", "reminded"), [(True, 5, 1), (True, 3, 0), (False, 5, 0)])
def test_a_reminder_needs_consent_and_patience(
    guest: Storefront, art: Json, agreed: bool, hours: int, reminded: int
) -> None:
    create(guest, tee(art), reminder_consent=agreed)
    old(hours)
    assert (remind_unpaid_orders(), remind_unpaid_orders()) == (reminded, 0)
    assert kinds() == ["payment_reminder"] * reminded


def test_the_reminder_says_how_long_the_order_is_kept(guest: Storefront, art: Json, settings: Any) -> None:
    create(guest, tee(art), reminder_consent=True)
    old(5)
    remind_unpaid_orders()
    until = Order.objects.get().created_at + settings.ORDER_EXPIRY
    text = text_of("payment_reminder")
    assert until.strftime("%H:%M UTC") in text and f"{settings.FRONTEND_URL}/cart" in text
    assert "one reminder that you agreed to" in text


def test_whoever_has_paid_or_gone_is_not_reminded(guest: Storefront, art: Json) -> None:
    pay(guest, create(guest, tee(art), reminder_consent=True))
    gone = create(guest, tee(art, quantity=2), reminder_consent=True)
    lifecycle.order_change_production(gone["order"]["id"], "cancelled", actor="customer")
    old(5)
    assert remind_unpaid_orders() == 0


def test_expiry_frees_the_stock_but_not_under_a_bank_at_work(guest: Storefront, art: Json) -> None:
    stock_count(Variant.objects.get(sku="TEE-BLK-M"), 10, actor="staff:1")
    slow = create(guest, tee(art, quantity=3))
    create(guest, tee(art, quantity=4))
    Payment.objects.filter(order_id=slow["order"]["id"]).update(status="processing")
    old(25)
    assert (expire_unpaid_orders(), expire_unpaid_orders()) == (1, 0)
    assert StockLevel.objects.get().reserved == 3


# --- Staff ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def boss(client: Client, db: Any) -> Client:
    client.force_login(User.objects.create_user("boss@example.com", None, name="Boss", role=User.Role.OWNER))
    return client


def test_staff_see_the_mail_in_a_frame_that_runs_nothing(boss: Client, paid: Order) -> None:
    Order.objects.update(customer_name='<img src=x onerror="alert(1)">')
    letter = OutboxMail.objects.get()
    page = boss.get(f"/admin/orders/outboxmail/{letter.pk}/preview/").content.decode()
    assert 'sandbox=""' in page and "ada@example.com" in page
    assert "<img src=x" not in page
    assert 'srcdoc="&lt;!doctype html&gt;' in page, (
        "the frame shows the mail, and the page does not become it"
    )
    assert OutboxMail.objects.get().status == "queued", "looking is not sending"
    assert mail.outbox == []


def test_staff_send_once_more_and_it_is_noted(boss: Client, paid: Order) -> None:
    letter = OutboxMail.objects.get()
    form = {"action": "resend", "_selected_action": [str(letter.pk)]}
    boss.post("/admin/orders/outboxmail/", form)
    assert OrderEvent.objects.filter(kind="mail.resent").count() == 0, "it is on its way anyway"
    send(str(letter.pk))
    Order.objects.update(customer_email="new@example.com")
    boss.post("/admin/orders/outboxmail/", form)
    send(str(letter.pk))
    assert [message.to for message in mail.outbox] == [["ada@example.com"], ["new@example.com"]]
    event = OrderEvent.objects.get(kind="mail.resent")
    assert (event.actor.split(":")[0], event.after) == ("staff", {"kind": "order_placed"})


@pytest.mark.parametrize("path", ["", "preview/"])
def test_customers_do_not_get_in(client: Client, paid: Order, path: str) -> None:
    client.force_login(User.objects.create_user("eve@example.com", None, name="Eve"))
    letter = OutboxMail.objects.get()
    url = f"/admin/orders/outboxmail/{letter.pk}/{path}" if path else "/admin/orders/outboxmail/"
    assert client.get(url).status_code == 302


# --- A provider's API ----------------------------------------------------------------------------------------------


class Resend:
    """A double of the mail provider Resend: keeps what it is sent, answers what it is told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Json]] = []
        self.status = 200
        double = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                """The test's output stays readable."""

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                double.sent.append((self.headers["Authorization"], body))
                data = json.dumps({"id": "re_1"} if double.status == 200 else {"message": "no"}).encode()
                self.send_response(double.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()


@pytest.fixture
def resend(settings: Any) -> Iterator[Resend]:
    double = Resend()
    settings.EMAIL_BACKEND = "anymail.backends.resend.EmailBackend"
    url = f"http://127.0.0.1:{double.server.server_port}/"
    settings.ANYMAIL = {"RESEND_API_KEY": "re_secret", "RESEND_API_URL": url, "REQUESTS_TIMEOUT": (1, 1)}
    yield double
    double.server.shutdown()
    double.server.server_close()
    double.thread.join(5)


def test_a_mail_goes_out_by_a_providers_api(paid: Order, resend: Resend) -> None:
    letter = OutboxMail.objects.get()
    send(str(letter.pk))
    ((key, body),) = resend.sent
    assert (key, body["to"], body["subject"]) == (
        "Bearer re_secret",
        ["ada@example.com"],
        f"Order Confirmation #{paid.number} - Stolen Tee",
    )
    assert "Track Your Order" in body["html"] and "Track your order" in body["text"]
    letter.refresh_from_db()
    assert letter.status == "done"


@pytest.mark.parametrize(
    ("status", "ends"), [(422, "failed"), (401, "failed"), (429, "queued"), (500, "queued")]
)
def test_its_refusal_is_the_mails_and_not_the_orders(
    paid: Order, resend: Resend, status: int, ends: str
) -> None:
    resend.status = status
    before = Order.objects.values().get()
    letter = OutboxMail.objects.get()
    send(str(letter.pk))
    letter.refresh_from_db()
    assert (letter.status, letter.error_code) == (ends, "mail_refused")
    assert Order.objects.values().get() == before


def test_a_provider_that_is_not_there_is_tried_again(paid: Order, resend: Resend, settings: Any) -> None:
    settings.ANYMAIL = settings.ANYMAIL | {"RESEND_API_URL": "http://127.0.0.1:9/"}
    letter = OutboxMail.objects.get()
    send(str(letter.pk))
    letter.refresh_from_db()
    assert letter.status == "queued"
