"""What must happen although nobody asks: work that lost its bell is rung for, orders that stay unpaid end."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.conf import settings
from django.utils import timezone

from accounts.mail.tasks import ring_letter
from accounts.models import AccountMail
from common.gemini.tasks import ring_text
from common.models import TextRequest
from common.work import WorkItem, ring_all
from designs.mockups.tasks import ring_mockup
from designs.models import Mockup
from orders import lifecycle
from orders.checkout.tasks import ring_tax
from orders.models import (
    GangSheet,
    OutboxMail,
    PaymentStop,
    ProductionPack,
    Refund,
    StaffAlert,
    StripeEvent,
    TaxRecord,
    TestEvent,
)
from orders.notifications.services import mail_enqueue
from orders.notifications.tasks import ring_mail
from orders.payments.tasks import ring_alert, ring_event, ring_refund, ring_stop, ring_test_event
from orders.production.art_desk import reviews_open_missing
from orders.production.tasks import ring_gang, ring_pack
from orders.selectors import orders_to_remind, orders_unpaid_since
from uploads.compression.models import DerivativeWork
from uploads.compression.services import derivatives_request_missing
from uploads.compression.tasks import ring_derivatives
from uploads.cutout.intermediates import expire
from uploads.cutout.tasks import ring_cutout
from uploads.models import Job
from uploads.review import reviews_rerun_ended

log = structlog.get_logger(__name__)

_EXPIRED_AT_ONCE = 100

QUEUES_OF_RECORD: dict[type[WorkItem], Callable[[str], None]] = {
    Job: ring_cutout,
    Mockup: ring_mockup,
    DerivativeWork: ring_derivatives,
    StripeEvent: ring_event,
    Refund: ring_refund,
    PaymentStop: ring_stop,
    StaffAlert: ring_alert,
    TaxRecord: ring_tax,
    TestEvent: ring_test_event,
    ProductionPack: ring_pack,
    GangSheet: ring_gang,
    OutboxMail: ring_mail,
    AccountMail: ring_letter,
    TextRequest: ring_text,
}


def ring_lost_work() -> dict[str, int]:
    """How many bells were rung, by model. Ringing twice is harmless: a row is claimed once."""
    derivatives_request_missing()
    reviews_open_missing()
    reviews_rerun_ended()
    rung = {model.__name__: ring_all(model, bell) for model, bell in QUEUES_OF_RECORD.items()}
    if any(rung.values()):
        log.info("sweep.rang", **rung)
    return rung


def expire_unpaid_orders() -> int:
    """Cancels orders that nobody paid within `ORDER_EXPIRY`, so that codes and gift cards come free. Returns how many.

    Money that arrives all the same is kept on hold for staff, as with any cancelled order.
    """
    overdue = orders_unpaid_since(timezone.now() - settings.ORDER_EXPIRY)[:_EXPIRED_AT_ONCE]
    return sum(lifecycle.order_expire(order_id) for order_id in overdue)


def remind_unpaid_orders() -> int:
    """Enqueues the one reminder of each order whose customer agreed to it. Returns how many."""
    waiting = list(orders_to_remind(timezone.now() - settings.ORDER_REMINDER)[:_EXPIRED_AT_ONCE])
    for order in waiting:
        mail_enqueue(order, OutboxMail.Kind.PAYMENT_REMINDER)
    return len(waiting)


def expire_intermediates() -> int:
    """Deletes what jobs have put aside and no longer need. Returns how many files went."""
    return expire(timezone.now())
