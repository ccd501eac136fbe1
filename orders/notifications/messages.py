"""Renders and sends what lies in the outbox. A failure here never touches the order."""

from __future__ import annotations

from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from common.money import money_text
from orders.models import OutboxMail
from orders.notifications.pictures import line_picture_url
from orders.notifications.tasks import ring_mail
from orders.production.handoff import pack_links, printer_address

log = structlog.get_logger(__name__)

_SUBJECTS = {
    OutboxMail.Kind.ORDER_PLACED: "Order Confirmation #{number} - Stolen Tee",
    OutboxMail.Kind.ORDER_PROCESSING: "Order Processing - Order #{number}",
    OutboxMail.Kind.ORDER_SHIPPED: "Order Shipped! - Order #{number}",
    OutboxMail.Kind.ORDER_DELIVERED: "Order Delivered - Order #{number}",
    OutboxMail.Kind.PRINTER_PACKS: "Production packs of order {number}",
}


def send(mail_id: str) -> None:
    """Sends the mail if it is ours to send; retries what may pass, gives up on what will not."""
    mail = OutboxMail.claim(mail_id)
    if mail is None:
        return
    try:
        compose(mail).send()
    except (SMTPException, OSError) as error:
        delay = mail.fail("mail_refused", type(error).__name__, retryable=not _is_permanent(error))
        if delay is not None:
            ring_mail(mail_id, countdown_s=delay.total_seconds())
        log.warning("mail.failed", mail_id=mail_id, kind=mail.kind, error=type(error).__name__)
        return
    mail.finish()
    log.info("mail.sent", mail_id=mail_id, kind=mail.kind)


def _is_permanent(error: Exception) -> bool:
    """Whether the server has said no for good: a reply of 5xx, to the message or to every recipient."""
    codes = [error.smtp_code] if isinstance(error, SMTPResponseException) else []
    if isinstance(error, SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    return bool(codes) and all(500 <= code < 600 for code in codes)


def compose(mail: OutboxMail) -> EmailMultiAlternatives:
    """The message as text and HTML, rendered by templates that escape whatever customers typed."""
    order = mail.order
    is_printer = mail.kind == OutboxMail.Kind.PRINTER_PACKS
    lines = [
        {
            "title": line.product_title,
            "colour": line.colour_name,
            "size": line.size_name,
            "quantity": line.quantity,
            "total": money_text(line.total_price),
            "picture_url": line_picture_url(line) if mail.kind == OutboxMail.Kind.ORDER_PLACED else "",
        }
        for line in order.lines.select_related("variant__product", "variant__colour")
    ]
    context = {
        "order": order,
        "lines": lines,
        "amounts": {
            name: money_text(getattr(order, name)) for name in ("subtotal", "shipping", "tax", "total")
        },
        "address": order.shipping_address,
        "track_url": f"{settings.FRONTEND_URL}/orders/{order.pk}",
        "pack_links": pack_links(order) if is_printer else [],
    }
    message = EmailMultiAlternatives(
        subject=_SUBJECTS[OutboxMail.Kind(mail.kind)].format(number=order.number),
        body=render_to_string(f"orders/mail/{mail.kind}.txt", context),
        to=[printer_address(order) if is_printer else order.customer_email],
        headers={"Message-ID": f"<{mail.pk}@stolentee>"},
    )
    message.attach_alternative(render_to_string(f"orders/mail/{mail.kind}.html", context), "text/html")
    return message
