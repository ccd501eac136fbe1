"""Reading orders."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import User
from common.errors import DomainError, NotFound
from orders.access import PREFIX, access_hash, opens
from orders.models import LineArtwork, Order, OrderLine, OutboxMail, Payment


def _key(reference: str) -> dict[str, object]:
    if reference.startswith(PREFIX):
        return {"access_hash": access_hash(reference)}
    try:
        return {"pk": UUID(reference)}
    except ValueError:
        return {"number": reference}


def order_by_reference(reference: str) -> Order:
    """By number (the page after checkout), id, or key (the link in the e-mail). Raises NotFound."""
    order = Order.objects.prefetch_related("lines").filter(**_key(reference)).first()
    if order is None:
        raise NotFound("Order not found", code="order_not_found")
    return order


def is_customer(order: Order, reference: str, *, user: User | None, token: str = "") -> bool:
    """Whether the caller is the order's customer: signed in as such, or with the key from a mail."""
    is_owner = user is not None and order.user_id == user.pk
    return is_owner or opens(order, token or reference)


def order_of_customer(reference: str, *, user: User | None, token: str = "") -> Order:
    """The order, for its customer alone. Raises NotFound, and DomainError 403 for everybody who has just its number."""
    order = order_by_reference(reference)
    if not is_customer(order, reference, user=user, token=token):
        message = "Please use the link in the e-mail about this order, or sign in."
        raise DomainError(message, code="order_key_required", status=403)
    return order


def orders_for_staff(*, payment_status: str = "", production_status: str = "") -> QuerySet[Order]:
    """Newest first, with lines, packs, artworks and payments in five queries however many orders there are."""
    artworks = LineArtwork.objects.select_related("asset")
    lines = (
        OrderLine.objects.select_related("pack")
        .prefetch_related(Prefetch("artworks", artworks))
        .order_by("number")
    )
    orders = Order.objects.prefetch_related(Prefetch("lines", lines), "payments")
    if payment_status:
        orders = orders.filter(payment_status=payment_status)
    if production_status:
        orders = orders.filter(production_status=production_status)
    return orders


def cursor_of(order: Order) -> str:
    """Where a page that ends with this order goes on; safe in an address."""
    return f"{order.created_at.astimezone(UTC).replace(tzinfo=None).isoformat()}_{order.pk}"


def orders_after(orders: QuerySet[Order], place: tuple[datetime, UUID] | None) -> QuerySet[Order]:
    """Those that come after the place, newest first; orders of one moment by their ids."""
    orders = orders.order_by("-created_at", "-pk")
    if place is None:
        return orders
    moment, pk = place
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return orders.filter(Q(created_at__lt=moment) | Q(created_at=moment, pk__lt=pk))


def orders_unpaid_since(moment: datetime) -> QuerySet[Order, UUID]:
    """The ids of orders from before `moment` that wait for a payment, oldest first.

    Not those whose bank is still at work: they keep what they hold until it answers.
    """
    waiting = Order.objects.filter(
        payment_status__in=[Order.PaymentStatus.PENDING, Order.PaymentStatus.FAILED],
        production_status=Order.ProductionStatus.PENDING,
        created_at__lt=moment,
    ).exclude(payments__status=Payment.Status.PROCESSING)
    return waiting.order_by("created_at").values_list("pk", flat=True)


def orders_to_remind(before: datetime) -> QuerySet[Order]:
    """Unpaid orders from before this moment whose customers agreed to one reminder and have not had it."""
    return (
        Order.objects.filter(pk__in=orders_unpaid_since(before), reminder_consent=True, hold_reason="")
        .exclude(mails__kind=OutboxMail.Kind.PAYMENT_REMINDER)
        .order_by("created_at")
    )
