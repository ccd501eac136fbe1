"""What a person must look at: one row and one line in the log per thing, and a mail where `STAFF_EMAIL` is set."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.core.mail import EmailMessage

from common.mail import deliver
from orders.models import Order, StaffAlert
from orders.payments.tasks import ring_alert

log = structlog.get_logger(__name__)


def alert(kind: str, reference: str, *, order: Order | None = None, detail: str = "") -> None:
    """Inside the transaction of what it tells. The same thing alerts once, however often it is found."""
    row, created = StaffAlert.objects.get_or_create(
        kind=kind, reference=reference, defaults={"order": order, "detail": detail}
    )
    if created:
        log.error("payment.alert", kind=kind, reference=reference, order_id=str(order.pk) if order else None)
        ring_alert(str(row.pk))


def send(alert_pk: str) -> None:
    """Mails the alert to staff. Without `STAFF_EMAIL` the row in the admin and the line in the log have to do."""
    if settings.STAFF_EMAIL:
        deliver(StaffAlert, alert_pk, _message, ring_alert)
    elif (row := StaffAlert.claim(alert_pk)) is not None:
        row.finish()


def _message(row: StaffAlert) -> EmailMessage:
    about = f"Order {row.order.number}: " if row.order else ""
    lines = [f"{about}{row.kind}", f"Reference: {row.reference}", "", row.detail]
    if row.order:
        lines += ["", f"{settings.PUBLIC_URL}/admin/orders/order/{row.order_id}/change/"]
    return EmailMessage(
        subject=f"[Stolen Tee] {about}{row.kind}",
        body="\n".join(lines).strip() + "\n",
        to=[settings.STAFF_EMAIL],
    )
