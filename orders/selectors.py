"""Reading orders."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from common.errors import NotFound
from orders.models import LineArtwork, Order, OrderLine


def _key(reference: str) -> dict[str, object]:
    try:
        return {"pk": UUID(reference)}
    except ValueError:
        return {"number": reference}


def order_by_reference(reference: str) -> Order:
    """By number (the page after checkout) or id (the link in the e-mail). Raises NotFound."""
    order = Order.objects.prefetch_related("lines").filter(**_key(reference)).first()
    if order is None:
        raise NotFound("Order not found", code="order_not_found")
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


def orders_unpaid_since(moment: datetime) -> QuerySet[Order, UUID]:
    """The ids of orders from before `moment` that wait for a payment, oldest first."""
    waiting = Order.objects.filter(
        payment_status__in=[Order.PaymentStatus.PENDING, Order.PaymentStatus.FAILED],
        production_status=Order.ProductionStatus.PENDING,
        created_at__lt=moment,
    )
    return waiting.order_by("created_at").values_list("pk", flat=True)
