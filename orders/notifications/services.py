"""Asking for an e-mail, in the transaction of what it tells."""

from __future__ import annotations

from orders.models import Order, OutboxMail
from orders.notifications.tasks import ring_mail


def mail_enqueue(order: Order, kind: OutboxMail.Kind) -> None:
    """Puts the e-mail into the outbox, once per order and kind, and rings."""
    mail, created = OutboxMail.objects.get_or_create(order=order, kind=kind)
    if created:
        ring_mail(str(mail.pk))
