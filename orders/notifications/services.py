"""Asking for an e-mail, in the transaction of what it tells."""

from __future__ import annotations

from orders.models import Order, OrderEvent, OutboxMail, Refund
from orders.notifications.tasks import ring_mail


def mail_enqueue(
    order: Order, kind: OutboxMail.Kind, *, refund: Refund | None = None, again: bool = False
) -> None:
    """Puts the e-mail into the outbox, once per order and kind, or once per refund, and rings.

    `again` sends one that was sent before.
    """
    mail, created = OutboxMail.objects.get_or_create(order=order, kind=kind, refund=refund)
    if created:
        ring_mail(str(mail.pk))
    elif again:
        _requeue(mail)


def refund_mails_enqueue(order: Order) -> None:
    """One e-mail for each refund that has reached the provider. What a bank has taken in a dispute, the bank tells."""
    refunds = Refund.objects.filter(
        payment__order=order, state__in=[Refund.State.PENDING, Refund.State.SUCCEEDED], mail=None
    )
    for refund in refunds.exclude(source=Refund.Source.DISPUTE).order_by("created_at"):
        mail_enqueue(order, OutboxMail.Kind.ORDER_REFUNDED, refund=refund)


def mail_resend(mail: OutboxMail, *, actor: str) -> bool:
    """Staff send it once more, to the address that the order has now. False while it is on its way anyway."""
    requeued = _requeue(mail)
    if requeued:
        OrderEvent.objects.create(
            order=mail.order, kind="mail.resent", actor=actor, after={"kind": mail.kind}
        )
    return requeued


def _requeue(mail: OutboxMail) -> bool:
    requeued = OutboxMail.requeue(mail.pk)
    if requeued:
        ring_mail(str(mail.pk))
    return requeued
