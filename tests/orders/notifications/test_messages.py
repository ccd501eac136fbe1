"""The outbox: rendered safely, sent once, and no business of the order's when it fails."""

from __future__ import annotations

from smtplib import SMTPResponseException
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from common.storage import private_storage, public_storage
from designs.models import Mockup
from orders import lifecycle
from orders.access import access_token
from orders.models import Order, OutboxMail
from orders.notifications.messages import compose, send
from orders.notifications.services import mail_enqueue
from tests.orders.conftest import Waiting
from uploads.models import Asset

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter(waiting: Waiting) -> OutboxMail:
    lifecycle.order_mark_paid(waiting.order, waiting.payment, actor="test")
    return OutboxMail.objects.get()


def test_the_confirmation_has_what_the_customer_bought(letter: OutboxMail) -> None:
    send(str(letter.pk))
    (message,) = mail.outbox
    number = letter.order.number
    assert message.subject == f"Order Confirmation #{number} - Stolen Tee"
    assert message.to == ["ada@example.com"]
    assert "1 x Classic Cotton T-Shirt, Black, M: $12.98" in message.body
    assert "Total    $17.96" in message.body
    assert f"/orders/{access_token(letter.order)}" in message.body
    assert str(letter.order.pk) not in message.body, "the link is a key that can be taken back"
    html, kind = message.alternatives[0]
    assert kind == "text/html" and "$17.96" in html and "Track Your Order" in html
    letter.refresh_from_db()
    assert letter.status == "done"


def test_it_is_sent_once(letter: OutboxMail) -> None:
    mail_enqueue(letter.order, OutboxMail.Kind.ORDER_PLACED)
    for _ in range(3):
        send(str(letter.pk))
    assert (len(mail.outbox), OutboxMail.objects.count()) == (1, 1)


def test_what_customers_type_is_text_and_not_markup(letter: OutboxMail) -> None:
    Order.objects.update(customer_name="<script>alert(1)</script>")
    html = str(compose(OutboxMail.objects.get()).alternatives[0][0])
    assert "<script>" not in html and "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SMTPResponseException(550, b"no such user"), "failed"),
        (SMTPResponseException(451, b"later"), "queued"),
        (TimeoutError(), "queued"),
    ],
)
def test_a_failure_is_the_mails_and_not_the_orders(
    letter: OutboxMail, error: Exception, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EmailMultiAlternatives, **kwargs: Any) -> int:
        raise error

    monkeypatch.setattr(EmailMultiAlternatives, "send", refuse)
    before = Order.objects.values().get()
    send(str(letter.pk))
    letter.refresh_from_db()
    assert (letter.status, letter.error_code) == (status, "mail_refused")
    assert Order.objects.values().get() == before
    assert mail.outbox == []


@pytest.mark.parametrize("kind", list(OutboxMail.Kind))
def test_every_kind_renders_as_text_and_html(
    letter: OutboxMail, kind: OutboxMail.Kind, settings: Any
) -> None:
    settings.PRINTER_EMAIL = "printer@example.com"
    message = compose(OutboxMail(order=letter.order, kind=kind))
    assert letter.order.number in message.subject
    assert letter.order.number in message.body or kind == OutboxMail.Kind.ORDER_PLACED
    assert "{{" not in message.body and "{%" not in str(message.alternatives[0][0])


def test_the_confirmation_shows_the_shirt_and_a_lost_original_only_costs_the_picture(
    letter: OutboxMail,
) -> None:
    html = str(compose(letter).alternatives[0][0])
    front = Mockup.objects.get(view="front")
    assert front.is_ordered
    assert f'<img src="{settings.PUBLIC_URL}{front.thumbnail_url}"' in html
    assert public_storage().exists(front.thumbnail_name)
    assert str(compose(letter).alternatives[0][0]) == html, "drawn once"

    Mockup.objects.all().delete()
    private_storage().delete(Asset.objects.get().original_file)
    assert "<img" not in str(compose(letter).alternatives[0][0])
