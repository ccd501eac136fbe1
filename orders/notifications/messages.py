"""Renders and sends what lies in the outbox. A failure here never touches the order."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from common.mail import deliver, letter
from common.money import money_text
from orders import holds
from orders.access import access_link
from orders.checkout.rules import amount_due, amount_paid, amount_refunded
from orders.models import Order, OutboxMail, Refund
from orders.notifications.pictures import line_picture_url
from orders.notifications.tasks import ring_mail
from orders.production.handoff import pack_links, printer_address
from orders.totals import ZERO

_SUBJECTS = {
    OutboxMail.Kind.ORDER_PLACED: "Order Confirmation #{number} - Stolen Tee",
    OutboxMail.Kind.ORDER_PROCESSING: "Order Processing - Order #{number}",
    OutboxMail.Kind.ORDER_SHIPPED: "Order Shipped! - Order #{number}",
    OutboxMail.Kind.ORDER_DELIVERED: "Order Delivered - Order #{number}",
    OutboxMail.Kind.ORDER_REFUNDED: "Refund - Order #{number}",
    OutboxMail.Kind.ORDER_HOLD: "About your order - Order #{number}",
    OutboxMail.Kind.PAYMENT_REMINDER: "Your order is waiting - Order #{number}",
    OutboxMail.Kind.PRINTER_PACKS: "Production packs of order {number}",
    OutboxMail.Kind.PRINTER_CANCELLED: "Do not print: order {number} was cancelled",
}
_TO_PRINTER = (OutboxMail.Kind.PRINTER_PACKS, OutboxMail.Kind.PRINTER_CANCELLED)
_HOLDS = {
    holds.DIFFERENCE_DUE: "your changes make the order dearer by {due}. We go on as soon as it is paid.",
    holds.PAYMENT_MISMATCH: "your payment is not what the order comes to. Our staff look into it and write to you; "
    "please do not pay again.",
}
_HOLD = "something about it needs a second look before we can print it. Our staff are on it and write to you if they "
_HOLD += "need anything. Your payment is safe."


def send(mail_id: str) -> None:
    """Sends the mail if it is ours to send; retries what may pass, gives up on what will not."""
    deliver(OutboxMail, mail_id, compose, ring_mail)


def compose(mail: OutboxMail) -> EmailMultiAlternatives:
    """The message as text and HTML."""
    order, is_printer = mail.order, mail.kind in _TO_PRINTER
    subject = _SUBJECTS[OutboxMail.Kind(mail.kind)].format(number=order.number)
    context = {"order": order, "subject": subject} | (
        {"pack_links": pack_links(order)} if is_printer else _facts(mail)
    )
    to = printer_address(order) if is_printer else order.customer_email
    return letter(f"orders/mail/{mail.kind}", context, subject=subject, to=to)


def _facts(mail: OutboxMail) -> dict[str, Any]:
    order = mail.order
    due = amount_due(order)
    return {
        "lines": [
            {
                "title": line.product_title,
                "colour": line.colour_name,
                "size": line.size_name,
                "quantity": line.quantity,
                "total": money_text(line.total_price),
                "picture_url": line_picture_url(line) if mail.kind == OutboxMail.Kind.ORDER_PLACED else "",
            }
            for line in order.lines.select_related("variant__product", "variant__colour")
        ],
        "amounts": _amounts(order),
        "total": money_text(order.total),
        "address": order.shipping_address,
        "track_url": access_link(order),
        "cart_url": f"{settings.FRONTEND_URL}/cart",
        "expires_at": order.created_at + settings.ORDER_EXPIRY,
        "due": money_text(due) if order.paid_at and due else "",
        "hold": _HOLDS.get(order.hold_reason, _HOLD).format(due=money_text(due)),
        **_refund_facts(order, mail.refund),
    }


def _refund_facts(order: Order, refund: Refund | None) -> dict[str, Any]:
    """What went back: this refund of several or, where a gift card has paid for everything, the card's part."""
    paid, in_all = amount_paid(order), amount_refunded(order)
    is_all = order.payment_status == Order.PaymentStatus.REFUNDED
    to_gift_card = order.gift_card if is_all else ZERO
    amount = refund.amount if refund else to_gift_card
    return {
        "paid": money_text(paid),
        "refunded": money_text(amount),
        "refunded_in_all": money_text(in_all) if refund and in_all != amount else "",
        "refunded_to_card": bool(refund),
        "gift_card_returned": money_text(to_gift_card) if to_gift_card else "",
        "is_partial": in_all < paid,
        "goes_on": in_all < paid and order.production_status != Order.ProductionStatus.CANCELLED,
    }


def _amounts(order: Order) -> list[tuple[str, str]]:
    """What the total is made of; what takes something off only where there is any."""
    parts = [("Subtotal", order.subtotal), ("Shipping", order.shipping), ("Tax", order.tax)]
    parts += [
        (name, -off) for name, off in (("Discount", order.discount), ("Gift card", order.gift_card)) if off
    ]
    return [(name, f"-{money_text(-amount)}" if amount < 0 else money_text(amount)) for name, amount in parts]
